import CKernels
import Tensors

/// Keys and values of the tokens so far, for every block: [heads][tokens][head size], rows filled up with
/// zeros to whole vectors.
final class KeyValueCache {
    let capacity: Int
    let stride: Int
    private let headCount: Int
    private let keys: [AlignedScratch]
    private let values: [AlignedScratch]

    init(_ configuration: DecoderConfiguration, capacity: Int) {
        self.capacity = capacity
        stride = (configuration.headSize + 15) / 16 * 16
        headCount = configuration.keyValueHeads
        let floats = headCount * capacity * stride
        keys = (0..<configuration.blocks).map { _ in AlignedScratch(count: floats) }
        values = (0..<configuration.blocks).map { _ in AlignedScratch(count: floats) }
    }

    /// The first row of one head's keys.
    func keys(block: Int, head: Int) -> UnsafeMutablePointer<Float> {
        keys[block].address + head * capacity * stride
    }

    /// The first row of one head's values.
    func values(block: Int, head: Int) -> UnsafeMutablePointer<Float> {
        values[block].address + head * capacity * stride
    }
}

/// A text in the making: the keys and values of its tokens so far, and memory that passes work in.
public final class DecoderState {
    /// Tokens seen so far. Setting it to fewer forgets those after.
    public var position = 0 {
        didSet { precondition(position >= 0 && position <= cache.capacity) }
    }
    /// The most tokens of one pass.
    public let passTokens: Int
    /// The most tokens of a text.
    public var capacity: Int { cache.capacity }

    let cache: KeyValueCache
    let hidden: PanelMatrix
    let normed: PanelMatrix
    let attentionInputs: [PanelMatrix]
    let context: PanelMatrix
    let projected: PanelMatrix
    let feedForwardInputs: [PanelMatrix]
    let cosines: PanelMatrix
    let sines: PanelMatrix
    let scratch: [AlignedScratch]
    /// The last token's hidden state, and the logits after it.
    let last: PanelMatrix
    let logits: PanelMatrix
    let singleToken: SingleTokenMemory

    /// Allocates.
    ///
    /// - Parameters:
    ///   - capacity: the most tokens of a text.
    ///   - passTokens: the most tokens of one pass; longer inputs are cut into several.
    init(_ model: Decoder, capacity: Int, passTokens: Int, threads: Int) {
        let configuration = model.configuration
        self.passTokens = min(passTokens, capacity)
        let tokens = self.passTokens
        cache = KeyValueCache(configuration, capacity: capacity)
        func states(_ features: Int) -> PanelMatrix { PanelMatrix(features: features, tokens: tokens) }
        hidden = states(configuration.hidden)
        normed = states(configuration.hidden)
        projected = states(configuration.hidden)
        context = states(configuration.heads * configuration.headSize)
        attentionInputs = model.blocks[0].attentionInputs.map { states($0.operation.rows) }
        feedForwardInputs = model.blocks[0].feedForwardInputs.map { states($0.operation.rows) }
        cosines = states(configuration.headSize / 2)
        sines = states(configuration.headSize / 2)
        last = PanelMatrix(features: configuration.hidden, tokens: 1)
        logits = PanelMatrix(features: model.head.rows, tokens: 1)
        singleToken = SingleTokenMemory(model, stride: cache.stride, threads: threads)
        scratch = (0..<threads).map { _ in AlignedScratch(count: secateur_causal_scratch(capacity)) }
    }

    /// The hidden states of the last pass after the final normalization [hidden × tokens].
    public var output: PanelMatrix { normed }

    func reshape(tokens: Int) {
        for states in [hidden, normed, context, projected, cosines, sines] + attentionInputs
            + feedForwardInputs
        {
            precondition(states.reshape(tokens: tokens), "a pass takes \(passTokens) tokens")
        }
    }
}

/// The cache as workers see it.
struct UncheckedCache: @unchecked Sendable {
    // Unchecked: each worker writes to the rows of its own heads, and reads when all have written.
    let cache: KeyValueCache

    init(_ cache: KeyValueCache) {
        self.cache = cache
    }
}
