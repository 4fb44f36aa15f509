import CKernels
import Foundation

/// The instruction set that kernels are chosen by.
public enum InstructionSet: String, CaseIterable, Sendable, Codable {
    /// Plain loops: the reference, never chosen by itself.
    case scalar
    /// The compiler's baseline for the architecture.
    case portable
    /// 128-bit vectors of arm64.
    case neon
    /// 256-bit vectors of x86-64, with FMA.
    case avx2
    /// The same with products of 8-bit numbers (VNNI) in 256-bit vectors.
    case avxvnni
    /// 512-bit vectors of x86-64.
    case avx512
    /// The same with products of 8-bit numbers (VNNI).
    case avx512vnni
    /// The same with products of bfloat16 numbers.
    case avx512bf16
    /// The same with tiles of 8-bit and of bfloat16 numbers (AMX).
    case amx

    /// The fastest one of this CPU, or a slower one that the environment variable `SECATEUR_ISA` names, to
    /// measure what another machine would do.
    public static let best: InstructionSet = {
        let wanted = getenv("SECATEUR_ISA").flatMap { InstructionSet(rawValue: String(cString: $0)) }
        if let wanted, wanted.isAvailable { return wanted }
        return allCases.last { $0.isAvailable } ?? .portable
    }()

    /// Whether this CPU, and this build, have it.
    public var isAvailable: Bool {
        secateur_kernels_for(identifier) != nil && (Self.bases.contains(self) || hasKernelsOfItsOwn)
    }

    /// Those with kernels of their own for floating point numbers.
    private static let bases: Set<InstructionSet> = [.scalar, .portable, .neon, .avx2, .avx512]

    /// Its kernels.
    ///
    /// Stops the program when it is not available; ask ``isAvailable`` first.
    public var kernels: UnsafePointer<secateur_kernels> {
        guard let kernels = secateur_kernels_for(identifier) else {
            preconditionFailure("this CPU does not have \(rawValue)")
        }
        return kernels
    }

    var identifier: secateur_isa {
        switch self {
        case .scalar: SECATEUR_ISA_SCALAR
        case .portable: SECATEUR_ISA_PORTABLE
        case .neon: SECATEUR_ISA_NEON
        case .avx2, .avxvnni: SECATEUR_ISA_AVX2
        case .avx512, .avx512vnni, .avx512bf16, .amx: SECATEUR_ISA_AVX512
        }
    }
}
