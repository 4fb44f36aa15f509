import Foundation
import Tensors

/// The core that OpenBLAS optimizes for, which it reads from the environment when it is loaded.
package enum OpenBLASCore {
    private static let variable = "OPENBLAS_CORETYPE"

    /// Makes OpenBLAS use the CPU's best instruction set, unless the environment says otherwise: it does
    /// not know newer CPUs and falls back to AVX2 on them.
    static func chooseUnlessChosen() {
        if ProcessInfo.processInfo.environment[variable] == nil { require(.best) }
    }

    /// Starts this program again with a core of an instruction set where OpenBLAS chose one of another.
    package static func require(_ instructionSet: InstructionSet) {
        let cores: [String]
        switch instructionSet {
        case .avx512, .avx512vnni, .avx512bf16, .amx:
            cores = ["SkylakeX", "Cooperlake", "SapphireRapids"]
        case .avx2, .avxvnni: cores = ["Haswell", "Zen"]
        case .scalar, .portable, .neon: return
        }
        guard !cores.contains(BLAS.coreName), ProcessInfo.processInfo.environment[variable] != cores[0]
        else { return }
        setenv(variable, cores[0], 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = CommandLine.arguments.map { strdup($0) }
        arguments.append(nil)
        // Returns only when it fails; OpenBLAS then works with the core that it chose.
        execv("/proc/self/exe", &arguments)
        for argument in arguments { free(argument) }
    }
}
