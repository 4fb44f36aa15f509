import Evaluation
import Foundation
import Levels
import ModelFiles
import Tensors
import Transformers

/// Fine-tunes an encoder folder and writes the result, with checkpoints in between.
public struct FineTuning {
    /// Everything that fixes the result.
    public struct Options: Sendable, Encodable {
        /// The folder of the model to start from.
        public var model: String
        /// What for.
        public var task: FineTuningTask
        /// What a classification is judged by.
        public var metric = ClassificationMetric.accuracy
        /// The labelled file to train on.
        public var train: String
        /// The labelled file that picks the best epoch.
        public var validation: String
        /// The folder of a dense model, trained for the same task, to distil from.
        public var teacher: String?
        /// How.
        public var plan = TrainingPlan()
        /// The longest input, in tokens.
        public var maximumTokens = 128

        /// Names the files; the rest has defaults.
        public init(model: String, task: FineTuningTask, train: String, validation: String) {
            self.model = model
            self.task = task
            self.train = train
            self.validation = validation
        }
    }

    /// What came out.
    public struct Summary: Sendable, Codable, Equatable {
        /// The name of the score.
        public let metric: String
        /// The score of the model to start from, where it has a head.
        public let scoreBefore: Double
        /// The score after each epoch, on the validation file.
        public let scores: [Double]
        /// The score of the epoch that was written.
        public let score: Double
        /// Which epoch that was, from 1; 0 when none scored higher than the model as it came.
        public let epoch: Int
        /// Steps taken.
        public let steps: Int
        /// How long training took, validation and checkpoints included, in seconds.
        public let seconds: Double
    }

    public let options: Options
    private let model: EncoderTraining
    private let loop: TrainingLoop
    private let validation: [TrainingExample]
    private let checkpoint: TrainingCheckpoint

    /// Reads the model, the data and the teacher's outputs.
    ///
    /// - Parameter output: the folder to write; the checkpoint stands next to it until then.
    public init(_ options: Options, output: String, pool: ThreadPool, progress: (String, Double) -> Void)
        throws
    {
        self.options = options
        let plan = options.plan
        model = try EncoderTraining(
            folder: options.model, task: options.task,
            classes: try EncoderTraining.classes(of: options.train, task: options.task),
            maximumTokens: options.maximumTokens, seed: plan.seed)
        try model.require(options.metric)
        model.holdZeros()
        let examples = plan.withCopies(
            try model.examples(path: options.train), maximumTokens: model.maximumTokens)
        validation = try model.examples(path: options.validation)
        let teacher = try TeacherOutputs(
            options.teacher, for: model, examples: examples, distillation: plan.distillation, pool: pool,
            progress: { progress("asking the teacher", $0) })
        let trainer = try model.trainer(plan, teacher: teacher.teacher, pool: pool)
        loop = TrainingLoop(
            trainer: trainer, examples: examples, teacherOutputs: teacher.outputs, plan: plan)
        checkpoint = TrainingCheckpoint(
            key: try Self.key(options, model), path: "\(output).checkpoint.h5")
    }

    /// Trains to the end and takes the best epoch's model, or the one that training started from when no
    /// epoch scores higher: what pruning has left of a model is often better than what more steps on few
    /// examples make of it.
    ///
    /// - Parameters:
    ///   - checkpointSeconds: the time between two checkpoints.
    ///   - write: writes the model's folder.
    /// - Returns: nil when it was stopped; the same call continues from the checkpoint.
    public func run(
        checkpointSeconds: Double = 120, shouldStop: () -> Bool = { false },
        progress: (String, Double) -> Void = { _, _ in }, note: (String) -> Void = { _ in }
    ) throws -> Summary? {
        var state = TrainingCheckpoint.Progress(steps: loop.steps)
        var best = BestWeights()
        if checkpoint.exists {
            (best, state) = try checkpoint.restore(loop.trainer)
            loop.step = state.step
            note("continues from step \(state.step) of \(loop.steps)")
        } else {
            state.scores = [score()]
            best.judge(loop.trainer, score: state.scores[0], step: 0, &state)
        }
        var last = Date()
        while loop.step < loop.steps {
            let epochEnd = (loop.step / loop.stepsPerEpoch + 1) * loop.stepsPerEpoch
            try loop.run(
                until: epochEnd,
                shouldStop: { shouldStop() || Date().timeIntervalSince(last) > checkpointSeconds },
                didStep: { step, _ in progress("training", Double(step) / Double(loop.steps)) })
            if loop.step == epochEnd {
                let score = score()
                state.scores.append(score)
                best.judge(loop.trainer, score: score, step: loop.step, &state)
                note("epoch \(loop.step / loop.stepsPerEpoch): \(metric) \(score)")
            }
            // Asked once: what is answered here is what was saved for.
            let stops = shouldStop()
            if stops || Date().timeIntervalSince(last) > checkpointSeconds {
                (state.step, state.elapsedSeconds) = (
                    loop.step, state.elapsedSeconds + Date().timeIntervalSince(last)
                )
                last = Date()
                try checkpoint.write(loop.trainer, best: best, state)
            }
            if stops, loop.step < loop.steps { return nil }
        }
        best.restore(to: loop.trainer)
        return Summary(
            metric: metric, scoreBefore: state.scores[0], scores: Array(state.scores.dropFirst()),
            score: state.bestScore ?? state.scores[0], epoch: state.bestStep / loop.stepsPerEpoch,
            steps: loop.steps, seconds: state.elapsedSeconds + Date().timeIntervalSince(last))
    }

