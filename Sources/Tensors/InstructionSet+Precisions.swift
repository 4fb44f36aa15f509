import CKernels

/// Kernels of precisions that some processors have instructions for beyond those of their floats.
extension InstructionSet {
    private static let int8Kernels = KernelsBySet<secateur_int8_kernels>()
    private static let bfloat16Kernels = KernelsBySet<secateur_bf16_kernels>()

    /// Its kernels of whole numbers: those of its name, or the fastest that go with it.
    ///
    /// Stops the program when it is not available; ask ``isAvailable`` first.
    public var int8Kernels: UnsafePointer<secateur_int8_kernels> { Self.int8Kernels[self] }

    /// Its kernels of bfloat16: those of its name, or the fastest that go with it.
    ///
    /// Stops the program when it is not available; ask ``isAvailable`` first.
    public var bfloat16Kernels: UnsafePointer<secateur_bf16_kernels> { Self.bfloat16Kernels[self] }

    /// Whether this CPU has kernels of its name in some precision.
    var hasKernelsOfItsOwn: Bool {
        secateur_int8_kernels.tables(identifier).contains { $0.pointee.isNamed(self) }
            || secateur_bf16_kernels.tables(identifier).contains { $0.pointee.isNamed(self) }
    }

    /// Of kernels, the fastest first, the first that an instruction set of this rank has.
    fileprivate func fastest<Table: KernelTable>() -> UnsafePointer<Table>? {
        let known = Self.allCases.prefix { $0 != self } + [self]
        return Table.tables(identifier).first { table in known.contains { table.pointee.isNamed($0) } }
    }
}

/// The kernels of one precision for one instruction set.
protocol KernelTable {
    /// That of the instruction set.
    var name: UnsafePointer<CChar>! { get }
    /// All that this CPU can run along with the kernels of an instruction set, the fastest first.
    static func tables(_ identifier: secateur_isa) -> [UnsafePointer<Self>]
}

extension KernelTable {
    fileprivate func isNamed(_ set: InstructionSet) -> Bool { String(cString: name) == set.rawValue }

    fileprivate static func list(
        atMost most: Int32, _ fill: (UnsafeMutablePointer<UnsafePointer<Self>?>?) -> Int
    ) -> [UnsafePointer<Self>] {
        withUnsafeTemporaryAllocation(of: UnsafePointer<Self>?.self, capacity: Int(most)) { tables in
            tables.initialize(repeating: nil)
            let count = fill(tables.baseAddress)
            return tables.prefix(count).compactMap(\.self)
        }
    }
}

extension secateur_int8_kernels: KernelTable {
    static func tables(_ identifier: secateur_isa) -> [UnsafePointer<Self>] {
        list(atMost: SECATEUR_INT8_TABLES) { secateur_int8_tables(Int32(identifier.rawValue), $0) }
    }
}

extension secateur_bf16_kernels: KernelTable {
    static func tables(_ identifier: secateur_isa) -> [UnsafePointer<Self>] {
        list(atMost: SECATEUR_BF16_TABLES) { secateur_bf16_tables(Int32(identifier.rawValue), $0) }
    }
}

/// The kernels of a precision for every instruction set of this CPU.
private struct KernelsBySet<Table: KernelTable>: @unchecked Sendable {
    // Unchecked: constant tables of the C library.
    private let tables: [InstructionSet: UnsafePointer<Table>]

    init() {
        tables = InstructionSet.allCases.filter(\.isAvailable).reduce(into: [:]) { $0[$1] = $1.fastest() }
    }

    subscript(set: InstructionSet) -> UnsafePointer<Table> {
        guard let table = tables[set] else { preconditionFailure("this CPU does not have \(set.rawValue)") }
        return table
    }
}
