import Foundation
import Tensors
import Transformers

/// Agreement of next-token distributions with the dense model's, without labels: exp(−KL), with KL the mean
/// of KL(dense ‖ model) over all positions; 1 for the dense model itself.
///
/// The dense model's hidden states are kept, and turned into its distributions by the output layer, which
/// both models share, whenever they are needed.
public struct DivergenceTask: ModelTask {
    /// What a model gets.
    public struct Result: Sendable, Equatable {
        /// Mean KL divergence, in nats per token.
        public let divergence: Double
        /// Fraction of positions where both find the same token likeliest.
        public let agreement: Double
    }

    /// `exp(-KL)`
    public let metric = "exp(-KL)"
    private let windows: [[Int32]]
    private let dense: Decoder
    private let hidden: [Matrix]

    /// Runs the dense model over windows of token ids.
    public init(windows: [[Int32]], dense: Decoder, pool: ThreadPool) {
        self.windows = windows
        self.dense = dense
        let predictions = TokenPredictions(model: dense, longest: Self.longest(windows), pool: pool)
        hidden = windows.map { predictions.hiddenStates(of: $0).matrix }
    }

    private init(windows: [[Int32]], dense: Decoder, hidden: [Matrix]) {
        self.windows = windows
        self.dense = dense
        self.hidden = hidden
    }

    /// One window at least.
    public func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Decoder>)? {
        let chosen = PartItems.drawn(share, of: windows.count, least: 1, using: &random)
        return DivergenceTask(
            windows: chosen.map { windows[$0] }, dense: dense, hidden: chosen.map { hidden[$0] })
    }

    private static func longest(_ windows: [[Int32]]) -> Int {
        windows.map(\.count).max() ?? 0
    }

    /// Number of positions.
    public var count: Int { tokens }
    /// Tokens of all windows.
    public var tokens: Int { windows.reduce(0) { $0 + $1.count } }

    /// exp(−KL).
    public func score(_ model: Decoder, pool: ThreadPool) -> Double {
        exp(-evaluate(model, countingAgreement: false, pool: pool).divergence)
    }

    /// The divergence and the agreement.
    public func evaluate(_ model: Decoder, pool: ThreadPool) -> Result {
        evaluate(model, countingAgreement: true, pool: pool)
    }

    private func evaluate(_ model: Decoder, countingAgreement: Bool, pool: ThreadPool) -> Result {
        let own = TokenPredictions(model: model, longest: Self.longest(windows), pool: pool)
        let reference = TokenPredictions(model: dense, longest: 1, pool: pool)
        var divergence = 0.0
        var agreeing = 0
        for (window, expected) in zip(windows, hidden) {
            let denseHidden = PanelMatrix(expected)
            own.forEachChunk(of: own.hiddenStates(of: window)) { first, logits in
                let denseLogits = reference.logits(of: denseHidden, from: first)
                let values = LogitStatistics.divergences(denseLogits, logits, pool: pool)
                for token in 0..<logits.tokens { divergence += Double(values[token]) }
                guard countingAgreement else { return }
                let pairs = zip(
                    LogitStatistics.likeliest(denseLogits, pool: pool),
                    LogitStatistics.likeliest(logits, pool: pool))
                agreeing += pairs.prefix(logits.tokens).count { $0 == $1 }
            }
        }
        return Result(
            divergence: max(divergence / Double(count), 0), agreement: Double(agreeing) / Double(count))
    }
}
