import Evaluation
import Foundation
import Levels
import ModelFiles
import Pruning
import Tensors

/// Prunes an encoder folder by a schedule, trains what is left, and goes back to the last good round when the
/// score falls too far.
public final class ModelPruning {
    /// Everything that fixes the result.
    public struct Options: Sendable {
        /// The folder of the model to prune.
        public var model: String
        /// What is pruned, and how it is chosen.
        public var choice: PruningChoice
        /// The sparsity to reach.
        public var sparsity: Double
        /// How it is reached.
        public var schedule = PruningSchedule.oneShot
        /// The fraction of the gradual schedule's steps before anything is dropped.
        public var pruningWarmUp = 0.1
        /// The fraction of the gradual schedule's steps after everything is dropped.
        public var pruningCoolDown = 0.3
        /// Rounds of the iterative schedule.
        public var rounds = 4
        /// Whether each round's training starts from the weights of the model as it was (lottery tickets).
        public var rewinds = false
        /// The task of the labelled files; none when they are only sentences.
        public var task: FineTuningTask?
        /// What a classification is judged by.
        public var metric = ClassificationMetric.accuracy
        /// The file to train on, and to compute scores from.
        public var train: String?
        /// The labelled file that the gate looks at.
        public var validation: String?
        /// The folder of a dense model, trained for the same task, to distil from.
        public var teacher: String?
        /// How the model is trained after each round; without epochs it is not.
        public var plan = TrainingPlan()
        /// Points of 100 that the score may lose.
        public var maximumDrop: Double?
        /// Examples that scores are computed from.
        public var calibrationExamples = 512
        /// The longest input, in tokens.
        public var maximumTokens = 128

        /// Names the model and what is pruned; the rest has defaults.
        public init(model: String, choice: PruningChoice, sparsity: Double) {
            self.model = model
            self.choice = choice
            self.sparsity = sparsity
        }
    }

    /// One round, or one epoch of the gradual schedule.
    public struct Round: Sendable, Codable, Equatable {
        /// The fraction of the encoder's linear weights that is gone: zero, or removed.
        public let sparsity: Double
        /// The score on the validation file.
        public let score: Double?
        /// Whether the gate let it pass.
        public let passed: Bool
    }

    /// What came out.
    public struct Summary: Sendable, Codable, Equatable {
        /// The name of the score.
        public let metric: String?
        /// The score before pruning.
        public let scoreBefore: Double?
        /// The score of the model that was written.
        public let score: Double?
        /// The fraction of the encoder's linear weights that is gone: zero, or removed.
        public let sparsity: Double
        /// Parameters before pruning.
        public let parametersBefore: Int
        /// Parameters that are left and not zero.
        public let parameters: Int
        /// Every round.
        public let rounds: [Round]
        /// Whether the gate stopped before the sparsity asked for.
        public let stoppedByGate: Bool
    }

    private let options: Options
    private let model: EncoderTraining
    private let examples: [TrainingExample]
    private let validation: [TrainingExample]
    /// What is trained on: the examples, and copies that the teacher judges.
    private let trained: [TrainingExample]
    private let teacher: TeacherOutputs
    private let pool: ThreadPool
    private let denseWeights: Int
    private let denseParameters: Int
    private var rounds: [Round] = []
    private var lastGood: (snapshot: ParameterSet.Snapshot, score: Double?)

    /// Reads the model, the data and the teacher's outputs.
    /// - Throws: what is wrong with a file, or `Issue` for a choice that makes no sense.
    public init(_ options: Options, pool: ThreadPool, progress: (String, Double) -> Void) throws {
        try options.check()
        self.options = options
        self.pool = pool
        let labelled = options.train ?? options.validation
        let model = try EncoderTraining(
            folder: options.model, task: options.task,
            classes: try labelled.map { try EncoderTraining.classes(of: $0, task: options.task) } ?? 0,
            maximumTokens: options.maximumTokens, seed: options.plan.seed)
        try model.require(options.metric)
        model.holdZeros()
        self.model = model
        let examples = try options.train.map { try model.examples(path: $0) } ?? []
        self.examples = examples
        validation = try options.validation.map { try model.examples(path: $0) } ?? []
        trained = options.plan.withCopies(examples, maximumTokens: model.maximumTokens)
        teacher = try TeacherOutputs(
            options.teacher, for: model, examples: trained, distillation: options.plan.distillation,
            pool: pool, progress: { progress("asking the teacher", $0) })
        denseWeights = model.graph.prunable.reduce(0) { $0 + $1.value.elements.count }
        denseParameters = model.parameterCount
        lastGood = (model.parameters.snapshot, nil)
    }

