import Tensors
import Transformers

/// A layer without weights: its output is its bias, whatever the input. A sublayer that ends in one is not computed.
public final class ConstantLinear: LinearOperator {
    /// Output features.
    public let rows: Int
    /// Input features.
    public let columns: Int
    private let bias: [Float]

    /// Takes the bias [rows].
    public init(columns: Int, bias: [Float]) {
        rows = bias.count
        self.columns = columns
        self.bias = bias
    }

    /// 0
    public var sizeBytes: Int { 0 }
    /// True.
    public var isConstant: Bool { true }

    /// Rows in equal parts.
    public func rows(ofPart part: Int, of parts: Int) -> Range<Int> {
        RowBlocks(of: rows, height: 1).rows(ofPart: part, of: parts)
    }

    /// Writes the bias of the rows of one part.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        precondition(output.features == rows, "a layer of \(rows) rows was given other outputs")
        let range = rows(ofPart: part, of: parts)
        for first in stride(from: 0, to: output.tokens, by: PanelMatrix.panelTokens) {
            let panel = output.column(of: first)
            for row in range {
                (output.address + panel.offset + row * panel.stride)
                    .update(repeating: bias[row], count: panel.stride)
            }
        }
    }
}
