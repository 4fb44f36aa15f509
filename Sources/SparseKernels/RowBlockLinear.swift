import CKernels
import Tensors
import Transformers

/// A linear layer of pattern 4x1: four consecutive output rows share each kept column, so that one load
/// of an activation serves four FMAs.
///
/// Costs 18 bytes for four kept weights. A column is kept for a group when any of its four weights is not
/// zero, so every weight can be packed this way; only those of the pattern gain from it.
public final class RowBlockLinear: LinearOperator {
    /// Rows that share a kept column.
    public static let groupRows = 4
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let values: AlignedBuffer<Float>
    private let indices: AlignedBuffer<UInt16>
    private let starts: AlignedBuffer<UInt32>
    private let bias: AlignedBuffer<Float>
    private let blockColumns: Int
    private let split: CostSplit
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_kernels>

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameter blockColumns: columns of a block, at most 8,191.
    public init(
        weight: Matrix, bias: [Float], blockColumns: Int = 384, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows && (1...8191).contains(blockColumns))
        rows = weight.rows
        columns = weight.columns
        self.blockColumns = blockColumns
        let groups = (weight.rows + Self.groupRows - 1) / Self.groupRows
        var packed = PackedEntries(capacity: weight.rows * weight.columns - weight.zeroCount)
        var kept = [Int](repeating: 0, count: groups)
        weight.elements.withUnsafeBufferPointer { elements in
            for block in stride(from: 0, to: weight.columns, by: blockColumns) {
                let end = min(block + blockColumns, weight.columns)
                for group in 0..<groups {
                    let before = packed.indices.count
                    for column in block..<end {
                        let quad = Self.quad(elements, weight, group, column)
                        guard quad != .zero else { continue }
                        for lane in 0..<Self.groupRows { packed.values.append(quad[lane]) }
                        packed.indices.append(UInt16((column - block) * 8))
                    }
                    packed.starts.append(UInt32(packed.indices.count))
                    kept[group] += packed.indices.count - before
                }
            }
        }
        values = AlignedBuffer(packed.values)
        indices = AlignedBuffer(packed.indices)
        starts = AlignedBuffer(packed.starts)
        self.bias = AlignedBuffer(bias)
        let blocks = (weight.columns + blockColumns - 1) / blockColumns
        split = CostSplit(costs: kept.map { $0 + 2 * blocks })
        kernels = instructionSet.kernels
    }

    private static func quad(
        _ elements: UnsafeBufferPointer<Float>, _ weight: Matrix, _ group: Int, _ column: Int
    ) -> SIMD4<Float> {
        var quad = SIMD4<Float>.zero
        for lane in 0..<min(groupRows, weight.rows - group * groupRows) {
            quad[lane] = elements[(group * groupRows + lane) * weight.columns + column]
        }
        return quad
    }

    /// What the packed weights take in memory, in bytes.
    public var sizeBytes: Int {
        values.sizeBytes + indices.sizeBytes + starts.sizeBytes + bias.sizeBytes
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        let range = split.range(ofPart: part, of: parts)
        return min(range.lowerBound * Self.groupRows, rows)..<min(range.upperBound * Self.groupRows, rows)
    }

    /// Computes the rows of one part of the output, for a range of panels.
    public func apply(
        _ input: PanelMatrix, into output: PanelMatrix, panels: Range<Int>, part: Int, of parts: Int
    ) {
        checkShapes(input, output, panels)
        let range = split.range(ofPart: part, of: parts)
        var weights = secateur_rowblock4(
            values: values.address, indices: indices.address, starts: starts.address,
            bias: bias.address, rows: rows, columns: columns, blockColumns: blockColumns)
        kernels.pointee.rowblock4(
            &weights, input.address, output.address, panels.lowerBound, panels.upperBound,
            range.lowerBound, range.upperBound)
    }
}
