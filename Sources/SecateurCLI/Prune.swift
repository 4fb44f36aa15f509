import ArgumentParser
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Search
import SparseKernels
import Tensors
import Training

/// `secateur prune`
struct Prune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prune a model by a method, a pattern and a sparsity, or to a level, of your own choosing.",
        discussion: """
            Heads, neurons and blocks are removed, so that layers shrink; other patterns leave zeros, which \
            Secateur's kernels skip. With --task and --train the model is trained after pruning (one-shot), between \
            rounds (iterative) or meanwhile (gradual). When the score on --validation falls by more than --max-drop \
            points of 100, the last good model is written instead.

            --level puts every layer at one level, as a search would: in whole numbers of 8 bits, for one; of \
            encoders and of language models.

              secateur prune models/minilm --level 16x1@0.5:int8 \\
                  --train sentences.txt --output pruned
              secateur prune models/minilm --method obs --pattern 4x1 \\
                  --sparsity 0.7 --train sentences.txt --output pruned
              secateur prune checkpoints/sst2 --method movement \\
                  --pattern unstructured --sparsity 0.85 --schedule gradual \\
                  --task classification --train sst2/train.tsv \\
                  --validation sst2/dev.tsv --output pruned
              secateur prune checkpoints/sst2 --method fisher --pattern heads \\
                  --sparsity 0.4 --task classification --train sst2/train.tsv \\
                  --validation sst2/dev.tsv --max-drop 1 --output smaller
            """)

    @Argument(help: "The model folder to prune, or a run folder.", completion: .directory)
    var model: String

    @Option(
        help: "The level of every layer: \(Level.wholeForm).", transform: levelOfLayers)
    var level: Level?

    @Option(
        help:
            "Lowest score is pruned first: \(PruningScore.allCases.map(\.rawValue).joined(separator: ", ")). Default with --level: obs."
    )
    var method: PruningScore?

    @Option(
        help: "\(Pattern.allowed).",
        completion: .list((FloatFormat.patterns + [.heads, .neurons, .block]).map(\.description)),
        transform: parsed(Pattern.allowed, { Pattern($0).flatMap { $0 == .dense ? nil : $0 } }))
    var pattern: Pattern?

    @Option(help: "The fraction that goes, from 0 to below 1; N:M has its own.")
    var sparsity: Double?

    @Option(help: "Among what the lowest are looked for: row, layer or global.")
    var scope: PruningScope?

    @Option(help: "one-shot, iterative or gradual.")
    var schedule = PruningSchedule.oneShot

    @Option(help: "Rounds of the iterative schedule.")
    var rounds = 4

    @Option(help: "The fraction of the gradual schedule before anything is dropped.")
    var pruningWarmUp = 0.1

    @Option(help: "The fraction of the gradual schedule after everything is dropped.")
    var pruningCoolDown = 0.3

    @Flag(help: "Start each round's training from the weights as they were (lottery tickets).")
    var rewind = false

    @Option(help: "sts or classification: what --train and --validation are labelled for.")
    var task: FineTuningTask?

    @Option(
        help: "The labelled file to train on; without --task, text to calibrate on.", completion: .file())
    var train: String?

    @Option(help: "The labelled file that scores are from.", completion: .file())
    var validation: String?

    @Option(help: "Points of 100 that the score may lose.")
    var maxDrop: Double?

    @Option(help: "Examples of the training file that scores of weights are computed from.")
    var calibrationExamples = 512

    @OptionGroup var training: TrainingOptions

    @Option(help: "The folder to write; it must not exist.", completion: .directory)
    var output: OutputPath

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func validate() throws {
        if level != nil { return try validateLevel() }
        guard method != nil, let pattern else {
            throw ValidationError("--method and --pattern: found none, allowed both, or --level alone")
        }
        if let sparsity, !(0..<1).contains(sparsity) {
            throw ValidationError("--sparsity: found \(sparsity), allowed 0 to below 1")
        }
        if let fixed = pattern.fixedSparsity {
            guard sparsity == nil || abs((sparsity ?? 0) - fixed) < 1e-9 else {
                throw ValidationError(
                    "--sparsity: found \(sparsity ?? 0) for \(pattern), allowed \(fixed), which it has by its nature"
                )
            }
        } else if sparsity == nil {
            throw ValidationError("--sparsity: found none, allowed 0 to below 1")
        }
        guard validation == nil || task != nil else {
            throw ValidationError("--validation: found without --task, allowed with one")
        }
        try training.requireMetric(fits: task)
        guard task != nil || (training.teacher == nil && training.epochs == nil) else {
            throw ValidationError("--teacher and --epochs: found without --task, allowed with one")
        }
        guard maxDrop == nil || validation != nil else {
            throw ValidationError("--max-drop: found without --validation, allowed with one")
        }
        guard pruningWarmUp >= 0, pruningCoolDown >= 0, pruningWarmUp + pruningCoolDown < 1 else {
            throw ValidationError(
                "--pruning-warm-up and --pruning-cool-down: found \(pruningWarmUp) and \(pruningCoolDown), "
                    + "allowed 0 or more, below 1 together")
        }
        guard (maxDrop ?? 0) >= 0, rounds >= 1, calibrationExamples >= 2 else {
            throw ValidationError(
                "--max-drop, --rounds and --calibration-examples: found \(maxDrop ?? 0), \(rounds) and "
                    + "\(calibrationExamples), allowed 0, 1 and 2 or more")
        }
    }

    /// What a level has by itself, and what only training could use.
    private func validateLevel() throws {
        let given = [
            ("--pattern", pattern != nil), ("--sparsity", sparsity != nil), ("--scope", scope != nil),
            ("--schedule", schedule != .oneShot), ("--task", task != nil),
            ("--validation", validation != nil),
            ("--teacher", training.teacher != nil), ("--epochs", training.epochs != nil),
        ]
        if let (flag, _) = given.first(where: \.1) {
            throw ValidationError("\(flag): found with --level, allowed without")
        }
        let method = method ?? .obs
        guard PruningScore.unlabelled.contains(method) else {
            let allowed = PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")
            throw ValidationError("--method: found \(method.rawValue) with --level, allowed \(allowed)")
        }
        guard train != nil || method.evidence == .nothing else {
            throw ValidationError("--train: found none, allowed text to calibrate on")
        }
    }

    private func put(atLevel level: Level) throws {
        let path = ModelArgument.folder(model)
        let task = ModelArgument.usualTask(of: path)
        var options = SearchOptions(
            model: path, task: task, train: train ?? "", targetLatency: .fraction(1),
            threads: training.threads)
        options.solver = method ?? .obs
        options.seed = training.seed
        if task == LanguageTask().name { options.latencyOf = .decode }
        let line = ProgressLine()
        try PolicyApplication(level, options: options).apply(
            to: path, cache: SharedCache.standard, output: output.path, progress: line.show,
            note: Terminal.note)
        line.finish()
        let bytes = WeightFiles.bytes(at: output.path)
        if json {
            return try Terminal.printJSON(
                ["level": level.description, "bytes": "\(bytes ?? 0)", "output": output.path])
        }
        print("The model is in \(output): \(bytes.map { Terminal.megabytes($0) } ?? "written")")
    }

    func run() throws {
        try output.require(.newFolder)
        if let level { return try put(atLevel: level) }
        let line = ProgressLine()
        let pruning = try ModelPruning(
            try options(line.note), pool: ThreadPool(threads: training.threads), progress: line.show)
        let summary = try TrainingOptions.untilStopped(line, saying: "nothing was written") {
            try pruning.run(shouldStop: $0, progress: $1, note: $2)
        }
        try pruning.write(to: output.path)
        if json { return try Terminal.printJSON(summary) }
        show(summary)
    }

    private func options(_ note: (String) -> Void) throws -> ModelPruning.Options {
        guard let pattern, let method else { preconditionFailure("the options were validated") }
        var options = ModelPruning.Options(
            model: ModelArgument.folder(model),
            choice: PruningChoice(pattern: pattern, score: method, scope: scope, seed: training.seed),
            sparsity: pattern.fixedSparsity ?? sparsity ?? 0)
        options.schedule = schedule
        options.rounds = rounds
        options.pruningWarmUp = pruningWarmUp
        options.pruningCoolDown = pruningCoolDown
        options.rewinds = rewind
        options.task = try task.flatMap { task in
            try train.map { try training.task(task, train: $0, note) } ?? task
        }
        options.metric = training.metric ?? .accuracy
        options.train = train
        options.validation = validation
        options.teacher = training.teacher
        options.plan = training.plan(epochs: 1)
        options.maximumDrop = maxDrop
        options.calibrationExamples = calibrationExamples
        options.maximumTokens = training.maximumTokens
        return options
    }

    private func show(_ summary: ModelPruning.Summary) {
        let gone = Terminal.decimal(100 * summary.sparsity, 1)
        print(
            "\(gone) % of the encoder's weights are gone; \(summary.parameters) parameters left of "
                + "\(summary.parametersBefore)")
        if let metric = summary.metric, let before = summary.scoreBefore, let score = summary.score {
            print("\(metric) \(Terminal.score(score)), before pruning \(Terminal.score(before))")
        }
        print("The model is in \(output)")
    }
}

extension PruningScore: ExpressibleByArgument {}
extension PruningScope: ExpressibleByArgument {}
extension PruningSchedule: ExpressibleByArgument {}
