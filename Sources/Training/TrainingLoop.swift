import Foundation
import Levels
import Tensors

/// How a model is trained: everything that fixes the steps but the data.
public struct TrainingPlan: Sendable, Equatable, Codable {
    /// Passes over the data.
    public var epochs = 3
    /// Examples of a step.
    public var batchSize = 32
    /// The highest learning rate.
    public var learningRate = 5e-5
    /// The fraction of the steps until it is reached.
    public var warmUp = 0.1
    /// The probability by which activations are dropped.
    public var dropout = 0.0
    /// AdamW's settings.
    public var optimizer = AdamW.Settings()
    /// What is distilled from the dense model.
    public var distillation = Distillation()
    /// Altered copies of each example, which only a teacher can judge.
    public var copies = 0
    /// Fixes the order of the examples, their copies, what is dropped, and a new classifier.
    public var seed: UInt64 = 1

    public init() {}

    /// Examples, and the copies of them that the plan asks for.
    func withCopies(_ examples: [TrainingExample], maximumTokens: Int) -> [TrainingExample] {
        examples
            + Augmentation(copies: copies, maximumTokens: maximumTokens, seed: seed).copies(of: examples)
    }
}

/// Steps through the epochs of a plan, with a schedule, from any step on.
public final class TrainingLoop {
    /// What is trained.
    public let trainer: Trainer
    /// The examples.
    public let examples: [TrainingExample]
    /// Steps in all.
    public let steps: Int
    /// Steps taken.
    public internal(set) var step = 0
    /// Steps of one epoch.
    public let stepsPerEpoch: Int
    private let teacherOutputs: [Matrix]?
    private let plan: TrainingPlan
    private let buckets: LengthBuckets
    private let schedule: LearningRateSchedule
    private let pruning: ScheduledPruning?

    /// Prepares the steps.
    ///
    /// - Parameters:
    ///   - teacherOutputs: the outputs of a dense model for all examples, to distil from.
    ///   - pruning: prunes meanwhile.
    public init(
        trainer: Trainer, examples: [TrainingExample], teacherOutputs: Matrix? = nil, plan: TrainingPlan,
        steps: Int? = nil, pruning: ScheduledPruning? = nil
    ) {
        self.trainer = trainer
        self.examples = examples
        self.plan = plan
        self.pruning = pruning
        self.teacherOutputs = teacherOutputs.map { Self.split($0, examples) }
        buckets = LengthBuckets(
            lengths: examples.map(\.tokens), batchSize: plan.batchSize, seed: plan.seed)
        stepsPerEpoch = buckets.count
        self.steps = steps ?? plan.epochs * buckets.count
        schedule = LearningRateSchedule(
            peak: Float(plan.learningRate), steps: self.steps, warmUp: plan.warmUp)
    }

    /// Takes steps until one is reached, or a stop is asked for.
    ///
    /// - Parameter didStep: is told each step's loss.
    /// - Throws: `Issue` when a loss is not finite; the weights are of no use then.
    public func run(
        until end: Int, shouldStop: () -> Bool = { false },
        didStep: (_ step: Int, _ result: Trainer.StepResult) -> Void = { _, _ in }
    ) throws {
        var epoch = -1
        var batches: [[Int]] = []
        while step < min(end, steps), !shouldStop() {
            if step / stepsPerEpoch != epoch {
                epoch = step / stepsPerEpoch
                batches = buckets.batches(epoch: epoch)
            }
            let batch = batches[step % stepsPerEpoch]
            let rate = schedule.rate(step)
            let result = trainer.step(
                batch.map { examples[$0] }, teacherOutputs: teacherOutputs.map { Self.joined(batch, $0) },
                rate: rate, beforeUpdate: { pruning?.willUpdate(rate: rate) })
            step += 1
            guard result.loss.isFinite, result.gradientNorm.isFinite else {
                throw Issue(
                    .outOfRange, .option("learningRate"),
                    found:
                        "\(plan.learningRate), with which the loss is not finite after step \(step) of \(steps)",
                    allowed: "a lower one")
            }
            try pruning?.didUpdate(step: step, of: steps)
            didStep(step, result)
        }
    }

    /// The rows of each example.
    private static func split(_ outputs: Matrix, _ examples: [TrainingExample]) -> [Matrix] {
        let rowsOfExample = outputs.rows / max(examples.count, 1)
        return examples.indices.map {
            outputs.block($0 * rowsOfExample..<($0 + 1) * rowsOfExample, 0..<outputs.columns)
        }
    }

    private static func joined(_ batch: [Int], _ outputs: [Matrix]) -> Matrix {
        let elements = batch.flatMap { outputs[$0].elements }
        let columns = outputs.first?.columns ?? 0
        return Matrix(rows: columns == 0 ? 0 : elements.count / columns, columns: columns, elements: elements)
    }
}
