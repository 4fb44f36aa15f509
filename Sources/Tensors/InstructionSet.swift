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
    /// The same with tiles of 8-bit numbers (AMX).
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
        secateur_kernels_for(identifier) != nil && (Self.bases.contains(self) || int8Table != nil)
    }

    /// Those with kernels of their own for floating point numbers.
    private static let bases: Set<InstructionSet> = [.scalar, .portable, .neon, .avx2, .avx512]

    /// Its kernels of whole numbers, where it has any of its own.
    private var int8Table: UnsafePointer<secateur_int8_kernels>? {
        Self.int8Tables(identifier).first { String(cString: $0.pointee.name) == rawValue }
    }

    /// All that this CPU can run along with the kernels of an instruction set, the fastest first.
    private static func int8Tables(_ identifier: secateur_isa) -> [UnsafePointer<secateur_int8_kernels>] {
        let most = Int(SECATEUR_INT8_TABLES)
        return withUnsafeTemporaryAllocation(
            of: UnsafePointer<secateur_int8_kernels>?.self, capacity: most
        ) { tables in
            tables.initialize(repeating: nil)
            let count = secateur_int8_tables(Int32(identifier.rawValue), tables.baseAddress)
            return tables.prefix(count).compactMap(\.self)
        }
    }

    private struct Int8Kernels: @unchecked Sendable {
        // Unchecked: constant tables of the C library.
        let table: UnsafePointer<secateur_int8_kernels>
    }

    private static let int8KernelsBySet: [InstructionSet: Int8Kernels] = {
        var tables: [InstructionSet: Int8Kernels] = [:]
        for set in allCases where set.isAvailable {
            guard let table = set.int8Table ?? int8Tables(set.identifier).first else { continue }
            tables[set] = Int8Kernels(table: table)
        }
        return tables
    }()

    /// Its kernels of whole numbers: those of its name, or the fastest that go with it.
    ///
    /// Stops the program when it is not available; ask ``isAvailable`` first.
    public var int8Kernels: UnsafePointer<secateur_int8_kernels> {
        guard let kernels = Self.int8KernelsBySet[self] else {
            preconditionFailure("this CPU does not have \(rawValue)")
        }
        return kernels.table
    }

    /// Its kernels.
    ///
    /// Stops the program when it is not available; ask ``isAvailable`` first.
    public var kernels: UnsafePointer<secateur_kernels> {
        guard let kernels = secateur_kernels_for(identifier) else {
            preconditionFailure("this CPU does not have \(rawValue)")
        }
        return kernels
    }

    private var identifier: secateur_isa {
        switch self {
        case .scalar: SECATEUR_ISA_SCALAR
        case .portable: SECATEUR_ISA_PORTABLE
        case .neon: SECATEUR_ISA_NEON
        case .avx2, .avxvnni: SECATEUR_ISA_AVX2
        case .avx512, .avx512vnni, .amx: SECATEUR_ISA_AVX512
        }
    }
}
