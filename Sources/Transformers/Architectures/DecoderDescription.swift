import ModelFiles

/// What the decoder needs to know of a family.
public struct DecoderDescription: Sendable {
    /// What feed-forward layers compute.
    public enum Activation: Sendable {
        /// GELU by the hyperbolic tangent.
        case gelu
        /// SiLU of the gate, times the values.
        case gatedSiLU
    }

    /// What feed-forward layers compute.
    public let activation: Activation
    /// Reads `config.json`, with the defaults of transformers' configuration class, and refuses what is not
    /// computed.
    public let configuration: @Sendable (ModelConfiguration) throws -> DecoderConfiguration
    /// The fields of `config.json` besides `model_type`, `vocab_size` and `tie_word_embeddings`.
    public let fields: @Sendable (DecoderConfiguration) -> [String: Any]
    /// How GGUF files say it; nil for a family that they do not have.
    public let gguf: GGUFDescription?

    /// Describes a family.
    public init(
        activation: Activation,
        configuration: @escaping @Sendable (ModelConfiguration) throws -> DecoderConfiguration,
        fields: @escaping @Sendable (DecoderConfiguration) -> [String: Any], gguf: GGUFDescription? = nil
    ) {
        self.activation = activation
        self.configuration = configuration
        self.fields = fields
        self.gguf = gguf
    }
}

/// A family in GGUF files.
public struct GGUFDescription: Sendable {
    /// Reads the metadata of a file.
    public typealias Reader =
        @Sendable (GGUFFile, GGUFDescription) throws -> DecoderConfiguration

    /// `general.architecture`, which keys begin with.
    public let name: String
    /// What normalization adds, without the name.
    public let epsilonKey: String
    /// Reads the metadata of a file.
    public let configuration: Reader

    /// Describes a family.
    public init(name: String, epsilonKey: String, configuration: @escaping Reader) {
        self.name = name
        self.epsilonKey = epsilonKey
        self.configuration = configuration
    }

    /// A key of the family's own: `llama.block_count`.
    public func key(_ rest: String) -> String { "\(name).\(rest)" }
}
