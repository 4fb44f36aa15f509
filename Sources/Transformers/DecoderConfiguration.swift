import ModelFiles

/// The decoder architectures that are known, by the names of `model_type` and `general.architecture`.
public enum DecoderArchitecture: String, Sendable, CaseIterable {
    case llama
    case gpt2

    /// What GGUF calls the epsilon of its normalization, after `ARCHITECTURE.attention.`.
    public var ggufEpsilonKey: String {
        switch self {
        case .llama: "layer_norm_rms_epsilon"
        case .gpt2: "layer_norm_epsilon"
        }
    }
}

/// Sizes and settings of a decoder.
public struct DecoderConfiguration: Sendable, Equatable {
    /// The architecture.
    public let architecture: DecoderArchitecture
    /// Width of the hidden states.
    public let hidden: Int
    /// Width between the feed-forward layers.
    public let intermediate: Int
    /// Transformer blocks.
    public private(set) var blocks: Int
    /// Attention heads.
    public let heads: Int
    /// Heads of keys and values, a divisor of ``heads``.
    public let keyValueHeads: Int
    /// Width of a head.
    public let headSize: Int
    /// Rows of the token embedding.
    public let vocabulary: Int
    /// The longest sequence, in tokens.
    public let maximumTokens: Int
    /// What normalisation adds to the mean square or the variance.
    public let epsilon: Double
    /// The base of rotary positions; nil where positions are learnt.
    public let rotaryBase: Double?
    /// Whether the output layer is the token embedding.
    public var tiesEmbeddings: Bool

    /// The largest head that the attention kernels take.
    static let largestHead = 256

    /// The same with fewer blocks.
    func with(blocks: Int) -> DecoderConfiguration {
        var configuration = self
        configuration.blocks = blocks
        return configuration
    }

    /// Stops files whose sizes do not go together.
    /// - Throws: `ModelFileError`.
    func checked(file: String) throws -> DecoderConfiguration {
        func require(_ holds: Bool, _ message: String) throws {
            guard holds else { throw ModelFileError(file: file, message: message) }
        }
        try require(
            heads % keyValueHeads == 0,
            "key-value heads: found \(keyValueHeads), allowed a divisor of the \(heads) heads")
        try require(
            headSize % 2 == 0 && headSize <= Self.largestHead,
            "head size: found \(headSize), allowed an even number up to \(Self.largestHead)")
        return self
    }
}

/// The formats that decoders are stored in.
public enum DecoderFormat: String, Sendable, CaseIterable {
    case gguf
    /// A Hugging Face folder.
    case folder
}

/// A parameter by its Hugging Face name: a matrix [rows × columns], or a vector.
public struct DecoderParameter: Sendable, Equatable {
    /// Such as `model.layers.0.self_attn.q_proj.weight`.
    public let name: String
    /// Rows, or a vector's length.
    public let rows: Int
    /// Columns; nil for a vector.
    public let columns: Int?
}

extension DecoderConfiguration {
    var names: DecoderNames {
        switch architecture {
        case .llama: Llama.names
        case .gpt2: GPT2.names
        }
    }

    /// Whether linear layers and norms have biases.
    var hasBiases: Bool { architecture == .gpt2 }

    /// Where a parameter stands in files of a format.
    func stored(_ name: String, in format: DecoderFormat) -> StoredParameter {
        switch (architecture, format) {
        case (.llama, .gguf): Llama.inGGUF(name, self)
        case (.llama, .folder): StoredParameter(name: name)
        case (.gpt2, .gguf): GPT2.inGGUF(name)
        case (.gpt2, .folder): GPT2.inFolder(name)
        }
    }

    /// The name and the shape that a parameter has in files of a format.
    public func place(of parameter: DecoderParameter, in format: DecoderFormat) -> (
        name: String, shape: [Int]
    ) {
        let stored = stored(parameter.name, in: format)
        return (
            stored.name,
            parameter.columns.map { stored.shape(rows: parameter.rows, columns: $0) } ?? [parameter.rows]
        )
    }

    /// Output and input features of a block's linear layers by module name, in the order of computation.
    var linearShapes: [(module: String, rows: Int, columns: Int)] {
        let (query, keyValue) = (heads * headSize, keyValueHeads * headSize)
        let inputRows =
            names.attentionInputs.count == 1 ? [query + 2 * keyValue] : [query, keyValue, keyValue]
        return zip(names.attentionInputs, inputRows).map { ($0, $1, hidden) }
            + [(names.attentionOutput, hidden, query)]
            + names.feedForwardInputs.map { ($0, intermediate, hidden) }
            + [(names.feedForwardOutput, hidden, intermediate)]
    }

    /// Every parameter of the model.
    public var parameters: [DecoderParameter] {
        func norm(_ name: String) -> [DecoderParameter] {
            [DecoderParameter(name: "\(name).weight", rows: hidden, columns: nil)]
                + (hasBiases ? [DecoderParameter(name: "\(name).bias", rows: hidden, columns: nil)] : [])
        }
        func matrix(_ name: String, _ rows: Int, _ columns: Int) -> DecoderParameter {
            DecoderParameter(name: "\(name).weight", rows: rows, columns: columns)
        }
        let inner = (0..<blocks).flatMap { number in
            let prefix = "\(names.block).\(number)"
            let linears = linearShapes.flatMap { linear in
                [matrix("\(prefix).\(linear.module)", linear.rows, linear.columns)]
                    + (hasBiases
                        ? [
                            DecoderParameter(
                                name: "\(prefix).\(linear.module).bias", rows: linear.rows, columns: nil)
                        ]
                        : [])
            }
            return norm("\(prefix).\(names.attentionNorm)") + norm("\(prefix).\(names.feedForwardNorm)")
                + linears
        }
        return [matrix(names.embedding, vocabulary, hidden)]
            + (names.positions.map { [matrix($0, maximumTokens, hidden)] } ?? [])
            + inner + norm(names.finalNorm) + (tiesEmbeddings ? [] : [matrix(names.head, vocabulary, hidden)])
    }
}
