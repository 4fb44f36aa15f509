import Foundation
import Tensors

/// The core that OpenBLAS optimises for, which it reads from the environment when it is loaded.
enum OpenBLASCore {
    /// Starts this program anew with `OPENBLAS_CORETYPE=SkylakeX` where the CPU has AVX-512 and OpenBLAS,
    /// which does not know newer CPUs, chose an AVX2 core.
    static func choose() {
        let variable = "OPENBLAS_CORETYPE"
        guard InstructionSet.best == .avx512, ProcessInfo.processInfo.environment[variable] == nil,
            !["SkylakeX", "Cooperlake", "SapphireRapids"].contains(BLAS.coreName)
        else { return }
        setenv(variable, "SkylakeX", 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        // Returns only when it fails; OpenBLAS then works with the core that it chose.
        execv("/proc/self/exe", &arguments)
        for argument in arguments { free(argument) }
    }
}
