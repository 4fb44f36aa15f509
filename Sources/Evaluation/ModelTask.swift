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
}
