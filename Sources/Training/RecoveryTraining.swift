import Evaluation
import Foundation
import Levels
import ModelFiles
import Tensors
import Transformers

/// Trains what is left of a pruned encoder to do what the dense one does: zeros stay, weights in whole numbers are
/// trained as they are stored, word embeddings stay as they are.
///
/// The dense model is the teacher. Of embeddings, the loss is their agreement, that of their similarities within the batch
/// and that of hidden states, and half of it labels where there are some; of classes, it is mostly the teacher's
/// probabilities, also of altered copies of the examples (``TrainingPlan/copies``): what a model was fine-tuned on, it
/// knows by heart, and its probabilities of it say little.
public struct RecoveryTraining {
    /// What it is given.
    public struct Inputs {
        /// The folder of the pruned model.
        public let pruned: String
        /// The folder of the dense model.
        public let dense: String
        /// What is trained.
        public let task: FineTuningTask
        /// Classes of a classifier.
        public let classes: ClassLabels
        /// The longest input, in tokens.
        public let maximumTokens: Int
        /// The levels of layers, by name.
        public let levels: [String: Level]
        /// A file of labelled examples that the best weights are picked by; nil for the last ones.
        public let validation: String?
        /// What classes are scored by on it.
        public let metric: ClassificationMetric
        /// The grid of a level; nil for floats.
        public let grid: (Level) throws -> WeightGrid?

        /// Names everything.
        public init(
            pruned: String, dense: String, task: FineTuningTask, classes: ClassLabels = 0, maximumTokens: Int,
            levels: [String: Level], validation: String? = nil, metric: ClassificationMetric = .accuracy,
            grid: @escaping (Level) throws -> WeightGrid?
        ) {
            self.pruned = pruned
            self.dense = dense
            self.task = task
            self.classes = classes
            self.maximumTokens = maximumTokens
            self.levels = levels
            self.validation = validation
            self.metric = metric
            self.grid = grid
        }
    }

    /// What came out.
    public struct Outcome: Sendable {
        /// Weights of layers, as they are to be stored.
        public let weights: [String: Matrix]
        /// Everything else that was trained, by parameter.
        public let others: [String: [Float]]
        /// The loss of each step since the last start.
        public let losses: [Double]
        /// Steps taken.
        public let steps: Int
    }

    /// How a kind of model is trained.
    private static func plan(_ head: FineTuningTask.Head, isLabelled: Bool, seed: UInt64) -> TrainingPlan {
        var plan = TrainingPlan()
        plan.batchSize = 16
        plan.seed = seed
        plan.optimizer.weightDecay = 0
        switch head {
        case .classes:
            plan.learningRate = 1e-4
            plan.distillation = Distillation(outputs: isLabelled ? 0.9 : 1, embeddings: 1, hidden: 10)
            plan.copies = 4
        case .embeddings:
            plan.learningRate = 5e-4
            plan.distillation = Distillation(outputs: isLabelled ? 0.5 : 1, embeddings: 1, hidden: 10)
        }
        return plan
    }

    /// How often weights are judged where there is something to judge them by.
    private static let judgements = 8
    /// Time between two checkpoints, in seconds.
    private static let checkpointSeconds = 30.0
    /// Steps whose time tells how many fit.
    private static let trials = 4

    private let model: EncoderTraining
    private let teacher: Teacher
    private let examples: [TrainingExample]
    private let task: FineTuningTask
    private let validation: [TrainingExample]
    private let metric: ClassificationMetric
    private let quantization: FakeQuantization
    private let plan: TrainingPlan
    private let checkpoint: TrainingCheckpoint
    private let pool: ThreadPool

    /// Reads both models.
    ///
    /// - Parameters:
    ///   - examples: made of the training data by the pruned model's tokenizer.
    ///   - checkpoint: the file that training continues from.
    ///   - key: what fixes the steps but the models: a checkpoint of another key is refused.
    public init(
        _ inputs: Inputs, seed: UInt64, checkpoint: String, key: String, pool: ThreadPool,
        examples: (EncoderTraining) throws -> [TrainingExample]
    ) throws {
        func training(_ folder: String) throws -> EncoderTraining {
            try EncoderTraining(
                folder: folder, task: inputs.task, classes: inputs.classes,
                maximumTokens: inputs.maximumTokens, seed: seed)
        }
        let model = try training(inputs.pruned)
        self.model = model
        teacher = try training(inputs.dense).teacher()
        quantization = try model.hold(inputs.levels, grid: inputs.grid)
        (task, metric) = (inputs.task, inputs.metric)
        validation = try inputs.validation.map { try model.examples(path: $0) } ?? []
        let own = try examples(model)
        plan = Self.plan(
            inputs.task.head, isLabelled: own.contains { $0.target != nil }, seed: seed)
        self.examples = plan.withCopies(own, maximumTokens: inputs.maximumTokens)
        self.pool = pool
        self.checkpoint = TrainingCheckpoint(key: key, path: checkpoint)
    }

