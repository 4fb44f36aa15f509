/// How the hidden states of a sequence become one vector: by one mode, or by several whose vectors stand end
/// to end.
///
/// It is the one definition that inference, training and exports compute by.
public struct SentencePooling: Sendable, Hashable {
    /// A way to pool, by the name that sentence-transformers gives it.
    public enum Mode: String, Sendable, CaseIterable {
        /// The first token.
        case firstToken = "cls"
        /// The highest value of each feature.
        case highest = "max"
        /// Σ h(t) / n over n tokens.
        case mean
        /// Σ h(t) / √n.
        case meanOverRoot = "mean_sqrt_len_tokens"
        /// Σ t·h(t) / Σ t, positions t from 1 (Muennighoff, 2022).
        case weightedMean = "weightedmean"
        /// The last token.
        case lastToken = "lasttoken"

        /// All names.
        static var allowed: String { allCases.map(\.rawValue).joined(separator: ", ") }
    }

    /// The modes, in the order of their vectors; at least one.
    public let modes: [Mode]
    /// Whether the tokens of a prompt are pooled too.
    public let includesPrompt: Bool
    /// First tokens of every sequence that are left out: those of a prompt that is not pooled.
    public private(set) var skippedTokens: Int

    /// Takes at least one mode.
    public init(_ modes: [Mode], includesPrompt: Bool = true, skippedTokens: Int = 0) {
        precondition(!modes.isEmpty, "pooling needs a mode")
        self.modes = modes
        self.includesPrompt = includesPrompt
        self.skippedTokens = skippedTokens
    }

    /// The same for sequences whose first tokens are a prompt's.
    public func following(promptTokens: Int) -> SentencePooling {
        var pooling = self
        pooling.skippedTokens = includesPrompt ? 0 : promptTokens
        return pooling
    }

    /// The mean over all tokens.
    public static let mean = SentencePooling([.mean])

    /// Features of the pooled vector.
    public func width(hidden: Int) -> Int { modes.count * hidden }

    /// The tokens of a sequence that are pooled; at least one of one or more.
    public func pooledTokens(of count: Int) -> Range<Int> {
        min(skippedTokens, max(count - 1, 0))..<count
    }

    /// Σ weight(t)·h(t) / divisor over some tokens of a sequence, counted from 0.
    public struct WeightedSum: Sendable {
        /// The tokens.
        public let tokens: Range<Int>
        /// What the sum is divided by.
        public let divisor: Float
        private let risesWithPosition: Bool

        init(_ tokens: Range<Int>, divisor: Float, risesWithPosition: Bool = false) {
            self.tokens = tokens
            self.divisor = divisor
            self.risesWithPosition = risesWithPosition
        }

        /// The weight of one token.
        public func weight(of token: Int) -> Float { risesWithPosition ? Float(token + 1) : 1 }
    }

    /// What a mode computes of a sequence of `count` tokens; nil for ``Mode/highest``, which is no sum.
    public func weightedSum(_ mode: Mode, count: Int) -> WeightedSum? {
        let tokens = pooledTokens(of: count)
        let length = Float(max(tokens.count, 1))
        switch mode {
        case .firstToken: return WeightedSum(tokens.prefix(1), divisor: 1)
        case .highest: return nil
        case .mean: return WeightedSum(tokens, divisor: length)
        case .meanOverRoot: return WeightedSum(tokens, divisor: length.squareRoot())
        case .weightedMean:
            let total = tokens.reduce(0) { $0 + Float($1 + 1) }
            return WeightedSum(tokens, divisor: max(total, 1), risesWithPosition: true)
        case .lastToken: return WeightedSum(tokens.suffix(1), divisor: 1)
        }
    }
}
