import Levels
import ModelFiles
import Tensors

/// A language model of pre-norm transformer blocks with causal attention, such as Llama or GPT-2.
///
///     let model = try Decoder(path: "models/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf")
///     let state = model.state(capacity: 512, threads: pool.threads)
///     model.forward([19556, 905], state, pool: pool)
///     let next = model.nextTokenLogits(state, pool: pool)
///
/// A value type: ``replacing(_:)`` gives a model with other linear operators that shares everything else.
public struct Decoder: Sendable {
    /// One transformer block.
    struct Block: Sendable {
        let attentionNorm: any Normalization
        let headNorms: HeadNorms?
        var attentionInputs: [NamedLinear]
        var attentionOutput: NamedLinear
        let feedForwardNorm: any Normalization
        var feedForwardInputs: [NamedLinear]
        var feedForwardOutput: NamedLinear

        /// All linear layers, in the order of computation.
        var linears: [NamedLinear] {
            attentionInputs + [attentionOutput] + feedForwardInputs + [feedForwardOutput]
        }

        func mapped(_ transform: (NamedLinear) -> NamedLinear) -> Block {
            var block = self
            block.attentionInputs = attentionInputs.map(transform)
            block.attentionOutput = transform(attentionOutput)
            block.feedForwardInputs = feedForwardInputs.map(transform)
            block.feedForwardOutput = transform(feedForwardOutput)
            return block
        }
    }

    /// Norms over the features of each head's queries and keys, before their positions are put in.
    struct HeadNorms: Sendable {
        let query: RMSNorm
        let key: RMSNorm
    }

    /// Makes an operator of a layer's weight and bias.
    public typealias Packing =
        (_ layer: LayerShape, _ weight: Matrix, _ bias: [Float]) throws -> any LinearOperator

    /// The files it was read from, which it reads embeddings and dense weights from.
    public let checkpoint: DecoderCheckpoint
    /// Sizes and settings.
    public let configuration: DecoderConfiguration
    /// Every prunable layer, in the order of computation.
    public let layerShapes: [LayerShape]
    /// Number of parameters of the whole model, embeddings included.
    public let parameterCount: Int
    private(set) var blocks: [Block]
    /// The same blocks for passes of one token on 8-bit weights; nil when a layer has no such weights.
    private(set) var singleTokenBlocks: [SingleTokenBlock]?
    /// The output layer: logits of the vocabulary.
    public private(set) var head: any LinearOperator
    let finalNorm: any Normalization
    let embedding: FloatTensor
    let positions: AlignedBuffer<Float>?
    let activation: DecoderDescription.Activation
    private let biases: [String: [Float]]

    /// Reads a GGUF file, or a Hugging Face folder.
    ///
    /// - Parameters:
    ///   - architectures: those that it may be of.
    ///   - pack: packs each prunable layer; dense unless said otherwise.
    /// - Throws: `Issue` for a missing or malformed file, another architecture, or a tensor of
    ///   another shape than the configuration says.
    public init(
        path: String, architectures: Architectures = .standard,
        pack: @escaping Packing = { _, weight, bias in DenseLinear(weight: weight, bias: bias) }
    ) throws {
        let checkpoint = try DecoderCheckpoint(path: path, architectures: architectures)
        let configuration = checkpoint.configuration
        let modules = checkpoint.modules
        guard let finalNorm = modules.finalNorm else {
            preconditionFailure("Architecture holds decoders to a final norm")
        }
        var loader = DecoderLoader(checkpoint: checkpoint, pack: pack)
        blocks = try (0..<configuration.blocks).map { try loader.block($0) }
        singleTokenBlocks = SingleTokenBlock.all(blocks)
        self.finalNorm = try loader.norm(finalNorm.name)
        embedding = try checkpoint.table(
            "\(modules.words.name).weight", rows: configuration.vocabulary, columns: configuration.hidden)
        positions = try modules.positions.map {
            AlignedBuffer(
                try checkpoint.table(
                    "\($0.name).weight", rows: configuration.maximumTokens, columns: configuration.hidden
                ).floats())
        }
        head = DenseLinear(
            weight: try checkpoint.matrix(
                "\(checkpoint.head.name).weight", rows: configuration.vocabulary,
                columns: configuration.hidden),
            bias: [Float](repeating: 0, count: configuration.vocabulary))
        guard let decoder = checkpoint.architecture.decoder else {
            preconditionFailure("a decoder's checkpoint of an encoder")
        }
        activation = decoder.activation
        self.checkpoint = checkpoint
        self.configuration = configuration
        layerShapes = loader.shapes
        biases = loader.biases
        parameterCount = checkpoint.parameters.reduce(0) { $0 + $1.rows * ($1.columns ?? 1) }
    }

    /// Memory for one text.
    ///
    /// - Parameters:
    ///   - capacity: the most tokens of the text, at most the model's own.
    ///   - passTokens: the most tokens of one pass.
    public func state(capacity: Int, passTokens: Int = 512, threads: Int) -> DecoderState {
        precondition(positions == nil || capacity <= configuration.maximumTokens)
        return DecoderState(self, capacity: max(capacity, 1), passTokens: passTokens, threads: threads)
    }

    /// The same model with another output layer.
    public func replacing(head: any LinearOperator) -> Decoder {
        precondition(head.rows == self.head.rows && head.columns == self.head.columns)
        var model = self
        model.head = head
        return model
    }

