import ModelFiles
import Tensors
import Transformers

/// BERT's encoder for training, as many blocks, heads and neurons as its parameters have: activations as rows of tokens [tokens × hidden], every operation with its
/// backward.
///
///     let graph = try BERTGraph(parameters: parameters, configuration: configuration)
///     let tape = graph.forward(batch, pool: pool)
///     graph.backward(dHidden, tape: tape, batch: batch, pool: pool)   // adds to every parameter's gradient
public struct BERTGraph {
    private let embeddings: EmbeddingOperation
    private let embeddingNorm: LayerNormOperation
    private var blocks: [BERTBlock]
    /// Features of one attention head.
    public let headSize: Int

    /// What a forward pass leaves for backward.
    public struct Tape {
        /// The hidden states after the embeddings and after each block, [tokens × hidden] each.
        public internal(set) var states: [Matrix]
        let embeddingNorm: LayerNormOperation.Saved
        var blocks: [BERTBlock.Saved] = []
        let dropout: Dropout?

        /// The last hidden states.
        public var hidden: Matrix { states[states.count - 1] }
    }

    /// Takes the parameters of a checkpoint.
    /// - Throws: `ModelFileError` for a parameter that is missing or of another shape.
    public init(parameters: ParameterSet, configuration: ModelConfiguration) throws {
        let hidden = try configuration.hiddenSize
        let epsilon = Float(try configuration.layerNormEpsilon)
        embeddings = EmbeddingOperation(
            words: try parameters.parameter(
                "embeddings.word_embeddings.weight", shape: [try configuration.vocabularySize, hidden]),
            positions: try parameters.parameter(
                "embeddings.position_embeddings.weight", shape: [try configuration.maximumPositions, hidden]),
            types: try parameters.parameter(
                "embeddings.token_type_embeddings.weight",
                shape: [try configuration.typeVocabularySize, hidden]))
        embeddings.words.expectGradientsInFewRows()
        let factory = OperationFactory(parameters: parameters, epsilon: epsilon)
        embeddingNorm = try factory.norm("embeddings.LayerNorm", hidden)
        headSize = hidden / (try configuration.attentionHeadCount)
        blocks = []
        while parameters.contains(BERTBlock.prefix(blocks.count) + ".output.dense.weight") {
            blocks.append(
                try BERTBlock(
                    factory, prefix: BERTBlock.prefix(blocks.count), hidden: hidden, headSize: headSize))
        }
    }

    /// Number of blocks.
    public var blockCount: Int { blocks.count }
    /// Attention heads of each block.
    public var headCounts: [Int] { blocks.map(\.headCount) }
    /// Neurons of each block's feed-forward layer.
    public var widths: [Int] { blocks.map(\.width) }
    /// The weights of the linear layers, in the order of computation: query, key, value, the layer after
    /// attention and the two feed-forward layers of each block.
    public var prunable: [Parameter] { blocks.flatMap(\.prunable) }

    /// Every parameter that the graph computes with.
    public var parameters: [Parameter] {
        [embeddings.words, embeddings.positions, embeddings.types, embeddingNorm.gamma, embeddingNorm.beta]
            + blocks.flatMap(\.parameters)
    }

    /// Shows the input [tokens × columns] of the linear layers that share it.
    public func observeInputs(_ tape: Tape, _ observer: (_ layers: [String], _ input: Matrix) -> Void) {
        for (index, saved) in tape.blocks.enumerated() {
            let prefix = BERTBlock.prefix(index)
            observer(
                ["query", "key", "value"].map { "\(prefix).attention.self.\($0)" }, tape.states[index])
            observer(["\(prefix).attention.output.dense"], saved.context)
            observer(["\(prefix).intermediate.dense"], saved.attended)
            observer(["\(prefix).output.dense"], saved.activated)
        }
    }

    /// Runs the encoder.
    ///
    /// - Parameter dropout: drops embeddings, and what attention and feed-forward layers add to the residual stream.
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

/// Makes operations of a checkpoint's parameters.
struct OperationFactory {
    let parameters: ParameterSet
    let epsilon: Float

    /// The rows of a layer's weight.
    func rows(_ name: String, multipleOf size: Int) throws -> Int {
        let shape = try parameters.parameter("\(name).weight").shape
        guard shape.count == 2, shape[0] > 0, shape[0] % size == 0 else {
            throw ModelFileError(
                file: parameters.file, tensor: "\(name).weight",
                message: "found shape \(shape), allowed a multiple of \(size) rows")
        }
        return shape[0]
    }

    func linear(_ name: String, _ rows: Int, _ columns: Int) throws -> LinearOperation {
        LinearOperation(
            weight: try parameters.parameter("\(name).weight", shape: [rows, columns]),
            bias: try parameters.parameter("\(name).bias", shape: [rows]))
    }

    func norm(_ name: String, _ features: Int) throws -> LayerNormOperation {
        LayerNormOperation(
            gamma: try parameters.parameter("\(name).weight", shape: [features]),
            beta: try parameters.parameter("\(name).bias", shape: [features]), epsilon: epsilon)
    }
}
