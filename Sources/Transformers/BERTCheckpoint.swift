import ModelFiles
import Tensors

/// A BERT folder being read: its configuration and its tensors, with or without the prefix `bert.`.
public struct BERTCheckpoint {
    /// What is left of one block.
    public struct BlockSizes: Sendable {
        /// Attention heads.
        public let heads: Int
        /// Neurons of the feed-forward layer.
        public let intermediate: Int
    }

    let configuration: ModelConfiguration
    /// Sizes of the model.
    public let dimensions: BERT.Dimensions
    /// One entry for each block.
    public let blocks: [BlockSizes]
    /// Transformer blocks.
    public var layerCount: Int { blocks.count }
    /// Rows of the word embedding.
    public let vocabularySize: Int
    /// Rows of the token type embedding.
    public let typeVocabularySize: Int
    /// What layer normalisation adds to the variance.
    public let epsilon: Double
    /// Number of parameters of the whole model.
    public let parameterCount: Int
    let file: SafetensorsFile
    private let prefix: String

    /// Opens a folder.
    /// - Throws: `ModelFileError` for a missing or malformed file, or another architecture.
    public init(folder: String) throws {
        configuration = try ModelConfiguration(folder: folder)
        let type = try configuration.modelType
        guard type == "bert" else {
            throw ModelFileError(
                file: configuration.path, message: "model_type: found '\(type)', allowed 'bert'")
        }
        try configuration.requireGELU()
        vocabularySize = try configuration.vocabularySize
        typeVocabularySize = try configuration.typeVocabularySize
        epsilon = try configuration.layerNormEpsilon
        file = try SafetensorsFile(path: "\(folder)/model.safetensors")
        prefix = file.tensors["bert.embeddings.word_embeddings.weight"] == nil ? "" : "bert."
        parameterCount = file.tensors.values.reduce(0) { total, tensor in
            [.f32, .f16, .bf16, .f64].contains(tensor.elementType) ? total + tensor.elementCount : total
        }
        blocks = try BERTBlockReader(configuration, file, prefix: prefix).blocks()
        dimensions = BERT.Dimensions(
            hidden: try configuration.hiddenSize, intermediate: blocks.map(\.intermediate).max() ?? 0,
            heads: try configuration.attentionHeadCount,
            maximumTokens: try configuration.maximumPositions)
    }

    /// A parameter by its name without the prefix.
    /// - Throws: `ModelFileError` when it is missing, of another shape, or holds no numbers.
    public func tensor(_ name: String, _ shape: [Int]) throws -> [Float] {
        try file.weights(prefix + name, shape: shape)
    }

    func norm(_ name: String) throws -> LayerNorm {
        LayerNorm(
            gamma: try tensor("\(name).weight", [dimensions.hidden]),
            beta: try tensor("\(name).bias", [dimensions.hidden]), epsilon: epsilon)
    }
}

/// Finds out from the tensors' shapes how many heads and neurons each block has left.
private struct BERTBlockReader {
    private let configuration: ModelConfiguration
    private let file: SafetensorsFile
    private let prefix: String
    private let hidden: Int
    private let heads: Int
    private let intermediate: Int
    private let prunedHeads: [Int: Set<Int>]

    init(_ configuration: ModelConfiguration, _ file: SafetensorsFile, prefix: String) throws {
        self.configuration = configuration
        self.file = file
        self.prefix = prefix
        hidden = try configuration.hiddenSize
        heads = try configuration.attentionHeadCount
        intermediate = try configuration.intermediateSize
        prunedHeads = try configuration.prunedHeads
    }

    func blocks() throws -> [BERTCheckpoint.BlockSizes] {
        try (0..<(try configuration.layerCount)).map { block in
            BERTCheckpoint.BlockSizes(heads: try heads(of: block), intermediate: try width(of: block))
        }
    }

    private func heads(of block: Int) throws -> Int {
        let size = hidden / heads
        let name = "\(prefix)encoder.layer.\(block).attention.self.query.weight"
        let rows = try rows(
            name, allowed: "a multiple of the head size \(size), from \(size) to \(hidden)"
        ) { $0 % size == 0 && (size...hidden).contains($0) }
        let left = heads - (prunedHeads[block]?.count ?? 0)
        guard rows / size == left || !configuration.has("pruned_heads") else {
            throw ModelFileError(
                file: file.path, tensor: name,
                message: "found \(rows / size) heads of \(size) rows, allowed \(left), "
                    + "as pruned_heads of \(configuration.path) says")
        }
        return rows / size
    }

    private func width(of block: Int) throws -> Int {
        try rows(
            "\(prefix)encoder.layer.\(block).intermediate.dense.weight",
            allowed: "from 1 to intermediate_size \(intermediate)"
        ) { (1...intermediate).contains($0) }
    }

    /// The rows of a matrix [rows × hidden].
    private func rows(_ name: String, allowed: String, _ isAllowed: (Int) -> Bool) throws -> Int {
        let shape = try file.info(name).shape
        guard shape.count == 2, shape[1] == hidden, isAllowed(shape[0]) else {
            throw ModelFileError(
                file: file.path, tensor: name,
                message: "found shape \(shape), allowed [rows, \(hidden)] with rows \(allowed)")
        }
        return shape[0]
    }
}

extension ModelConfiguration {
    /// Refuses an encoder with another activation.
    public func requireGELU() throws {
        let activation = try hiddenActivation
        guard activation == "gelu" else {
            throw ModelFileError(file: path, message: "hidden_act: found '\(activation)', allowed 'gelu'")
        }
    }
}
