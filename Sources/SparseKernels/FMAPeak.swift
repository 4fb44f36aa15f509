import Dispatch
import Tensors

/// The highest rate of single-precision multiply-adds that a CPU reaches, measured on registers alone.
public enum FMAPeak {
    /// Gigaflops of all threads of a pool together, over a few milliseconds.
    public static func gigaflops(_ instructionSet: InstructionSet, pool: ThreadPool) -> Double {
        let rounds = 200_000
        let elapsed = Stopwatch.milliseconds {
            pool.run { _ in
                var sink: Float = 0
                _ = instructionSet.kernels.pointee.fma(rounds, &sink)
            }
        }
        var sink: Float = 0
        let operations = instructionSet.kernels.pointee.fma(1, &sink) * Double(rounds * pool.threads)
        return operations / elapsed / 1e6
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
