import CKernels

/// One token's activations in 8 bits: a whole number from −127 to 127 times the scale of its group of 64.
///
/// Each activation is off by half a step at most, 1/254 of the largest of its group.
public final class QuantizedVector: @unchecked Sendable {
    // Unchecked: one worker fills it, and those it shares it with read it afterwards.

    /// Activations that share a scale.
    public static let groupColumns = Int(SECATEUR_GROUP)
    /// Rows that products with 8-bit weights take together.
    public static let blockRows = Int(SECATEUR_BLOCK_ROWS)

    private let memory: UnsafeMutableRawPointer
    private let capacity: Int
    /// Number of activations.
    public private(set) var count = 0

    /// Allocates room for so many activations.
    public init(capacity: Int) {
        self.capacity = capacity
        let groups = Self.groups(of: capacity)
        memory = .allocate(byteCount: groups * (Self.groupColumns + 12), alignment: 64)
    }

    deinit {
        memory.deallocate()
    }

    /// Groups that a number of activations takes.
    public static func groups(of count: Int) -> Int {
        (count + groupColumns - 1) / groupColumns
    }

    /// Rounds numbers that are side by side.
    ///
    /// - Parameter count: how many; not more than there is room for.
    public func set(_ values: UnsafePointer<Float>, count: Int, instructionSet: InstructionSet = .best) {
        precondition(count <= capacity)
        self.count = count
        var kernel = kernelArgument
        instructionSet.languageKernels.pointee.quantize(values, count, &kernel)
    }

    /// What kernels take.
    public var kernelArgument: secateur_quantized {
        let groups = Self.groups(of: capacity)
        let scales = memory + groups * Self.groupColumns
        return secateur_quantized(
            values: memory.assumingMemoryBound(to: Int8.self),
            scales: scales.assumingMemoryBound(to: Float.self),
            offsets: (scales + groups * 4).assumingMemoryBound(to: Int32.self))
    }

    /// The numbers that it stands for.
    public var floats: [Float] {
        let kernel = kernelArgument
        return (0..<count).map { Float(kernel.values[$0]) * kernel.scales[$0 / Self.groupColumns] }
    }
}
