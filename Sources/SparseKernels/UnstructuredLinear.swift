import CKernels
import Tensors
import Transformers

/// A linear layer whose zeros may fall anywhere: kept weights with 16-bit column indices, cut into
/// blocks of columns so that a tile of activations stays in the first-level cache.
///
/// Costs 6 bytes for a kept weight, and 4 bytes for each row and column block.
public final class UnstructuredLinear: LinearOperator {
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

    /// Packs the non-zero elements of a weight [rows × columns], and a bias [rows].
    ///
    /// - Parameter blockColumns: columns of a block, at most 8,191.
    public init(
        weight: Matrix, bias: [Float], blockColumns: Int = 96, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows && (1...8191).contains(blockColumns))
        rows = weight.rows
        columns = weight.columns
        self.blockColumns = blockColumns
        var packed = PackedEntries(capacity: weight.rows * weight.columns - weight.zeroCount)
        var kept = [Int](repeating: 0, count: weight.rows)
        weight.elements.withUnsafeBufferPointer { elements in
            for block in stride(from: 0, to: weight.columns, by: blockColumns) {
                let end = min(block + blockColumns, weight.columns)
                for row in 0..<weight.rows {
                    let before = packed.indices.count
                    for column in block..<end {
                        let value = elements[row * weight.columns + column]
                        guard value != 0 else { continue }
                        packed.values.append(value)
                        packed.indices.append(UInt16((column - block) * 8))
                    }
                    packed.starts.append(UInt32(packed.indices.count))
                    kept[row] += packed.indices.count - before
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

    /// What the packed weights take in memory, in bytes.
    public var sizeBytes: Int {
        values.sizeBytes + indices.sizeBytes + starts.sizeBytes + bias.sizeBytes
    }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        split.range(ofPart: part, of: parts)
    }

    /// Computes the rows of one part of the output, for a range of panels.
    public func apply(
        _ input: PanelMatrix, into output: PanelMatrix, panels: Range<Int>, part: Int, of parts: Int
    ) {
        checkShapes(input, output, panels)
        let range = split.range(ofPart: part, of: parts)
        var weights = secateur_unstructured(
            values: values.address, indices: indices.address, starts: starts.address,
            bias: bias.address, rows: rows, columns: columns, blockColumns: blockColumns)
        kernels.pointee.unstructured(
            &weights, input.address, output.address, panels.lowerBound, panels.upperBound,
            range.lowerBound, range.upperBound)
    }
}
