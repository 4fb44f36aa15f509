import Levels
import ModelFiles
import Tensors
import Transformers

/// An encoder for training, as many blocks, heads and neurons as its parameters have: activations as rows of
/// tokens [tokens × hidden], every operation with its backward.
///
///     let graph = try EncoderGraph(parameters: parameters, configuration: configuration)
///     let tape = graph.forward(batch, pool: pool)
///     graph.backward(dHidden, tape: tape, batch: batch, pool: pool)   // adds to every parameter's gradient
public struct EncoderGraph {
    private let embeddings: EmbeddingOperation
    private let embeddingNorm: LayerNormOperation
    private var blocks: [EncoderBlock]
    /// Features of one attention head.
    public let headSize: Int

    /// What a forward pass leaves for backward.
    public struct Tape {
        /// The hidden states after the embeddings and after each block, [tokens × hidden] each.
        public internal(set) var states: [Matrix]
        let embeddingNorm: LayerNormOperation.Saved
        var blocks: [EncoderBlock.Saved] = []
        let dropout: Dropout?

        /// The last hidden states.
        public var hidden: Matrix { states[states.count - 1] }
    }

    /// Takes the parameters of a checkpoint.
    /// - Throws: `Issue` for a parameter that is missing or of another shape.
    public init(parameters: ParameterSet, configuration: EncoderConfiguration) throws {
        let (modules, sizes) = (configuration.modules, configuration.dimensions)
        func table(_ module: ModuleName, _ rows: Int) throws -> Parameter {
            try parameters.parameter("\(module.name).weight", shape: [rows, sizes.hidden])
        }
        guard let positions = modules.positions, let norm = modules.embeddingNorm else {
            preconditionFailure("Architecture holds encoders to positions and a norm of embeddings")
        }
        embeddings = EmbeddingOperation(
            words: try table(modules.words, sizes.vocabulary),
            positions: try table(positions, sizes.positionRows),
            positionsBefore: sizes.positionsBefore, separatesSentences: sizes.separatesSentences,
            types: try modules.tokenTypes.map { try table($0, sizes.tokenTypes) })
        embeddings.words.expectGradientsInFewRows()
        let factory = OperationFactory(
            parameters: parameters, modules: modules, epsilon: Float(sizes.epsilon),
            activation: sizes.activation)
        embeddingNorm = try factory.norm(norm.name, sizes.hidden)
        headSize = sizes.headSize
        blocks = []
        while parameters.contains("\(modules.layer(.feedForwardDown, ofBlock: blocks.count)).weight") {
            blocks.append(
                try EncoderBlock(factory, block: blocks.count, hidden: sizes.hidden, headSize: headSize))
        }
    }

    /// Number of blocks.
    public var blockCount: Int { blocks.count }
    /// Attention heads of each block.
    public var headCounts: [Int] { blocks.map(\.headCount) }
    /// Neurons of each block's feed-forward layer.
    public var widths: [Int] { blocks.map(\.width) }
    /// The weights of the linear layers, in the order of ``layerShapes``.
    public var prunable: [Parameter] { blocks.flatMap(\.prunable) }
    /// The linear layers, in the order of computation.
    public var layerShapes: [LayerShape] { blocks.flatMap(\.layerShapes) }

    /// Every parameter that the graph computes with.
    public var parameters: [Parameter] {
        [embeddings.words, embeddings.positions] + (embeddings.types.map { [$0] } ?? [])
            + [embeddingNorm.gamma, embeddingNorm.beta] + blocks.flatMap(\.parameters)
    }

    /// Shows the input [tokens × columns] of the linear layers that share it.
    public func observeInputs(_ tape: Tape, _ observer: (_ layers: [String], _ input: Matrix) -> Void) {
        for (index, saved) in tape.blocks.enumerated() {
            func names(_ roles: Set<LayerRole>) -> [String] {
                blocks[index].layerShapes.filter { roles.contains($0.role) }.map(\.name)
            }
            observer(names([.query, .key, .value]), tape.states[index])
            observer(names([.attentionOutput]), saved.context)
            observer(names([.feedForwardUp]), saved.attended)
            observer(names([.feedForwardDown]), saved.activated)
        }
    }

    /// Runs the encoder.
    ///
    /// - Parameter dropout: drops embeddings, and what attention and feed-forward layers add to the residual
    ///   stream.
    public func forward(_ batch: TokenBatch, dropout: Dropout? = nil, pool: ThreadPool) -> Tape {
        var (first, saved) = embeddingNorm.forward(embeddings.forward(batch, pool: pool), pool: pool)
        dropout?.apply(to: &first, place: 0, pool: pool)
        var tape = Tape(states: [first], embeddingNorm: saved, dropout: dropout)
        for (index, block) in blocks.enumerated() {
            let (next, saved) = block.forward(
                tape.hidden, batch: batch, dropout: dropout.map { BlockDropout(dropout: $0, block: index) },
                pool: pool)
            tape.states.append(next)
            tape.blocks.append(saved)
        }
        return tape
    }

    /// Adds the gradients of all parameters, given ∂loss/∂(last hidden states) and, where a loss looks at
    /// them too, at earlier ones.
    ///
    /// - Parameter others: gradients at `states[index]`, by index.
    public func backward(
        _ dHidden: Matrix, others: [Int: Matrix] = [:], tape: Tape, batch: TokenBatch, pool: ThreadPool
    ) {
        var gradient = dHidden
        for index in blocks.indices.reversed() {
            if let other = others[index + 1] { gradient.add(other, pool: pool) }
            gradient = blocks[index].backward(
                gradient, x: tape.states[index], saved: tape.blocks[index], batch: batch, pool: pool)
        }
        if let other = others[0] { gradient.add(other, pool: pool) }
        tape.dropout?.apply(to: &gradient, place: 0, pool: pool)
        embeddings.backward(
            embeddingNorm.backward(gradient, saved: tape.embeddingNorm, pool: pool), batch: batch)
    }
}