    /// Trains, or continues from the checkpoint.
    ///
    /// - Returns: nil when it was stopped; the same call continues.
    public func run(
        _ length: RecoveryLength, shouldStop: () -> Bool = { false }, progress: (Double) -> Void = { _ in }
    ) throws -> Outcome? {
        let trainer = try trainer()
        var state = TrainingCheckpoint.Progress()
        state.steps = checkpoint.exists ? try checkpoint.steps() : try steps(length)
        let loop = TrainingLoop(trainer: trainer, examples: examples, plan: plan, steps: state.steps)
        var best = BestWeights()
        if checkpoint.exists {
            (best, state) = try checkpoint.restore(trainer)
            loop.step = state.step
        }
        var losses: [Double] = []
        while loop.step < loop.steps {
            let start = Date()
            let end = nextJudgement(after: loop.step, of: loop.steps)
            try loop.run(
                until: end,
                shouldStop: { shouldStop() || Date().timeIntervalSince(start) > Self.checkpointSeconds },
                didStep: { step, result in
                    losses.append(result.loss)
                    progress(Double(step) / Double(loop.steps))
                })
            if loop.step == end, !validation.isEmpty {
                best.judge(trainer, score: score(trainer), step: loop.step, &state)
            }
            // Asked once: what is answered here is what was saved for.
            let stops = shouldStop()
            guard loop.step < loop.steps else { break }
            state.step = loop.step
            try checkpoint.write(trainer, best: best, state)
            if stops { return nil }
        }
        best.restore(to: trainer)
        return outcome(losses, steps: loop.steps)
    }

    /// The step at which weights are judged next; the last one where they are not.
    private func nextJudgement(after step: Int, of steps: Int) -> Int {
        guard !validation.isEmpty else { return steps }
        return (1...Self.judgements).lazy.map { steps * $0 / Self.judgements }.first { $0 > step } ?? steps
    }

    /// The score of the weights as they are stored.
    private func score(_ trainer: Trainer) -> Double {
        let outputs = quantization.withRoundedWeights(pool: pool) { trainer.outputs(validation) }
        return task.score(outputs, validation, metric: metric)
    }

    /// What the parameters are called.
    public var architecture: Architecture { model.configuration.architecture }

    /// Removes what training would continue from.
    public func removeCheckpoint() {
        checkpoint.remove()
    }

    private func trainer() throws -> Trainer {
        try model.trainer(plan, teacher: teacher, quantization: quantization, fixesWords: true, pool: pool)
    }

    /// As many steps as a length asks for, or as fit into it by the time of some that change nothing.
    private func steps(_ length: RecoveryLength) throws -> Int {
        switch length {
        case .steps(let steps): return steps
        case .seconds(let seconds):
            let trial = TrainingLoop(
                trainer: try trainer(), examples: examples, plan: plan.still, steps: Self.trials)
            var times: [Double] = []
            var start = Date()
            try trial.run(
                until: Self.trials,
                didStep: { _, _ in
                    times.append(Date().timeIntervalSince(start))
                    start = Date()
                })
            // The first one has memory to get.
            let mean = times.dropFirst().reduce(0, +) / Double(max(times.count - 1, 1))
            return max(Int(seconds / max(mean, 1e-6)), 1)
        }
    }

    private func outcome(_ losses: [Double], steps: Int) -> Outcome {
        quantization.round(pool: pool)
        let layers = Set(model.graph.layerShapes.map { "\($0.name).weight" })
        let words = "\(model.configuration.modules.words.name).weight"
        let weights = zip(model.graph.layerShapes, model.graph.prunable).map { ($0.name, $1.value) }
        let others = model.parameters.all
            .filter { !layers.contains($0.name) && $0.name != words }
            .map { ($0.name, $0.value.elements) }
        return Outcome(
            weights: Dictionary(uniqueKeysWithValues: weights),
            others: Dictionary(uniqueKeysWithValues: others), losses: losses, steps: steps)
    }
}

extension TrainingPlan {
    /// The same with steps that change nothing.
    fileprivate var still: TrainingPlan {
        var plan = self
        plan.learningRate = 0
        return plan
    }
}

extension EncoderTraining {
    /// Holds the zeros of pruned layers, and has weights of whole numbers trained as they are stored.
    fileprivate func hold(
        _ levels: [String: Level], grid: (Level) throws -> WeightGrid?
    ) throws -> FakeQuantization {
        var layers: [(weight: Parameter, grid: WeightGrid)] = []
        for (shape, parameter) in zip(graph.layerShapes, graph.prunable) {
            guard let level = levels[shape.name] else { continue }
            if level.pattern != .dense { parameter.hold(parameter.value.kept(by: level.pattern)) }
            if let grid = try grid(level) { layers.append((parameter, grid)) }
        }
        return FakeQuantization(layers)
    }
}

extension Matrix {
    /// 1 for every weight that a pattern's units keep, 0 for others: one that was rounded to zero in a unit that is
    /// kept may become another number.
    fileprivate func kept(by pattern: Pattern) -> [Float] {
        guard let unit = pattern.unit, unit != .single else { return elements.map { $0 == 0 ? 0 : 1 } }
        var mask = [Float](repeating: 0, count: elements.count)
        for first in stride(from: 0, to: rows, by: unit.rows) {
            for start in stride(from: 0, to: columns, by: unit.columns) {
                let own = (first..<min(first + unit.rows, rows)).flatMap { row in
                    (start..<min(start + unit.columns, columns)).map { row * columns + $0 }
                }
                guard own.contains(where: { elements[$0] != 0 }) else { continue }
                for index in own { mask[index] = 1 }
            }
        }
        return mask
    }
}
