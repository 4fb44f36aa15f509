import ModelFiles

/// The decoder architectures that are known, by the names of `model_type` and `general.architecture`.
public enum DecoderArchitecture: String, Sendable, CaseIterable {
    case llama
    case gpt2
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
    public let blocks: Int
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
        DecoderConfiguration(
            architecture: architecture, hidden: hidden, intermediate: intermediate, blocks: blocks, heads: heads,
            keyValueHeads: keyValueHeads, headSize: headSize, vocabulary: vocabulary,
            maximumTokens: maximumTokens, epsilon: epsilon, rotaryBase: rotaryBase,
            tiesEmbeddings: tiesEmbeddings)
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
