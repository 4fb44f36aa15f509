import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Tensors
import Training
import Transformers

/// What a model is for: which files tell, how they are read and cut up, what is scored, and which kind of
/// model has it.
///
/// A new task is a type that conforms and a line in ``SearchTasks/standard``; `search`, `apply` and
/// `evaluate` take it by its name.
public protocol SearchTask: Sendable {
    /// The kind of model.
    associatedtype Model: SearchableModel

    var name: String { get }
    /// What is preserved, and what the training file holds, in a clause.
    var help: String { get }
    /// What models are fine-tuned for it by; nil where none can be.
    var fineTuning: FineTuningTask? { get }
    /// Whether quality is mostly that of labels, for words in tables.
    var isLabelled: Bool { get }
    /// Whether it is embeddings that are compared, so that ``RewardWeights/space`` has a meaning.
    var hasSpace: Bool { get }

    /// The part of the training file that is calibrated on, as in ``data(_:for:pool:)``.
    func calibration(_ options: SearchOptions, for model: Model) throws -> [[Int32]]
    /// The training file, cut into what is calibrated and what is judged on.
    func data(_ options: SearchOptions, for model: Model, pool: ThreadPool) throws -> SearchData<
        Model.Network
    >
    /// Tokens of every sequence of the training file, for a workload that follows them.
    func lengths(_ options: SearchOptions, for model: Model) throws -> [Int]
    /// What a pruned model is trained for to recover; nil where it cannot be.
    var recovery: FineTuningTask? { get }
    /// What it is trained on then: the training file but for what policies are judged by.
    func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample]
    /// The score of the validation file; `dense` is what agreement is with.
    func validation(
        _ options: SearchOptions, file: String, of model: Model, dense: Model, pool: ThreadPool
    ) throws -> any ModelTask<Model.Network>
    /// Scores a model on a file, with all that is worth saying.
    func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult
}

/// The tasks that a program knows.
public struct SearchTasks: Sendable {
    public let all: [any SearchTask]

    /// Puts tasks together.
    public init(_ all: [any SearchTask]) {
        self.all = all
    }

    /// What Secateur brings.
    public static let standard = SearchTasks([
        SimilarityTask(), AgreementTask(), RetrievalSearchTask(), LanguageTask(), ClassesTask(),
    ])

    /// These and others, which come first.
    public func adding(_ others: any SearchTask...) -> SearchTasks {
        SearchTasks(others + all)
    }

    /// Their names.
    public var names: [String] { all.map(\.name) }

    /// What models can be fine-tuned for.
    public var fineTuning: [FineTuningTask] { all.compactMap(\.fineTuning) }

    /// The task of a name.
    /// - Throws: `Issue` for a name that no task has.
    public func task(named name: String) throws -> any SearchTask {
        guard let task = all.first(where: { $0.name == name }) else {
            throw Issue(
                .unsupported, .option("task"), found: "'\(name)'", allowed: names.joined(separator: ", "))
        }
        return task
    }
}

extension SearchTask {
    public var fineTuning: FineTuningTask? { nil }

    public var hasSpace: Bool { false }

    public var recovery: FineTuningTask? { nil }

    /// Refuses.
    public func lengths(_ options: SearchOptions, for model: Model) throws -> [Int] {
        throw Issue(
            .unsupported, .option("workload"), found: "\(options.workloadChoice) with task \(name)",
            allowed: "TOKENSxBATCH, as its model takes no texts of their own lengths")
    }

    public func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample] { [] }

    /// The kind of model.
    public var modelType: Model.Type { Model.self }
}

/// The parts of the training file, disjoint as far as it is long enough: what to calibrate on, what the
/// reward is computed on, and what the final policy is picked by.
public struct SearchData<Network: PrunableModel>: Sendable {
    /// Token ids to calibrate on.
    public let calibration: [[Int32]]
    /// What the reward is computed on.
    public let reward: any ModelTask<Network>
    /// What the final policy is picked by.
    public let check: any ModelTask<Network>

    /// Puts the parts together.
    public init(calibration: [[Int32]], reward: any ModelTask<Network>, check: any ModelTask<Network>) {
        self.calibration = calibration
        self.reward = reward
        self.check = check
    }

    /// SHA-256 of the token ids to calibrate on.
    var digest: String { Self.digest(of: calibration) }

    /// SHA-256 of token ids.
    static func digest(of sequences: [[Int32]]) -> String {
        var bytes = Data()
        for sequence in sequences {
            for id in sequence { withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) } }
            bytes.append(contentsOf: [255, 255, 255, 255])
        }
        return FileDigest.sha256(bytes)
    }
}
