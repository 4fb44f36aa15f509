import Tensors

/// A linear layer, Y = W·X + b with W [rows × columns], X [columns × tokens], Y [rows × tokens],
/// whatever format its weights are packed in.
public protocol LinearOperator: AnyObject, Sendable {
    /// Output features.
    var rows: Int { get }
    /// Input features.
    var columns: Int { get }
    /// What the packed weights take in memory, in bytes.
    var sizeBytes: Int { get }

    /// Which output rows fall to one of several workers, so that all take about as long.
    func rows(ofPart part: Int, of parts: Int) -> Range<Int>

    /// Computes the rows of one part of the output.
    func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int)
}

extension LinearOperator {
    /// Computes the whole product on the calling thread.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix) {
        apply(input, into: output, part: 0, of: 1)
    }

    /// Stops the program unless both matrices have the shapes of this layer.
    public func checkShapes(_ input: PanelMatrix, _ output: PanelMatrix) {
        precondition(
            input.features == columns && output.features == rows && input.tokens == output.tokens,
            "a layer of [\(rows) × \(columns)] was given activations of other shapes")
    }
}