    /// Prunes and trains to the end, or to the round that the gate refuses.
    ///
    /// - Returns: nil when it was stopped.
    public func run(
        shouldStop: () -> Bool = { false }, progress: (String, Double) -> Void = { _, _ in },
        note: (String) -> Void = { _ in }
    ) throws -> Summary? {
        let before = try score()
        lastGood.score = before
        let finished =
            options.schedule == .gradual
            ? try gradual(before, shouldStop, progress, note)
            : try inRounds(before, shouldStop, progress, note)
        guard finished else { return nil }
        let stopped = rounds.contains { !$0.passed }
        if stopped {
            model.parameters.restore(lastGood.snapshot)
            try model.rebuildGraph()
            note(
                "the score fell by more than \(options.maximumDrop ?? 0) points: back to the last good model, "
                    + "\(Self.percent(sparsity)) gone")
        }
        return Summary(
            metric: before == nil ? nil : options.task?.metricName(options.metric), scoreBefore: before,
            score: lastGood.score, sparsity: sparsity, parametersBefore: denseParameters,
            parameters: model.parameterCount, rounds: rounds, stoppedByGate: stopped)
    }

    /// Writes the model as a Hugging Face folder; it appears whole or not at all.
    public func write(to output: String) throws {
        try model.write(to: output)
    }

    /// One round, or several.
    private func inRounds(
        _ before: Double?, _ shouldStop: () -> Bool, _ progress: (String, Double) -> Void,
        _ note: (String) -> Void
    ) throws -> Bool {
        let count = options.schedule == .iterative ? options.rounds : 1
        let start = model.parameters.snapshot
        for round in 1...count {
            try model.prune(
                options.choice,
                to: PruningSchedule.sparsity(afterRound: round, of: count, final: options.sparsity),
                examples: Array(calibration), pool: pool,
                progress: { progress("scoring", $0) })
            if options.rewinds { rewind(to: start) }
            guard try train(nil, shouldStop, { progress("round \(round) of \(count)", $0) }) else {
                return false
            }
            guard try record(before, note) else { break }
        }
        return true
    }

    /// One training run that prunes meanwhile; the gate looks after each epoch.
    private func gradual(
        _ before: Double?, _ shouldStop: () -> Bool, _ progress: (String, Double) -> Void,
        _ note: (String) -> Void
    ) throws -> Bool {
        let pruning = try ScheduledPruning(
            parameters: model.graph.prunable, score: options.choice.score,
            pattern: options.choice.pattern, scope: options.choice.scope,
            schedule: CubicSchedule(
                final: options.sparsity, warmUp: options.pruningWarmUp, coolDown: options.pruningCoolDown),
            seed: options.choice.seed, pool: pool)
        return try train(pruning, shouldStop, { progress("training and pruning", $0) }) {
            try self.record(before, note)
        }
    }

    /// Trains by the plan.
    ///
    /// - Parameter afterEpoch: says whether to continue.
    /// - Returns: whether it was not stopped from outside.
    private func train(
        _ pruning: ScheduledPruning?, _ shouldStop: () -> Bool, _ progress: (Double) -> Void,
        afterEpoch: () throws -> Bool = { true }
    ) throws -> Bool {
        guard options.task != nil, !examples.isEmpty, options.plan.epochs > 0 else { return true }
        let trainer = try model.trainer(options.plan, teacher: teacher.teacher, pool: pool)
        let loop = TrainingLoop(
            trainer: trainer, examples: trained, teacherOutputs: teacher.outputs, plan: options.plan,
            pruning: pruning)
        while loop.step < loop.steps {
            try loop.run(
                until: (loop.step / loop.stepsPerEpoch + 1) * loop.stepsPerEpoch, shouldStop: shouldStop,
                didStep: { step, _ in progress(Double(step) / Double(loop.steps)) })
            if shouldStop() { return false }
            guard try afterEpoch() else { return true }
        }
        return true
    }

