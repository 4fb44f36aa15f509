import CKernels
import Levels
import SparseKernels
import Tensors

/// What a program sets once for the whole process, if it wants to: nothing in this library does so by itself.
///
///     Runtime.configure()   // at the start of main
public enum Runtime {
    /// Keeps OpenBLAS, which calibration uses, to the calling thread, as Secateur's threads share out the
    /// processors; and keeps freed memory for the next pass instead of giving it back to the system.
    public static func configure() {
        BLAS.useOneThread()
        secateur_keep_freed_memory()
    }

    /// Secateur's own version.
    public static let version = "0.9.0"

    /// How many threads this program may compute on at once: affinity and the limits of its control group
    /// count.
    public static var usableProcessors: Int { UsableProcessors.count() }

    /// Threads to compute on.
    /// - Throws: `Issue` for a number out of range.
    package static func pool(threads: Int) throws -> ThreadPool {
        guard (1...256).contains(threads) else {
            throw Issue(.outOfRange, .option("threads"), found: "\(threads)", allowed: "1 to 256")
        }
        return try ThreadPool(threads: threads)
    }

    /// What measured latencies depend on: the CPU, its caches, and the instruction set in use.
    public static var hardware: String { HardwareFingerprint.current.description }
}
