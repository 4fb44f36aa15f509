import Levels
import Transformers

extension EncoderModel: LoadedModel {
    /// Loads a folder.
    public init(path: String, precision: Precision, _ capabilities: Capabilities) throws {
        try self.init(
            folder: path, architectures: capabilities.architectures, precision: precision,
            formats: capabilities.formats)
    }

    /// The folder.
    public var path: String { folder }

    /// 128
    public static let standardTokens = 128

    /// ``LevelSet/standard``
    public static func standardLevels(for phase: Workload.Phase) -> LevelSet { .mixed }

    /// Whole sequences only.
    public static func computes(_ phase: Workload.Phase) -> Bool { phase == .prefill }

    public var network: Encoder { encoder }

    /// How hidden states become embeddings.
    public var outputIdentity: String? {
        encoder.sentences == .standard ? nil : encoder.sentences.identity
    }

    /// How sentences become token ids.
    public var inputIdentity: String { sentences.identity }

    /// `model_type` of the folder, such as `bert`
    public var architecture: String { encoder.architecture.modelType }
}

extension ClassifierModel: LoadedModel {
    /// Loads a folder.
    public init(path: String, precision: Precision, _ capabilities: Capabilities) throws {
        try self.init(
            folder: path, architectures: capabilities.architectures, precision: precision,
            formats: capabilities.formats)
    }

    /// The folder.
    public var path: String { base.folder }

    /// 128
    public static let standardTokens = EncoderModel.standardTokens

    /// ``LevelSet/standard``
    public static func standardLevels(for phase: Workload.Phase) -> LevelSet { .mixed }

    /// Whole sequences only.
    public static func computes(_ phase: Workload.Phase) -> Bool { phase == .prefill }

    /// The encoder with its head.
    public var network: SequenceClassifier { classifier }

    /// The longest input, in tokens.
    public var maximumTokens: Int { base.maximumTokens }

    /// How sentences become token ids.
    public var inputIdentity: String { base.inputIdentity }

    /// The encoder's.
    public var architecture: String { base.architecture }

    /// SHA-256 of the weights file.
    public func digest() throws -> String { try base.digest() }
}
