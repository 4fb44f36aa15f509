import ModelFiles
import Tensors

/// A BERT folder being read: its configuration and its tensors, with or without the prefix `bert.`.
public struct BERTCheckpoint {
    /// Sizes of the model.
    public let dimensions: BERT.Dimensions
    /// Transformer blocks.
    public let layerCount: Int
    /// Rows of the word embedding.
    public let vocabularySize: Int
    /// Rows of the token type embedding.
    public let typeVocabularySize: Int
    /// What layer normalisation adds to the variance.
    public let epsilon: Double
    /// Number of parameters of the whole model.
    public let parameterCount: Int
    private let file: SafetensorsFile
    private let prefix: String

    /// Opens a folder.
    /// - Throws: `ModelFileError` for a missing or malformed file, or another architecture.
    public init(folder: String) throws {
        let configuration = try ModelConfiguration(folder: folder)
        let type = try configuration.modelType
        guard type == "bert" else {
            throw ModelFileError(
                file: configuration.path, message: "model_type: found '\(type)', allowed 'bert'")
        }
        let activation = try configuration.hiddenActivation
        guard activation == "gelu" else {
            throw ModelFileError(
                file: configuration.path, message: "hidden_act: found '\(activation)', allowed 'gelu'")
        }
        dimensions = BERT.Dimensions(
            hidden: try configuration.hiddenSize, intermediate: try configuration.intermediateSize,
            heads: try configuration.attentionHeadCount,
            maximumTokens: try configuration.maximumPositions)
        layerCount = try configuration.layerCount
        vocabularySize = try configuration.vocabularySize
        typeVocabularySize = try configuration.typeVocabularySize
        epsilon = try configuration.layerNormEpsilon
        file = try SafetensorsFile(path: "\(folder)/model.safetensors")
        prefix = file.tensors["bert.embeddings.word_embeddings.weight"] == nil ? "" : "bert."
        parameterCount = file.tensors.values.reduce(0) { total, tensor in
            [.f32, .f16, .bf16, .f64].contains(tensor.elementType) ? total + tensor.elementCount : total
        }
    }

    /// A parameter by its name without the prefix.
    /// - Throws: `ModelFileError` when it is missing, of another shape, or holds no numbers.
    public func tensor(_ name: String, _ shape: [Int]) throws -> [Float] {
        try file.float32(prefix + name, shape: shape)
    }

    func norm(_ name: String) throws -> LayerNorm {
        LayerNorm(
            gamma: try tensor("\(name).weight", [dimensions.hidden]),
            beta: try tensor("\(name).bias", [dimensions.hidden]), epsilon: epsilon)
    }
}
