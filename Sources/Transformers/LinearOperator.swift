import Tensors

/// A linear layer, Y = W·X + b with W [rows × columns], X [columns × tokens], Y [rows × tokens],
/// whatever format its weights are packed in.
public protocol LinearOperator: AnyObject, Sendable {
    /// Output features.
    var rows: Int { get }
    /// Input features.
    var columns: Int { get }
    /// What the packed weights take in memory, in bytes, the same on every CPU: without biases, and without
    /// what fills up the last rows of a kernel.
    var sizeBytes: Int { get }
    /// What benchmarks call the kernel.
    var kernelName: String { get }

    /// Which output rows fall to one of several workers, so that all take about as long.
    func rows(ofPart part: Int, of parts: Int) -> Range<Int>

    /// Computes the rows of one part of the output.
    func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int)

    /// The same layer as something that computes one token from 8-bit activations; nil where it cannot.
    var singleToken: (any SingleTokenOperator)? { get }

    /// The same layer as something that computes from activations in 8 bits; nil where it cannot.
    var bytes: (any ByteOperator)? { get }
}

/// A linear layer that computes from activations in 8 bits.
public protocol ByteOperator: LinearOperator {
    /// Computes the rows of one part of the output.
    func apply(
        _ input: BytePanels, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int)
}

/// What a product in whole numbers does with its outputs before it writes them.
public struct ByteEpilogue {
    /// Whether it applies GELU.
    public var appliesGELU = false
    /// The largest magnitude of each token so far, raised to what is written; nil where no one asks.
    public var maxima: UnsafeMutablePointer<Float>?

    /// Writes products and biases alone.
    public init(appliesGELU: Bool = false, maxima: UnsafeMutablePointer<Float>? = nil) {
        self.appliesGELU = appliesGELU
        self.maxima = maxima
    }
}

/// A linear layer that computes one token, y = W·x + b, from 8-bit activations.
public protocol SingleTokenOperator: LinearOperator {
    /// Computes some rows.
    ///
    /// - Parameters:
    ///   - output: room for all rows, side by side.
    ///   - rows: start and end at multiples of ``QuantizedVector/blockRows``, or end with the layer.
    func apply(_ input: QuantizedVector, into output: UnsafeMutablePointer<Float>, rows: Range<Int>)
}

extension SingleTokenOperator {
    /// Which output rows of a single token fall to one of several workers.
    public func singleTokenRows(ofPart part: Int, of parts: Int) -> Range<Int> {
        let block = QuantizedVector.blockRows
        let blocks = (rows + block - 1) / block
        return min(blocks * part / parts * block, rows)..<min(blocks * (part + 1) / parts * block, rows)
    }
}

extension LinearOperator {
    /// The name of the type.
    public var kernelName: String { "\(Self.self)" }

    /// None.
    public var singleToken: (any SingleTokenOperator)? { nil }

    /// None.
    public var bytes: (any ByteOperator)? { nil }

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
