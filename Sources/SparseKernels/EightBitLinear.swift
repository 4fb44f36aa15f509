import CKernels
import Tensors
import Transformers

/// A linear layer for decoding: with one token, time goes into fetching weights from memory, and 8 bits of
/// a weight are fetched four times as fast as 32. Several tokens are left to another operator.
///
/// Groups of 64 columns share a scale, and a weight is a whole number from −127 to 127 times it. Where a
/// quarter of the weights or more are zero, only the others are stored, after one bit for each weight.
/// Costs 1.03 bytes for a weight, or 0.16 and 1 for a kept one, beside the other operator's.
public final class EightBitLinear: LinearOperator {
    /// The sparsity from which zeros are left out.
    public static let leastSparsity = 0.25
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let values: AlignedBuffer<Int8>
    private let scales: AlignedBuffer<UInt16>
    private let masks: AlignedBuffer<UInt64>?
    private let starts: AlignedBuffer<UInt32>
    private let bias: AlignedBuffer<Float>
    private let wide: any LinearOperator
    private let instructionSet: InstructionSet

    private static let groupColumns = Int(SECATEUR_GROUP)

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameter wide: computes several tokens; of the same weight.
    public init(
        weight: Matrix, bias: [Float], wide: any LinearOperator, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows && wide.rows == weight.rows && wide.columns == weight.columns)
        rows = weight.rows
        columns = weight.columns
        self.wide = wide
        self.instructionSet = instructionSet
        self.bias = AlignedBuffer(bias)
        var packed = PackedGroups(rows: rows, columns: columns)
        let leavesOutZeros = weight.sparsity >= Self.leastSparsity
        weight.elements.withUnsafeBufferPointer { elements in
            for row in 0..<weight.rows {
                packed.starts.append(UInt32(packed.values.count))
                for first in stride(from: 0, to: weight.columns, by: Self.groupColumns) {
                    let end = min(first + Self.groupColumns, weight.columns)
                    let line = row * weight.columns
                    packed.append(
                        UnsafeBufferPointer(rebasing: elements[line + first..<line + end]),
                        leavingOutZeros: leavesOutZeros)
                }
            }
        }
        // The kernel reads whole groups: the last one needs something after it.
        packed.values += [Int8](repeating: 0, count: Self.groupColumns)
        values = AlignedBuffer(packed.values)
        scales = AlignedBuffer(packed.scales)
        starts = AlignedBuffer(packed.starts)
        masks = leavesOutZeros ? AlignedBuffer(packed.masks) : nil
    }

    /// What the packed weights take in memory, those for several tokens included, in bytes.
    public var sizeBytes: Int { decodeBytes + wide.sizeBytes }

    /// What is fetched from memory for one token, in bytes.
    public var decodeBytes: Int {
        values.sizeBytes + scales.sizeBytes + (masks.map { $0.sizeBytes + starts.sizeBytes } ?? 0)
            + bias.sizeBytes
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        wide.rows(ofPart: part, of: parts)
    }

    /// Computes the rows of one part of the output.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        guard input.tokens == 1 else {
            return wide.apply(input, into: output, part: part, of: parts)
        }
        checkShapes(input, output)
        let range = rows(ofPart: part, of: parts)
        let groups = (columns + Self.groupColumns - 1) / Self.groupColumns
        var weights = secateur_eightbit(
            values: values.address, scales: scales.address, masks: masks?.address, starts: starts.address,
            bias: bias.address, rows: rows, groups: groups)
        let count = groups * Self.groupColumns
        withUnsafeTemporaryAllocation(byteCount: count * MemoryLayout<Float>.size, alignment: 64) { memory in
            let vector = memory.bindMemory(to: Float.self)
            for column in 0..<columns { vector[column] = input.address[column * PanelMatrix.stripTokens] }
            for column in columns..<max(count, columns) { vector[column] = 0 }
            instructionSet.languageKernels.pointee.eightbit(
                &weights, vector.baseAddress, output.address, PanelMatrix.stripTokens,
                range.lowerBound, range.upperBound)
        }
    }
}

/// Groups of weights while they are being packed.
private struct PackedGroups {
    var values: [Int8] = []
    var scales: [UInt16] = []
    var masks: [UInt64] = []
    var starts: [UInt32] = []

    init(rows: Int, columns: Int) {
        values.reserveCapacity(rows * columns + 64)
    }

    mutating func append(_ group: UnsafeBufferPointer<Float>, leavingOutZeros: Bool) {
        var largest: Float = 0
        for value in group { largest = max(largest, abs(value)) }
        // The upper half of the float above: no weight is then beyond 127 scales.
        let bits = UInt16(truncatingIfNeeded: ((largest / 127).bitPattern + 0xFFFF) >> 16)
        let scale = Float(bitPattern: UInt32(bits) << 16)
        let inverse = scale > 0 ? 1 / scale : 0
        scales.append(bits)
        var mask: UInt64 = 0
        for (index, value) in group.enumerated() where !leavingOutZeros || value != 0 {
            mask |= 1 << UInt64(index)
            values.append(Int8(max(-127, min(127, (value * inverse).rounded()))))
        }
        if leavingOutZeros {
            masks.append(mask)
        } else {
            values += [Int8](repeating: 0, count: Int(SECATEUR_GROUP) - group.count)
        }
    }
}
