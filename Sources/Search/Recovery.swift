import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Tensors
import Training
import Transformers

/// Trains what a search has pruned, zeros staying where they are, to recover what pruning lost.
///
/// With labelled pairs, half of the loss is their labels and half agreement with the dense model's
/// similarities; with text alone, all of it is agreement.
public struct Recovery {
    /// What came of it; `recovery.json`.
    public struct Summary: Sendable, Codable, Equatable {
        /// Steps taken.
        public let steps: Int
        /// The mean loss of the first tenth of the steps.
        public let firstLoss: Double
        /// The mean loss of the last tenth of the steps.
        public let lastLoss: Double
        /// The name of the score on the validation file, where there is one.
        public let metric: String?
        /// That score before.
        public let scoreBefore: Double?
        /// That score afterwards.
        public let scoreAfter: Double?
    }

    private let options: SearchOptions
    private let files: RunFiles
    private let pool: ThreadPool

    /// Names a finished run.
    /// - Throws: `Issue` for a language model, which cannot be trained.
    public init(run folder: String) throws {
        files = RunFiles(folder: folder)
        options = try files.options()
        try Self.require(options)
        pool = try ThreadPool(threads: options.threads)
    }

    /// Refuses to train what cannot be trained, before anything is searched.
    public static func require(_ options: SearchOptions) throws {
        guard [SimilarityTask().name, AgreementTask().name].contains(options.task) else {
            throw Issue(
                .unsupported, .option("finetuneSteps"), found: "task \(options.task)",
                allowed: "with sts, fidelity")
        }
        let configuration = try EncoderConfiguration(folder: options.model)
        _ = try EncoderTraining.modules(folder: options.model, hidden: configuration.dimensions.hidden)
    }

    /// Trains the run's model and replaces it.
    ///
    /// - Returns: nil when it was stopped, and the model left as it was.
    public func run(
        steps: Int, learningRate: Double = 5e-5, shouldStop: () -> Bool = { false },
        progress: StageProgress = { _, _ in }
    ) throws -> Summary? {
        let path = files.path(.model)
        let before = try score(path)
        let model = try EncoderTraining(
            folder: path, task: .sts, classes: 0, maximumTokens: 128, seed: options.seed)
        model.holdZeros()
        let examples = try examples(model)
        var plan = TrainingPlan()
        plan.learningRate = learningRate
        plan.batchSize = 16
        plan.seed = options.seed
        plan.distillation = Distillation(outputs: isLabelled ? 0.5 : 1)
        progress("asking the dense model", 0)
        let dense = try EncoderTraining(
            folder: options.model, task: .sts, classes: 0, maximumTokens: 128, seed: options.seed)
        let teacher = try dense.trainer(pool: pool).outputs(
            examples, progress: { progress("asking the dense model", $0) })
        let loop = TrainingLoop(
            trainer: try model.trainer(plan, pool: pool), examples: examples, teacherOutputs: teacher,
            plan: plan, steps: steps)
        var losses: [Double] = []
        try loop.run(
            until: steps, shouldStop: shouldStop,
            didStep: { step, result in
                losses.append(result.loss)
                progress("training the pruned model", Double(step) / Double(steps))
            })
        guard loop.step == steps else { return nil }
        try replace(path, by: model)
        let after = try score(path)
        let tenth = max(losses.count / 10, 1)
        let summary = Summary(
            steps: steps, firstLoss: losses.prefix(tenth).reduce(0, +) / Double(tenth),
            lastLoss: losses.suffix(tenth).reduce(0, +) / Double(tenth), metric: after?.metric,
            scoreBefore: before?.value, scoreAfter: after?.value)
        try files.write(summary, .recovery)
        return summary
    }

    private var isLabelled: Bool { options.task == SimilarityTask().name }

    /// Labelled pairs, or sentences two and two.
    private func examples(_ model: EncoderTraining) throws -> [TrainingExample] {
        if isLabelled { return try model.examples(path: options.train) }
        let sequences = model.sentences.encode(try Datasets.sentences(path: options.train))
        return stride(from: 0, to: sequences.count - 1, by: 2).map {
            TrainingExample(sequences[$0], sequences[$0 + 1], similarity: 0)
        }
    }

    private func replace(_ path: String, by model: EncoderTraining) throws {
        let (new, old) = ("\(path).trained", "\(path).pruned")
        let files = FileManager.default
        for leftover in [new, old] where files.fileExists(atPath: leftover) {
            try files.removeItem(atPath: leftover)
        }
        try model.write(to: new)
        try files.moveItem(atPath: path, toPath: old)
        try files.moveItem(atPath: new, toPath: path)
        try files.removeItem(atPath: old)
    }

    private func score(_ path: String) throws -> (metric: String, value: Double)? {
        guard let validation = options.validation else { return nil }
        let model = try EncoderModel(folder: path)
        let dense = try EncoderModel(folder: options.model)
        let task: any ModelTask<Encoder> =
            isLabelled
            ? try SimilarityTask().validation(options, file: validation, of: model, dense: dense, pool: pool)
            : try AgreementTask().validation(options, file: validation, of: model, dense: dense, pool: pool)
        return (task.metric, task.score(model.encoder, pool: pool))
    }
}
