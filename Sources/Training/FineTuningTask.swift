import Evaluation
import Tensors
import Tokenizers

/// What a model is fine-tuned for.
public enum FineTuningTask: String, Sendable, Codable, CaseIterable {
    /// Semantic textual similarity: pairs with a score from 0 to 5, judged by Spearman's ρ.
    case sts
    /// Classes of sentences or of pairs.
    case classification

    /// Reads labelled data: tab-separated with one header line, columns `sentence1`, `sentence2` and `score`,
    /// or `sentence` (or `sentence1` and `sentence2`) and `label`.
    ///
    /// - Parameter classes: labels must be below it.
    /// - Throws: `EvaluationError` that names the line.
    public func examples(path: String, classes: Int, tokenizer: SentenceTokenizer) throws
        -> [TrainingExample]
    {
        switch self {
        case .sts:
            return try Datasets.scoredPairs(path: path, scores: 0...Self.highestScore).map { pair in
                let sequences = tokenizer.encode([pair.first, pair.second])
                return TrainingExample(
                    sequences[0], sequences[1], similarity: pair.score / Self.highestScore)
            }
        case .classification:
            let task = ClassificationTask(
                examples: try Datasets.labelled(path: path, classes: classes), tokenizer: tokenizer.words,
                maximumTokens: tokenizer.maximumTokens)
            return task.sequences.indices.map {
                TrainingExample(
                    sequence: task.sequences[$0], first: task.firsts?[$0], label: task.labels[$0])
            }
        }
    }

    /// The highest similarity that people gave.
    private static let highestScore = 5.0

    /// The name of the score.
    public func metricName(_ metric: ClassificationMetric) -> String {
        self == .sts ? "spearman" : metric.rawValue
    }

    /// The score of a model's outputs for labelled examples, higher being better.
    public func score(_ outputs: Matrix, _ examples: [TrainingExample], metric: ClassificationMetric)
        -> Double
    {
        switch self {
        case .sts:
            return STSTask.score(outputs, scores: examples.compactMap(\.target).map(Double.init))
        case .classification:
            return metric.score(predictions: outputs.highestColumns, labels: examples.compactMap(\.label))
        }
    }
}
