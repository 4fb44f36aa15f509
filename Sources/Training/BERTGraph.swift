import ModelFiles
import Tensors
import Transformers

/// BERT's encoder for training: activations as rows of tokens [tokens × hidden], every operation with its
/// backward.
///
///     let graph = try BERTGraph(parameters: parameters, configuration: configuration)
///     let tape = graph.forward(batch, pool: pool)
///     graph.backward(dHidden, tape: tape, batch: batch, pool: pool)   // adds to every parameter's gradient
public struct BERTGraph {
    private let embeddings: EmbeddingOperation
    private let embeddingNorm: LayerNormOperation
    private let blocks: [BERTBlock]

    /// What a forward pass leaves for backward.
    public struct Tape {
        /// The hidden states after the embeddings and after each block, [tokens × hidden] each.
        public internal(set) var states: [Matrix]
        let embeddingNorm: LayerNormOperation.Saved
        var blocks: [BERTBlock.Saved] = []

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
        let factory = OperationFactory(parameters: parameters, epsilon: epsilon)
        embeddingNorm = try factory.norm("embeddings.LayerNorm", hidden)
        let intermediate = try configuration.intermediateSize
        let heads = try configuration.attentionHeadCount
        blocks = try (0..<(try configuration.layerCount)).map { index in
            try BERTBlock(
                factory, prefix: "encoder.layer.\(index)", hidden: hidden, intermediate: intermediate,
                heads: heads)
        }
    }

    /// Runs the encoder.
    public func forward(_ batch: TokenBatch, pool: ThreadPool) -> Tape {
        let (first, saved) = embeddingNorm.forward(embeddings.forward(batch, pool: pool), pool: pool)
        var tape = Tape(states: [first], embeddingNorm: saved)
        for block in blocks {
            let (next, saved) = block.forward(tape.hidden, batch: batch, pool: pool)
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
            if let other = others[index + 1] { gradient.add(other) }
            gradient = blocks[index].backward(
                gradient, x: tape.states[index], saved: tape.blocks[index], batch: batch, pool: pool)
        }
        if let other = others[0] { gradient.add(other) }
        embeddings.backward(
            embeddingNorm.backward(gradient, saved: tape.embeddingNorm, pool: pool), batch: batch)
    }
}

/// Makes operations of a checkpoint's parameters.
struct OperationFactory {
    let parameters: ParameterSet
    let epsilon: Float

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
