import ArgumentParser
import Foundation
import Levels
import ModelFiles
import Pruning
import SparseKernels
import Tensors
import Training

/// Movement against magnitude, and pruning at once against pruning in rounds and meanwhile: at one sparsity,
/// for the same number of steps, all with the same teacher.
///
/// Each result leaves a JSON file, and is not computed again when it is there.
struct PruningMethods: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pruning-methods",
        abstract: "Scores of pruning methods and schedules at one sparsity, after the same training.",
        discussion: """
            Some start from the encoder as it was pre-trained, as movement pruning does, which needs weights on \
            the move; the others from the encoder that `glue` has fine-tuned, which is the teacher of all.
            """)

    @Argument(help: "The pre-trained encoder's folder.")
    var model = "models/minilm"

    @Option(help: "The folder with the tasks, each with train.tsv and dev.tsv.")
    var data = "../shared/data"

    @Option(help: "Where `glue` has left TASK-dense.")
    var tuned = "checkpoints/glue"

    @Option(help: "Where every result is left.")
    var output = "checkpoints/pruning-methods"

    @Option(parsing: .upToNextOption, help: "Tasks.")
    var tasks = GLUETask.all.map(\.name)

    @Option(parsing: .upToNextOption, help: "Columns of the table.")
    var methods = Method.all.map(\.name)

    @Option(help: "Examples to a step. Default: as many as the task is fine-tuned with.")
    var batch: Int?

    @Option(help: "The fraction of the linear weights that goes.")
    var sparsity = 0.85

    @Option(help: "Epochs of training in all; those of a round are a quarter of it.")
    var epochs = 4

    @Option(help: "Threads to compute with. Default: all processors.")
    var threads = UsableProcessors.count()

    /// A column of the table.
    private struct Method: NamedChoice {
        let score: PruningScore
        let schedule: PruningSchedule
        let startsPretrained: Bool

        var name: String { "\(score)-\(schedule)-\(startsPretrained ? "pretrained" : "tuned")" }

        static let all = [
            Method(score: .movement, schedule: .gradual, startsPretrained: true),
            Method(score: .magnitude, schedule: .gradual, startsPretrained: true),
            Method(score: .magnitude, schedule: .gradual, startsPretrained: false),
            Method(score: .magnitude, schedule: .iterative, startsPretrained: false),
            Method(score: .magnitude, schedule: .oneShot, startsPretrained: false),
        ]
    }

    private static let rounds = 4

    func validate() throws {
        try GLUETask.requireAll(tasks, option: "--tasks")
        try Method.requireAll(methods, option: "--methods")
        guard batch ?? 1 >= 1 else {
            throw ValidationError("--batch: found \(batch ?? 0), allowed 1 or more")
        }
        guard (0..<1).contains(sparsity), epochs >= Self.rounds, epochs % Self.rounds == 0 else {
            throw ValidationError(
                "--sparsity and --epochs: found \(sparsity) and \(epochs), allowed 0 to below 1 and multiples "
                    + "of \(Self.rounds)")
        }
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let pool = try ThreadPool(threads: threads)
        let chosen = Method.chosen(methods)
        print((["task", "dense"] + chosen.map(\.name)).joined(separator: "  "))
        for task in GLUETask.chosen(tasks) {
            var scores: [Summary] = []
            for method in chosen {
                scores.append(try summary(task, method, pool))
                FileHandle.standardError.write(
                    Data("\(task.name) \(method.name) \(scores[scores.count - 1].score)\n".utf8))
            }
            let dense = try task.score(of: "\(tuned)/\(task.name)-dense", data: data, pool)
            print(
                ([task.name] + ([dense] + scores.map(\.score)).map { String(format: "%.2f", 100 * $0) })
                    .joined(separator: "  "))
        }
    }

    /// What is left of a result.
    private struct Summary: Codable {
        let score: Double
        let sparsity: Double
    }

    private func summary(_ task: GLUETask, _ method: Method, _ pool: ThreadPool) throws -> Summary {
        let size = batch.map { "-\($0)" } ?? ""
        let file = "\(output)/\(task.name)-\(method.name)-\(sparsity)-\(epochs)\(size).json"
        if let data = FileManager.default.contents(atPath: file) {
            return try JSONDecoder().decode(Summary.self, from: data)
        }
        let pruning = try ModelPruning(options(task, method), pool: pool, progress: { _, _ in })
        let pruned = try pruning.run()
        let summary = Summary(score: pruned?.score ?? .nan, sparsity: pruned?.sparsity ?? .nan)
        try AtomicFile.write(try JSONEncoder().encode(summary), to: file)
        return summary
    }

    private func options(_ task: GLUETask, _ method: Method) -> ModelPruning.Options {
        var options = ModelPruning.Options(
            model: method.startsPretrained ? model : "\(tuned)/\(task.name)-dense",
            choice: PruningChoice(
                pattern: .units(UnitShape(rows: 1, columns: 1)), score: method.score, scope: .global),
            sparsity: sparsity)
        options.schedule = method.schedule
        options.rounds = Self.rounds
        options.task = task.task
        options.metric = task.metric
        options.train = task.file("train", in: data)
        options.validation = task.file("dev", in: data)
        options.teacher = "\(tuned)/\(task.name)-dense"
        options.plan = task.dense
        options.plan.batchSize = batch ?? options.plan.batchSize
        options.plan.epochs = method.schedule == .iterative ? epochs / Self.rounds : epochs
        // Hidden states of the teacher would cost a pass of it for every step.
        options.plan.distillation = Distillation(outputs: task.recovery.distillation.outputs)
        return options
    }
}
