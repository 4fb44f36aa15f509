import Evaluation
import Foundation
import Levels
import Models
import Runs
import Tensors
import Training
import Transformers

/// `classification`: a classifier's own metric on labelled examples, and agreement of its class distributions
/// with the dense model's.
public struct ClassesTask: SearchTask {
    public init() {}

    /// `classification`
    public let name = "classification"
    public let help =
        "classification (the metric of a classifier's classes; a tab-separated file with columns sentence, or "
        + "sentence1 and sentence2, and label)"
    public let isLabelled = true

    /// By its labels.
    public var fineTuning: FineTuningTask? { .classification }

    /// Of all examples.
    public func lengths(_ options: SearchOptions, for model: ClassifierModel) throws -> [Int] {
        try model.task(ofFile: options.train, metric: options.metric ?? .accuracy).sequences.map(\.count)
    }

    /// By its labels.
    public var recovery: FineTuningTask? { .classification }

    /// All examples but those of the check where that decides.
    public func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample] {
        let examples = try training.examples(path: options.train)
        return Parts.trained(
            Array(examples.indices),
            check: Parts.drawn(examples.indices, options) { examples[$0].sequences.joined().count }[2],
            options
        ).map { examples[$0] }
    }

    /// The first part of the examples.
    public func calibration(_ options: SearchOptions, for model: ClassifierModel) throws -> [[Int32]] {
        try parts(options, model)[0].sequences
    }

    /// Rewards and checks are mixed of labels and agreement.
    public func data(
        _ options: SearchOptions, for model: ClassifierModel, pool: ThreadPool
    ) throws -> SearchData<SequenceClassifier> {
        let parts = try parts(options, model)
        func mixed(_ task: ClassificationTask) -> MixedClasses {
            MixedClasses(
                labelled: task,
                agreement: ClassAgreement(task, dense: model.classifier, pool: pool))
        }
        return SearchData(
            calibration: parts[0].sequences, reward: mixed(parts[1]), check: mixed(parts[2]))
    }

    public func validation(
        _ options: SearchOptions, file: String, of model: ClassifierModel, dense: ClassifierModel,
        pool: ThreadPool
    ) throws -> any ModelTask<SequenceClassifier> {
        try model.task(ofFile: file, metric: options.metric ?? .accuracy)
    }

    /// The metric, and accuracy.
    public func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        let model = try ClassifierModel(folder: request.model)
        let task = try model.task(ofFile: request.data, metric: request.metric)
        let predictions = task.predictions(of: model.classifier, pool: request.pool)
        let accuracy = ClassificationMetric.accuracy
        return EvaluationResult(
            metric: task.metric, value: task.score(predictions: predictions), count: task.count,
            further: [
                .init(accuracy.rawValue, accuracy.score(predictions: predictions, labels: task.labels))
            ])
    }

    /// Examples to calibrate on, to compute rewards on, and to pick the final policy by.
    private func parts(_ options: SearchOptions, _ model: ClassifierModel) throws -> [ClassificationTask] {
        let task = try model.task(ofFile: options.train, metric: options.metric ?? .accuracy)
        return Parts.drawn(task.labels.indices, options) { task.sequences[$0].count }
            .map { task.part($0) }
    }
}

/// Agreement of class distributions with the dense model's: exp(−KL), with KL the mean of KL(dense ‖ model)
/// over examples; 1 for the dense model itself.
struct ClassAgreement: Sendable {
    /// Logarithms of the dense model's probabilities, [examples × classes].
    private let dense: [[Double]]

    init(_ task: ClassificationTask, dense: SequenceClassifier, pool: ThreadPool) {
        self.dense = Self.logarithms(task.logits(of: dense, pool: pool))
    }

    private init(_ dense: [[Double]]) {
        self.dense = dense
    }

    func part(_ items: [Int]) -> ClassAgreement { ClassAgreement(items.map { dense[$0] }) }

    /// exp(−KL) of logits [examples × classes].
    func score(_ logits: Matrix) -> Double {
        let own = Self.logarithms(logits)
        let divergences = zip(dense, own).map { dense, own in
            zip(dense, own).reduce(0) { $0 + exp($1.0) * ($1.0 - $1.1) }
        }
        return exp(-max(divergences.reduce(0, +) / Double(max(divergences.count, 1)), 0))
    }

    private static func logarithms(_ logits: Matrix) -> [[Double]] {
        (0..<logits.rows).map { row in
            let values = logits.row(row).map(Double.init)
            let top = values.max() ?? 0
            let sum = top + log(values.reduce(0) { $0 + exp($1 - top) })
            return values.map { $0 - sum }
        }
    }
}

/// A fifth the metric, and else agreement: a metric of a few hundred examples moves in steps, and says little
/// about small losses.
private struct MixedClasses: ModelTask {
    private static let labelsWeight = 0.2
    let labelled: ClassificationTask
    let agreement: ClassAgreement

    var metric: String { "\(labelled.metric) and agreement" }
    var count: Int { labelled.count }
    var tokens: Int { labelled.tokens }

    func score(_ model: SequenceClassifier, pool: ThreadPool) -> Double {
        let logits = labelled.logits(of: model, pool: pool)
        return Self.labelsWeight * labelled.score(predictions: logits.highestColumns)
            + (1 - Self.labelsWeight) * agreement.score(logits)
    }

    /// Sixteen examples at least.
    func part(
        share: Double, using random: inout CounterBasedRandom
    ) -> (any ModelTask<SequenceClassifier>)? {
        let items = PartItems.drawn(share, of: count, least: 16, using: &random)
        return MixedClasses(labelled: labelled.part(items), agreement: agreement.part(items))
    }
}