    /// The weight of the output layer [vocabulary × hidden], read from the file.
    public func headWeight() throws -> Matrix {
        return try checkpoint.matrix(
            "\(checkpoint.head.name).weight", rows: configuration.vocabulary, columns: configuration.hidden)
    }

    private init(_ model: Decoder, firstBlocks count: Int) {
        checkpoint = model.checkpoint
        configuration = model.configuration.with(blocks: count)
        blocks = Array(model.blocks.prefix(count))
        singleTokenBlocks = model.singleTokenBlocks.map { Array($0.prefix(count)) }
        layerShapes = Array(model.layerShapes.prefix(blocks.reduce(0) { $0 + $1.linears.count }))
        parameterCount = model.parameterCount
        head = model.head
        finalNorm = model.finalNorm
        embedding = model.embedding
        positions = model.positions
        activation = model.activation
        biases = model.biases
    }
}

extension Decoder: PrunableModel {
    /// One token after the other.
    public static var usualPhase: Workload.Phase { .decode }

    /// The output layer as it is packed, with an 8-bit copy for decoding, next to the embedding it may share
    /// weights with.
    public var otherSizeBytes: Int {
        let headCount = configuration.tiesEmbeddings ? 0 : head.rows * head.columns
        return (parameterCount - prunableParameterCount - headCount) * MemoryLayout<Float>.size
            + head.sizeBytes
    }

    /// The linear operators by layer name.
    public var operators: [String: any LinearOperator] {
        var result: [String: any LinearOperator] = [:]
        for linear in blocks.flatMap(\.linears) { result[linear.name] = linear.operation }
        return result
    }

    /// A layer's weight [rows × cols], read from the file.
    public func weight(of layer: String) throws -> Matrix {
        guard let shape = layerShapes.first(where: { $0.name == layer }) else {
            throw Issue(
                .mismatch, .path(checkpoint.container.file.path), field: .tensor(layer), advice: "is no layer"
            )
        }
        return try checkpoint.matrix("\(layer).weight", rows: shape.rows, columns: shape.cols)
    }

    /// A layer's bias; zeros where it has none.
    public func bias(of layer: String) -> [Float] {
        biases[layer] ?? []
    }

    /// The same model with other operators for some layers.
    public func replacing(_ operators: [String: any LinearOperator]) -> Decoder {
        var model = self
        model.blocks = blocks.map { block in
            block.mapped { $0.replaced(by: operators) }
        }
        model.singleTokenBlocks = SingleTokenBlock.all(model.blocks)
        return model
    }

    /// The first blocks: enough that their weights are as far from the processor as those of all.
    public var forProfiling: Decoder {
        Decoder(self, firstBlocks: min(4, blocks.count))
    }
}

/// Reads block after block, noting shapes and biases.
private struct DecoderLoader {
    let checkpoint: DecoderCheckpoint
    let pack: Decoder.Packing
    var shapes: [LayerShape] = []
    var biases: [String: [Float]] = [:]

    private var configuration: DecoderConfiguration { checkpoint.configuration }

    mutating func block(_ number: Int) throws -> Decoder.Block {
        let modules = checkpoint.modules
        let linears = try checkpoint.layers(ofBlock: number).map { try linear($0) }
        let inputs = linears.count - (modules.roles.contains(.feedForwardGate) ? 4 : 3)
        return Decoder.Block(
            attentionNorm: try norm(modules.module(modules.attentionNorm, ofBlock: number)),
            headNorms: try modules.headNorms.map { norms in
                Decoder.HeadNorms(
                    query: try headNorm(norms.query, ofBlock: number),
                    key: try headNorm(norms.key, ofBlock: number))
            },
            attentionInputs: Array(linears[..<inputs]), attentionOutput: linears[inputs],
            feedForwardNorm: try norm(modules.module(modules.feedForwardNorm, ofBlock: number)),
            feedForwardInputs: Array(linears[(inputs + 1)...].dropLast()),
            feedForwardOutput: linears[linears.count - 1])
    }

    func norm(_ name: String) throws -> any Normalization {
        let gamma = try checkpoint.vector("\(name).weight", count: configuration.hidden)
        switch checkpoint.modules.norm {
        case .rootMeanSquare: return RMSNorm(gamma: gamma, epsilon: configuration.epsilon)
        case .layer:
            let beta = try checkpoint.vector("\(name).bias", count: configuration.hidden)
            return LayerNorm(gamma: gamma, beta: beta, epsilon: configuration.epsilon)
        }
    }

    private func headNorm(_ module: ModuleName, ofBlock number: Int) throws -> RMSNorm {
        let name = checkpoint.modules.module(module, ofBlock: number)
        return RMSNorm(
            gamma: try checkpoint.vector("\(name).weight", count: configuration.headSize),
            epsilon: configuration.epsilon)
    }

    private mutating func linear(_ shape: LayerShape) throws -> NamedLinear {
        let (name, rows) = (shape.name, shape.rows)
        let weight = try checkpoint.matrix("\(name).weight", rows: rows, columns: shape.cols)
        let bias =
            checkpoint.modules[shape.role].hasBias
            ? try checkpoint.vector("\(name).bias", count: rows) : [Float](repeating: 0, count: rows)
        shapes.append(shape)
        biases[name] = bias
        return NamedLinear(name: name, operation: try pack(shape, weight, bias))
    }
}
