import Tensors
import Tokenizers
import Transformers

/// Classification of sentences or of pairs of them: a metric of the classes with the highest logits.
public struct ClassificationTask: ModelTask {
    /// Which metric the score is.
    public let classificationMetric: ClassificationMetric
    /// Token ids of every sentence or pair.
    public let sequences: [[Int32]]
    /// For pairs, how many tokens of each are of its first sentence; nil for single sentences.
    public let firsts: [Int]?
    /// The right class of each.
    public let labels: [Int]

    /// Tokenizes examples.
    ///
    /// - Parameter maximumTokens: the longest sequence; pairs are cut longest sentence first.
    public init(
        examples: LabelledExamples, tokenizer: Tokenizer, maximumTokens: Int,
        metric: ClassificationMetric = .accuracy
    ) {
        classificationMetric = metric
        labels = examples.labels
        switch examples.text {
        case .sentences(let sentences):
            sequences = tokenizer.encode(sentences, maximumTokens: maximumTokens)
            firsts = nil
        case .pairs(let pairs):
            let encoded = pairs.map {
                tokenizer.encode(pair: $0.first, $0.second, maximumTokens: maximumTokens)
            }
            sequences = encoded.map(\.ids)
            firsts = encoded.map(\.firstCount)
        }
    }

    private init(
        sequences: [[Int32]], firsts: [Int]?, labels: [Int], metric: ClassificationMetric
    ) {
        self.sequences = sequences
        self.firsts = firsts
        self.labels = labels
        classificationMetric = metric
    }

    /// The same of some examples.
    public func part(_ items: [Int]) -> ClassificationTask {
        ClassificationTask(
            sequences: items.map { sequences[$0] }, firsts: firsts.map { firsts in items.map { firsts[$0] } },
            labels: items.map { labels[$0] }, metric: classificationMetric)
    }

    /// `accuracy`, `f1` or `matthews`
    public var metric: String { classificationMetric.rawValue }
    public var count: Int { labels.count }
    /// Tokens of all sequences.
    public var tokens: Int { sequences.reduce(0) { $0 + $1.count } }

    /// The metric of a model's predictions.
    public func score(_ model: SequenceClassifier, pool: ThreadPool) -> Double {
        score(predictions: predictions(of: model, pool: pool))
    }

    /// The metric of predictions, one for each example.
    public func score(predictions: [Int]) -> Double {
        classificationMetric.score(predictions: predictions, labels: labels)
    }

    /// The class with the highest logit for each example, the first of equal ones.
    public func predictions(of model: SequenceClassifier, pool: ThreadPool) -> [Int] {
        logits(of: model, pool: pool).highestColumns
    }

    /// A model's logits [examples × classes].
    public func logits(of model: SequenceClassifier, pool: ThreadPool) -> Matrix {
        model.logits(of: sequences, firsts: firsts, pool: pool)
    }
}