    /// Writes the trained model; it appears whole or not at all, and the checkpoint goes.
    public func write(to output: String) throws {
        try model.write(to: output)
        checkpoint.remove()
    }

    private var metric: String { options.task.metricName(options.metric) }

    private func score() -> Double {
        options.task.score(loop.trainer.outputs(validation), validation, metric: options.metric)
    }

    private static func key(_ options: Options, _ model: EncoderTraining) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = .sortedKeys
        let models = [options.model] + (options.teacher.map { [$0] } ?? [])
        let digests =
            try [options.train, options.validation].map { try FileDigest.sha256(path: $0) }
            + models.flatMap {
                [try FileDigest.sha256(path: "\($0)/config.json"), try SafetensorsIndex.digest(folder: $0)]
            }
        return FileDigest.sha256(
            try encoder.encode(options) + Data((digests + [model.readingIdentity]).joined().utf8))
    }
}

/// A dense model's encoder, and its outputs for all examples.
struct TeacherOutputs {
    let teacher: Teacher?
    let outputs: Matrix?

    init(
        _ folder: String?, for student: EncoderTraining, examples: [TrainingExample],
        distillation: Distillation, pool: ThreadPool, progress: (Double) -> Void
    ) throws {
        guard let folder else {
            (teacher, outputs) = (nil, nil)
            return
        }
        let model = try EncoderTraining(
            folder: folder, task: student.task, classes: student.labels,
            maximumTokens: student.maximumTokens, seed: 0)
        try Self.require(model, fits: student, distillation)
        teacher = Teacher(graph: model.graph)
        outputs =
            distillation.outputs > 0
            ? try model.trainer(pool: pool).outputs(examples, progress: progress) : nil
    }

    /// Refuses a teacher that was trained for something else, cannot read what the student reads, or has
    /// hidden states of another width.
    private static func require(
        _ teacher: EncoderTraining, fits student: EncoderTraining, _ distillation: Distillation
    ) throws {
        func require(_ found: Int, _ what: String, allowed: Int, orMore: Bool = false) throws {
            guard found == allowed || (orMore && found > allowed) else {
                throw Issue(
                    .mismatch, .option("teacher"), field: .part(teacher.folder), found: "\(found) \(what)",
                    allowed: "\(allowed)\(orMore ? " or more" : "")")
            }
        }
        if student.task?.head == .classes, distillation.outputs > 0 {
            guard teacher.hasClassifier else {
                throw Issue(
                    .mismatch, .option("teacher"), field: .part(teacher.folder), found: "no classifier",
                    allowed: "a model that was trained for the task")
            }
            try require(teacher.classes, "classes", allowed: student.classes)
        }
        if student.task?.head == .embeddings, teacher.sentences.prompt != student.sentences.prompt {
            throw Issue(
                .mismatch, .option("teacher"), field: .part(teacher.folder),
                found: "the prompt '\(teacher.sentences.prompt)'",
                allowed: "'\(student.sentences.prompt)', as the student has")
        }
        if distillation.hidden > 0 {
            try require(
                teacher.configuration.dimensions.hidden, "features of a token",
                allowed: student.configuration.dimensions.hidden)
        }
        try require(
            teacher.configuration.dimensions.vocabulary, "tokens in its vocabulary",
            allowed: student.configuration.dimensions.vocabulary, orMore: true)
        try require(
            teacher.maximumTokens, "tokens as its longest input", allowed: student.maximumTokens, orMore: true
        )
    }
}
