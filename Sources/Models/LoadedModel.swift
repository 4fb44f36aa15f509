import Levels
import SparseKernels
import Transformers

/// A model folder or file, loaded: ``EncoderModel``, ``ClassifierModel`` or ``DecoderModel``.
public protocol LoadedModel: Sendable {
    /// The network that is pruned.
    associatedtype Network: PrunableModel

    /// Loads a folder or a file, each layer packed by the pattern of its zeros in a precision.
    /// - Throws: `Issue` for what is missing, malformed or of another architecture.
    init(path: String, precision: Precision, _ capabilities: Capabilities) throws

    /// The folder or the file.
    var path: String { get }
    /// The network.
    var network: Network { get }
    /// Tokens of a sequence whose latency is measured by default.
    static var standardTokens: Int { get }
    /// The levels that a search for a phase chooses from by default.
    static func standardLevels(for phase: Workload.Phase) -> LevelSet
    /// Whether the model computes passes of a phase.
    static func computes(_ phase: Workload.Phase) -> Bool
    /// The longest input, in tokens.
    var maximumTokens: Int { get }
    /// What the architecture is called.
    var architecture: String { get }
    /// What its outputs depend on besides weights and token ids, as a text that differs where they do; nil
    /// where it is what is usual.
    var outputIdentity: String? { get }
    /// What token ids depend on besides the weights, as a text that differs where they do.
    var inputIdentity: String { get }
    /// SHA-256 of the weights.
    func digest() throws -> String
}

extension LoadedModel {
    /// Loads with what Secateur brings.
    public init(path: String, precision: Precision) throws {
        try self.init(path: path, precision: precision, .standard)
    }

    /// What is usual.
    public var outputIdentity: String? { nil }

    public var inputIdentity: String { "" }

    /// Bytes of the weights as they are held in memory, packed, embeddings included.
    public var sizeBytes: Int { network.sizeBytes }
}