    /// Judges the present model, and remembers it when it is good.
    ///
    /// - Returns: whether the gate lets it pass.
    private func record(_ before: Double?, _ note: (String) -> Void) throws -> Bool {
        let score = try score()
        var passed = true
        if let score, let before, let maximumDrop = options.maximumDrop {
            passed = score >= before - maximumDrop / 100
        }
        rounds.append(Round(sparsity: sparsity, score: score, passed: passed))
        let shown = score.map { ", \(options.task?.metricName(options.metric) ?? "score") \($0)" } ?? ""
        note("\(Self.percent(sparsity)) gone\(shown)\(passed ? "" : ": too low")")
        if passed { lastGood = (model.parameters.snapshot, score) }
        return passed
    }

    /// The values that the kept weights had at the start; what is held at zero stays zero.
    private func rewind(to start: ParameterSet.Snapshot) {
        let masks = Dictionary(
            uniqueKeysWithValues: model.graph.prunable.compactMap { parameter in
                parameter.mask.map { (parameter.name, $0) }
            })
        model.parameters.restore(start)
        for parameter in model.graph.prunable {
            if let mask = masks[parameter.name] { parameter.hold(mask) }
        }
    }

    private func score() throws -> Double? {
        guard let task = options.task, !validation.isEmpty else { return nil }
        let outputs = try model.trainer(pool: pool).outputs(validation)
        return task.score(outputs, validation, metric: options.metric)
    }

    private var calibration: ArraySlice<TrainingExample> {
        var random = CounterBasedRandom(seed: options.choice.seed, stream: .pruningCalibration)
        return examples.shuffled(using: &random).prefix(options.calibrationExamples)
    }

    private var sparsity: Double {
        let left = model.graph.prunable.reduce(0) { $0 + $1.value.elements.count - $1.value.zeroCount }
        return 1 - Double(left) / Double(denseWeights)
    }

    private static func percent(_ fraction: Double) -> String {
        String(format: "%.1f %%", 100 * fraction)
    }
}

extension ModelPruning.Options {
    /// Refuses what makes no sense together.
    /// - Throws: `Issue` that names the option.
    public func check() throws {
        func require(
            _ fits: Bool, _ field: String, found: @autoclosure () -> String,
            allowed: @autoclosure () -> String? = nil
        ) throws {
            guard fits else {
                throw Issue(.mismatch, .option(field), found: found(), allowed: allowed())
            }
        }
        let (pattern, score) = (choice.pattern, choice.score)
        try pattern.require(score, choice.scope)
        try require(
            score != .movement || schedule == .gradual, "schedule",
            found: "\(schedule.rawValue) for movement", allowed: "gradual")
        try require(
            score.evidence == .nothing || train != nil, "train", found: "none, needed by \(score.rawValue)")
        try require(
            task != nil || ![.gradients, .training].contains(score.evidence), "task",
            found: "none, needed by \(score.rawValue)")
        try require(
            task?.head != .classes || train != nil || validation != nil, "train",
            found: "none, and no file to validate with", allowed: "one of them for classification")
        try require(
            schedule != .iterative || pattern.fixedSparsity == nil, "schedule",
            found: "iterative for \(pattern), which has one sparsity", allowed: "one-shot, gradual")
        try require(
            !rewinds || (schedule != .gradual && !pattern.isStructured), "rewinds",
            found: "with \(pattern) and \(schedule.rawValue)",
            allowed: "with patterns of weights and one-shot, iterative")
        guard schedule == .gradual else { return }
        try ScheduledPruning.require(score, pattern)
        try require(
            task != nil && train != nil && plan.epochs > 0, "schedule",
            found: "gradual without a task, a file to train on and epochs, which it needs")
    }
}

extension EncoderTraining {
    /// Parameters that are not zero.
    var parameterCount: Int {
        parameters.all.reduce(0) { $0 + $1.value.elements.count - ($1.mask == nil ? 0 : $1.value.zeroCount) }
    }
}
