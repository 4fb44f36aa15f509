import CKernels
import Tensors

/// A dense linear layer on this project's own kernel, with weights in blocks of rows.
public final class DenseLinear: LinearOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let values: AlignedBuffer<Float>
    private let blockColumns: Int
    private let bias: AlignedBuffer<Float>
    private nonisolated(unsafe) let kernels: UnsafePointer<secateur_kernels>

    /// Packs a weight [rows × columns] and a bias [rows].
    ///
    /// - Parameter blockColumns: columns that are summed at a time. Default: all. A sparse layer of the same
    ///   weights and the same blocks gives the same bits.
    public init(
        weight: Matrix, bias: [Float], blockColumns: Int? = nil, instructionSet: InstructionSet = .best
    ) {
        precondition(bias.count == weight.rows)
        self.blockColumns = max(blockColumns ?? weight.columns, 1)
        rows = weight.rows
        columns = weight.columns
        kernels = instructionSet.kernels
        let block = kernels.pointee.denseBlockRows
        let blocks = (weight.rows + block - 1) / block
        values = AlignedBuffer(count: blocks * block * weight.columns) { packed in
            for row in 0..<weight.rows {
                let first = row / block * block * weight.columns + row % block
                for column in 0..<weight.columns {
                    packed[first + column * block] = weight[row, column]
                }
            }
        }
        self.bias = AlignedBuffer(bias)
    }

    /// 4 for each weight.
    public var sizeBytes: Int { 4 * rows * columns }

    /// `secateur`: this project's own dense product.
    public var kernelName: String { "secateur" }

    private var blocks: RowBlocks { RowBlocks(of: rows, height: kernels.pointee.denseBlockRows) }

    /// Which output rows fall to one of several workers.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        blocks.rows(ofPart: part, of: parts)
    }

    /// Computes the rows of one part of the output.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        checkShapes(input, output)
        let range = blocks.blocks(ofPart: part, of: parts)
        var weights = secateur_dense(
            values: values.address, bias: bias.address, rows: rows, columns: columns,
            blockRows: kernels.pointee.denseBlockRows, blockColumns: blockColumns)
        kernels.pointee.dense(
            &weights, input.address, output.address, input.tokens, range.lowerBound, range.upperBound)
    }
}
