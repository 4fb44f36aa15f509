import Levels
import ModelFiles

/// Sizes and settings of a decoder.
public struct DecoderConfiguration: Sendable, Equatable {
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
    public private(set) var maximumTokens: Int
    /// What normalization adds to the mean square or the variance.
    public let epsilon: Double
    /// Rotary positions; nil where positions are learned.
    public let rotary: RotaryPositions?
    /// Blocks whose queries and keys are not rotated, though those of others are.
    public let unrotatedBlocks: Set<Int>
    /// Whether the output layer is the token embedding.
    public var tiesEmbeddings: Bool

    /// Takes the sizes and settings.
    public init(
        hidden: Int, intermediate: Int, blocks: Int, heads: Int, keyValueHeads: Int, headSize: Int,
        vocabulary: Int, maximumTokens: Int, epsilon: Double, rotary: RotaryPositions?,
        unrotatedBlocks: Set<Int> = [],
        tiesEmbeddings: Bool
    ) {
        self.hidden = hidden
        self.intermediate = intermediate
        self.blocks = blocks
        self.heads = heads
        self.keyValueHeads = keyValueHeads
        self.headSize = headSize
        self.vocabulary = vocabulary
        self.maximumTokens = maximumTokens
        self.epsilon = epsilon
        self.rotary = rotary
        self.unrotatedBlocks = unrotatedBlocks
        self.tiesEmbeddings = tiesEmbeddings
    }

    /// The largest head that the attention kernels take.
    static let largestHead = 256

    /// The same with fewer blocks.
    func with(blocks: Int) -> DecoderConfiguration {
        var configuration = self
        configuration.blocks = blocks
        return configuration
    }

    /// Whether a block's queries and keys are rotated.
    func rotates(block: Int) -> Bool { rotary != nil && !unrotatedBlocks.contains(block) }

    /// The same for texts of at most a number of tokens.
    func with(maximumTokens: Int) -> DecoderConfiguration {
        var configuration = self
        configuration.maximumTokens = min(maximumTokens, self.maximumTokens)
        return configuration
    }

    /// Stops files whose sizes do not go together.
    /// - Throws: `Issue`.
    func checked(file: String) throws -> DecoderConfiguration {
        guard heads % keyValueHeads == 0 else {
            throw Issue(
                .mismatch, .path(file), field: "key-value heads", found: "\(keyValueHeads)",
                allowed: "a divisor of the \(heads) heads")
        }
        guard headSize % 2 == 0, headSize <= Self.largestHead else {
            throw Issue(
                .unsupported, .path(file), field: "head size", found: "\(headSize)",
                allowed: "an even number up to \(Self.largestHead)")
        }
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
