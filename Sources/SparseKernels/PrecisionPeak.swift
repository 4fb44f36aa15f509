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
        let isBFloat16 = precision == .bfloat16
        nonisolated(unsafe) let kernels =
            isBFloat16
            ? instructionSet.bfloat16Kernels.pointee.name : instructionSet.int8Kernels.pointee.name
        // The operations of some rounds; of single precision where there are no others.
        @Sendable func run(_ rounds: Int) -> Double {
            let own = precision == .float32 ? 0 : secateur_peak(kernels, isBFloat16 ? 1 : 0, rounds)
            guard own == 0 else { return own }
            var sink: Float = 0
            return instructionSet.kernels.pointee.fma(rounds, &sink)
        }
        let rounds = 200_000
        let operations = run(1) * Double(rounds * pool.threads)
        return operations / Stopwatch.milliseconds { pool.run { _ in _ = run(rounds) } } / 1e6
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
