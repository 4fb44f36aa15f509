import Evaluation
import Tensors
import Tokenizers

/// What a model is fine-tuned for: which outputs are trained, how labelled files are read, and what scores.
///
/// A new one is a value, which the search task of its name offers; `finetune` and `prune` take it by that
/// name.
public struct FineTuningTask: Sendable {
    /// The outputs that are trained.
    public enum Head: Sendable {
        /// Embeddings of sentences, by their cosines.
        case embeddings
        /// Probabilities of classes.
        case classes
    }

    public let name: String
    /// What is trained.
    public let head: Head
    private let read:
        @Sendable (_ path: String, _ classes: ClassLabels, _ tokenizer: SentenceTokenizer) throws ->
            [TrainingExample]
    private let fixedMetric: String?
    /// The score of what means the same; nil where the data say it, or there are classes.
    private var highestScore: Double?
    private let judge: @Sendable (Matrix, [TrainingExample], ClassificationMetric) -> Double

    /// Puts a task together.
    ///
    /// - Parameters:
    ///   - metric: the name of its score; nil where it is the metric of classes that is chosen.
    ///   - read: reads labelled data, with labels of `classes`; throws with the file and the line.
    ///   - judge: the score of outputs for labelled examples, higher being better.
    public init(
        name: String, head: Head, metric: String?,
        read:
            @escaping @Sendable (
                _ path: String, _ classes: ClassLabels, _ tokenizer: SentenceTokenizer
            ) throws -> [TrainingExample],
        judge: @escaping @Sendable (Matrix, [TrainingExample], ClassificationMetric) -> Double
    ) {
        self.name = name
        self.head = head
        fixedMetric = metric
        self.read = read
        self.judge = judge
    }

    /// Reads labelled data.
    ///
    /// - Parameter classes: what labels may be.
    /// - Throws: an error that names the file and the line.
    public func examples(path: String, classes: ClassLabels, tokenizer: SentenceTokenizer) throws
        -> [TrainingExample]
    {
        try read(path, classes, tokenizer)
    }

    /// The name of the score.
    public func metricName(_ metric: ClassificationMetric) -> String { fixedMetric ?? metric.rawValue }

    /// The score of a model's outputs for labelled examples, higher being better.
    public func score(_ outputs: Matrix, _ examples: [TrainingExample], metric: ClassificationMetric)
        -> Double
    {
        judge(outputs, examples, metric)
    }
}

extension FineTuningTask {
    /// Semantic textual similarity: a table's `sentence1`, `sentence2` and `score`, judged by Spearman's ρ. Scores are
    /// from 0 to 5, or from 0 to 1 where none is above it.
    public static let sts = similarities(highest: nil)

    /// The same with scores from 0 to a number that means the same.
    ///
    /// - Parameter highest: nil for what the data say.
    public static func similarities(highest: Double?) -> FineTuningTask {
        var task = FineTuningTask(name: "sts", head: .embeddings, metric: "spearman") { path, _, tokenizer in
            examples(
                of: try Datasets.scoredPairs(path: path, scores: 0...(highest ?? 5)), highest: highest,
                tokenizer: tokenizer)
        } judge: { outputs, examples, _ in
            STSTask.score(outputs, scores: examples.compactMap(\.target).map(Double.init))
        }
        task.highestScore = highest
        return task
    }

    /// Classes of sentences or of pairs: tab-separated `sentence`, or `sentence1` and `sentence2`, and
    /// `label` with one header line.
    public static let classification = FineTuningTask(name: "classification", head: .classes, metric: nil) {
        path, classes, tokenizer in
        let task = ClassificationTask(
            examples: try Datasets.labelled(path: path, classes: classes), tokenizer: tokenizer.words,
            maximumTokens: tokenizer.maximumTokens)
        return task.sequences.indices.map {
            TrainingExample(sequence: task.sequences[$0], first: task.firsts?[$0], label: task.labels[$0])
        }
    } judge: { outputs, examples, metric in
        metric.score(predictions: outputs.highestColumns, labels: examples.compactMap(\.label))
    }

    /// Pairs with scores from 0 to a number that means the same.
    ///
    /// - Parameter highest: nil for what the data say.
    public static func examples(
        of pairs: [ScoredPair], highest: Double? = nil, tokenizer: SentenceTokenizer
    ) -> [TrainingExample] {
        let highest = highest ?? ScoredPair.usualHighest(of: pairs)
        return pairs.map { pair in
            let sequences = tokenizer.encode([pair.first, pair.second])
            return TrainingExample(sequences[0], sequences[1], similarity: pair.score / highest)
        }
    }
}

extension FineTuningTask: Encodable {
    public func encode(to encoder: any Swift.Encoder) throws {
        var container = encoder.singleValueContainer()
        // What a stopped training is recognized by.
        try container.encode(highestScore.map { $0 == 5 ? name : "\(name) 0...\($0)" } ?? name)
    }
}
