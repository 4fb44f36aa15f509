import CKernels
import Dispatch
import Levels
import Tensors

/// The highest rate of products and sums that a CPU reaches in a precision, measured on registers alone.
public enum PrecisionPeak {
    /// Billions of operations, two for each product, in a second of all threads of a pool together, over a few
    /// milliseconds; those of single precision where a precision has no instructions of its own.
    public static func gigaflops(
        _ precision: Precision, _ instructionSet: InstructionSet, pool: ThreadPool
    ) -> Double {
        let kernels =
            precision == .bfloat16
            ? String(cString: instructionSet.bfloat16Kernels.pointee.name)
            : String(cString: instructionSet.int8Kernels.pointee.name)
        let isBFloat16: Int32 = precision == .bfloat16 ? 1 : 0
        let isKnown = precision != .float32 && secateur_peak(kernels, isBFloat16, 1) > 0
        let rounds = isKnown ? 50_000 : 200_000
        var sink: Float = 0
        let operations =
            isKnown
            ? secateur_peak(kernels, isBFloat16, 1) : instructionSet.kernels.pointee.fma(1, &sink)
        let elapsed = Stopwatch.milliseconds {
            pool.run { _ in
                var sink: Float = 0
                if isKnown {
                    _ = secateur_peak(kernels, isBFloat16, rounds)
                } else {
                    _ = instructionSet.kernels.pointee.fma(rounds, &sink)
                }
            }
        }
        return operations * Double(rounds * pool.threads) / elapsed / 1e6
    }
}

/// Wall-clock time of a piece of work.
enum Stopwatch {
    static func milliseconds(_ body: () -> Void) -> Double {
        let start = DispatchTime.now().uptimeNanoseconds
        body()
        return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6
    }
}
