import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Tensors
import Training
import Transformers

/// Trains what a search has pruned, by the policy's levels, to recover what pruning lost; see
/// ``RecoveryTraining``.
///
///     let summary = try Recovery(task, run: "checkpoints/mine").run()
///
/// The trained model takes the place of the pruned one where it is better on the validation file, or without one on data
/// that it was not trained on. One that was stopped or killed continues from its last checkpoint.
public struct Recovery<Task: SearchTask> {
    /// The longest input that is trained on, in tokens.
    private static var maximumTokens: Int { 256 }

    private let task: Task
    private let inputs: SearchInputs<Task.Model>
    private let levels: [String: Level]
    private let files: RunFiles
    private let length: RecoveryLength
    private let training: FineTuningTask

    /// Reads a finished run.
    /// - Throws: `Issue` for a run whose options ask for none, or whose model cannot be trained.
    public init(_ task: Task, run folder: String, components: SearchComponents = .standard) throws {
        self.task = task
        files = RunFiles(folder: folder)
        let options = try files.options()
        training = try Self.require(task, options)
        guard let length = options.recover else {
            throw Issue(.missing, .option("recover"), found: "none", allowed: RecoveryLength.form)
        }
        self.length = length
        inputs = try SearchInputs(options, task: task, components: components)
        let shapes = inputs.model.network.layerShapes
        let chosen = try files.policy().levels(for: shapes, path: files.path(.policy))
        levels = Dictionary(uniqueKeysWithValues: zip(shapes.map(\.name), chosen))
    }

    /// Refuses to train what cannot be trained, before anything is searched.
    @discardableResult
    public static func require(_ task: Task, _ options: SearchOptions) throws -> FineTuningTask {
        guard let training = task.recovery else {
            let trained = SearchTasks.standard.all.filter { $0.recovery != nil }.map(\.name)
            throw Issue(
                .unsupported, .option("recover"), found: "task \(task.name)",
                allowed: "with " + trained.joined(separator: ", "))
        }
        if training.head == .embeddings {
            let configuration = try EncoderConfiguration(folder: options.model)
            _ = try EncoderTraining.modules(
                folder: options.model, hidden: configuration.dimensions.hidden)
        }
        return training
    }

    /// Trains, and replaces the run's model where that is better.
    ///
    /// - Returns: nil when it was stopped; the same call continues.
    public func run(
        shouldStop: () -> Bool = { false }, progress: StageProgress = { _, _ in }
    ) throws -> RecoverySummary? {
        let path = files.path(.model)
        progress("reading the models to train", 0)
        let (options, task) = (inputs.options, task)
        let trainer = try RecoveryTraining(
            .init(
                pruned: path, dense: options.model, task: training,
                classes: try EncoderTraining.classes(of: options.train, task: training),
                maximumTokens: min(Self.maximumTokens, inputs.model.maximumTokens), levels: levels,
                validation: task.fineTuning == nil ? nil : options.validation,
                metric: options.metric ?? .accuracy, grid: inputs.grid),
            seed: options.seed, checkpoint: files.path(.recoveryCheckpoint), key: try key(path),
            pool: inputs.pool
        ) { try task.recoveryExamples(options, for: $0) }
        guard
            let outcome = try trainer.run(
                length, shouldStop: shouldStop, progress: { progress("training the pruned model", $0) })
        else { return nil }
        progress("judging the trained model", 0)
        let summary = try replace(path, by: outcome, of: trainer.architecture)
        try files.write(summary, .recovery)
        trainer.removeCheckpoint()
        return summary
    }

    private func replace(
        _ path: String, by outcome: RecoveryTraining.Outcome, of architecture: Architecture
    ) throws -> RecoverySummary {
        let (new, old) = ("\(path).trained", "\(path).pruned")
        let manager = FileManager.default
        for leftover in [new, old] where manager.fileExists(atPath: leftover) {
            try manager.removeItem(atPath: leftover)
        }
        try PrunedModelFolder.write(
            weights: outcome.weights.mapValues { PrunedWeight($0) }, levels: levels, others: outcome.others,
            of: path, architecture,
            metadata: ["format": "pt"], formats: inputs.components.capabilities.formats, to: new)
        let dense = inputs.data.check.score(inputs.model.network, pool: inputs.pool)
        let trained = try model(new)
        let (before, after) = (scores(try model(path), dense: dense), scores(trained, dense: dense))
        let summary = RecoverySummary(
            steps: outcome.steps, losses: outcome.losses,
            checked: .init(metric: inputs.data.check.metric, before: before.checked, after: after.checked),
            space: inputs.data.check.space(
                of: trained.network, dense: inputs.model.network, pool: inputs.pool),
            validation: inputs.validation.flatMap { task in
                before.validation.flatMap { before in
                    after.validation.map { .init(metric: task.metric, before: before, after: $0) }
                }
            })
        guard summary.isKept else {
            try manager.removeItem(atPath: new)
            return summary
        }
        try manager.moveItem(atPath: path, toPath: old)
        try manager.moveItem(atPath: new, toPath: path)
        try manager.removeItem(atPath: old)
        return summary
    }

    private func model(_ path: String) throws -> Task.Model {
        try Task.Model(path: path, precision: .float32, inputs.components.capabilities)
    }

    /// Quality on other data as a fraction of dense, and the score on the validation file.
    ///
    /// - Parameter dense: the dense model's score on the former.
    private func scores(
        _ model: Task.Model, dense: Double
    ) -> (checked: Double, validation: Double?) {
        return (
            inputs.data.check.score(model.network, pool: inputs.pool) / dense,
            inputs.validation?.score(model.network, pool: inputs.pool)
        )
    }

    /// What fixes the steps: the models, the data and the length.
    private func key(_ pruned: String) throws -> String {
        FileDigest.sha256(
            lines: [
                inputs.modelDigest, try SafetensorsIndex.digest(folder: pruned),
                inputs.data.digest, "\(length)", "\(inputs.options.seed)",
                inputs.validationDigest ?? "no validation",
            ])
    }
}
