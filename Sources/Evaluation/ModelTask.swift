import Tensors
import Transformers

/// What a model is judged by.
public protocol ModelTask<Model>: Sendable {
    /// The kind of model.
    associatedtype Model: PrunableModel
    /// The name of the score, for reports: `spearman`, `fidelity`, `perplexity`.
    var metric: String { get }
    /// How many items the score is over: pairs, sentences, or predicted tokens.
    var count: Int { get }
    /// Tokens that a model is run on for its score.
    var tokens: Int { get }
    /// The score of a model.
    func score(_ model: Model, pool: ThreadPool) -> Double
    /// How far a model's embeddings of the items stay in the space of the dense one's; nil for models that do not embed.
    func space(of model: Model, dense: Model, pool: ThreadPool) -> SpaceKept?
    /// The same score over a random part of the items, for a cheap first look; nil where it cannot be cut up.
    func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Model>)?
}

extension ModelTask {
    /// Has no embeddings.
    public func space(of model: Model, dense: Model, pool: ThreadPool) -> SpaceKept? { nil }

    /// Cannot be cut up.
    public func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Model>)? { nil }
}

/// Which items a part of a task is over.
public enum PartItems {
    /// A share of `count` places, `least` at least, in order.
    public static func drawn(
        _ share: Double, of count: Int, least: Int, using random: inout CounterBasedRandom
    ) -> [Int] {
        let wanted = min(count, max(least, Int((share * Double(count)).rounded())))
        return (0..<count).shuffled(using: &random).prefix(wanted).sorted()
    }
}
