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

    /// Whether its output is its bias, whatever the input.
    var isConstant: Bool { get }

    /// Which output rows fall to one of several workers, so that all take about as long.
    func rows(ofPart part: Int, of parts: Int) -> Range<Int>

    /// Computes the rows of one part of the output.
    func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int)

    /// The same layer as something that computes one token from 8-bit activations; nil where it cannot.
    var singleToken: (any SingleTokenOperator)? { get }

    /// The same layer as something that computes from a rounded input; nil where it takes floats.
    var rounded: (any RoundedOperator)? { get }

    /// The same layer as something that computes from activations in 8 bits; nil where it cannot.
    var bytes: (any ByteOperator)? { get }
}

/// A linear layer that computes from a rounded input, which it shares with others.
public protocol RoundedOperator: LinearOperator {
    /// What the input is rounded to.
    var form: RoundedInputs.Form { get }
    /// Which instructions it is made of.
    var instructionSet: InstructionSet { get }

    /// Computes the rows of one part of the output, from the input in its form.
    func apply(
        _ input: RoundedInputs, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int)
}

/// A linear layer that computes from activations in 8 bits.
public protocol ByteOperator: RoundedOperator {
    /// Computes the rows of one part of the output.
    func apply(
        _ input: BytePanels, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int)
}

/// What a product of rounded numbers does with its outputs before it writes them.
public struct ByteEpilogue {
    /// Whether it applies GELU.
    public var appliesGELU = false
    /// The largest magnitude of each token so far, raised to what products in whole numbers write; nil where no one
    /// asks.
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
    /// Bytes of weights that stay in a core's nearest cache while one input after another is multiplied.
    private static var nearBytes: Int { 16 << 10 }

    /// Computes some rows for each of some inputs, fetching weights once for all of them.
    ///
    /// - Parameters:
    ///   - products: inputs, and room for all rows of each, side by side.
    ///   - rows: as in ``apply(_:into:rows:)``.
    func apply(_ products: [(input: QuantizedVector, output: UnsafeMutablePointer<Float>)], rows: Range<Int>)
    {
        let block = QuantizedVector.blockRows
        let rowBytes = max(1, sizeBytes / max(1, self.rows))
        let step =
            products.count == 1 ? max(1, rows.count) : max(1, Self.nearBytes / (rowBytes * block)) * block
        for first in stride(from: rows.lowerBound, to: rows.upperBound, by: step) {
            let part = first..<min(first + step, rows.upperBound)
            for product in products { apply(product.input, into: product.output, rows: part) }
        }
    }

    /// Which output rows of a single token fall to one of several workers.
    public func singleTokenRows(ofPart part: Int, of parts: Int) -> Range<Int> {
        RowBlocks(of: rows, height: QuantizedVector.blockRows).rows(ofPart: part, of: parts)
    }
}

extension RoundedOperator {
    /// Rounds the input, and computes the rows of one part of the output.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
        checkShapes(input, output)
        let inputs = RoundedInputs(
            features: input.features, tokens: input.tokens, workers: 1, instructionSet: instructionSet)
        inputs.round(input, to: form)
        apply(inputs, into: output, epilogue: .init(), part: part, of: parts)
    }
}

extension ByteOperator {
    /// 8 bits
    public var form: RoundedInputs.Form { .bytes }

    /// Takes the bytes.
    public func apply(
        _ input: RoundedInputs, into output: PanelMatrix, epilogue: ByteEpilogue, part: Int, of parts: Int
    ) {
        apply(input.bytes, into: output, epilogue: epilogue, part: part, of: parts)
    }
}

extension LinearOperator {
    /// The name of the type.
    public var kernelName: String { "\(Self.self)" }

    /// No.
    public var isConstant: Bool { false }

    public var singleToken: (any SingleTokenOperator)? { nil }

    public var bytes: (any ByteOperator)? { nil }

    /// That in 8 bits.
    public var rounded: (any RoundedOperator)? { bytes }

    /// Computes the whole product on the calling thread.
    public func apply(_ input: PanelMatrix, into output: PanelMatrix) {
        apply(input, into: output, part: 0, of: 1)
    }

    /// Stops the program unless both matrices have the shapes of this layer.
    public func checkShapes(_ input: PanelMatrix, _ output: PanelMatrix) {
        checkShapes(features: input.features, tokens: input.tokens, output)
    }

    /// The same for an input in another form.
    public func checkShapes(features: Int, tokens: Int, _ output: PanelMatrix) {
        precondition(
            features == columns && output.features == rows && tokens == output.tokens,
            "a layer of [\(rows) × \(columns)] was given activations of other shapes")
    }
}
