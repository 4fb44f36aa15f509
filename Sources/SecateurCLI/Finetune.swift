import ArgumentParser
import Evaluation
import Foundation
import ModelFiles
import Search
import Tensors
import Training

/// `secateur finetune`
struct Finetune: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Train an encoder, dense or pruned, for a task; zeros of a pruned one stay.",
        discussion: """
            Data is a table (.tsv, .csv or .jsonl, also gzipped) with the columns sentence1, sentence2 and score \
            for sts; sentence, or sentence1 and sentence2, and label (from 0, or a word) for classification. The epoch that scores best on the \
            validation file is written, or the model as it came when none is better. Ctrl-C stops; the same \
            command continues.

              secateur finetune models/minilm --task classification \\
                  --train sst2/train.tsv --validation sst2/dev.tsv --epochs 2 \\
                  --output checkpoints/sst2
              secateur finetune pruned --task classification \\
                  --train sst2/train.tsv --validation sst2/dev.tsv \\
                  --teacher checkpoints/sst2 --distill 0.9 --output recovered
            """)

    @Argument(help: "The model folder to start from, or a run folder.", completion: .directory)
    var model: String

    @Option(help: "sts (cosine similarity of pairs) or classification.")
    var task: FineTuningTask

    @Option(help: "The labelled file to train on.", completion: .file())
    var train: String

    @Option(help: "The labelled file that picks the best epoch.", completion: .file())
    var validation: String

    @OptionGroup var training: TrainingOptions

    @Option(help: "The folder to write; it must not exist.", completion: .directory)
    var output: OutputPath

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func validate() throws {
        try training.requireMetric(fits: task)
        guard training.epochs != 0 else { throw ValidationError("--epochs: found 0, allowed 1 or more") }
    }

    func run() throws {
        try output.require(.newFolder)
        let line = ProgressLine()
        var options = FineTuning.Options(
            model: ModelArgument.folder(model), task: try training.task(task, train: train, line.note),
            train: train, validation: validation)
        options.metric = training.metric ?? .accuracy
        options.teacher = training.teacher
        options.plan = training.plan(epochs: 3)
        options.maximumTokens = training.maximumTokens
        let fineTuning = try FineTuning(
            options, output: output.path, pool: ThreadPool(threads: training.threads), progress: line.show)
        let summary = try TrainingOptions.untilStopped(line, saying: "the same command continues") {
            try fineTuning.run(shouldStop: $0, progress: $1, note: $2)
        }
        try fineTuning.write(to: output.path)
        if json { return try Terminal.printJSON(summary) }
        print(
            "\(summary.metric) \(Terminal.score(summary.score)) after epoch \(summary.epoch), "
                + "before training \(Terminal.score(summary.scoreBefore)); the model is in \(output)")
    }
}

/// How a model is trained, for the commands that train.
struct TrainingOptions: ParsableArguments {
    @Option(
        help: "What a classification is judged by: accuracy, f1 of class 1, or matthews. Default: accuracy.")
    var metric: ClassificationMetric?

    @Option(
        help: "A dense model's folder, trained for the same task, to distil from.",
        completion: .directory)
    var teacher: String?

    @Option(help: "Weight of the teacher's outputs in the loss, 0 to 1; labels have the rest.")
    var distill: Double?

    @Option(help: "Weight of the difference from the teacher's hidden states, added to the loss.")
    var distillHidden = 0.0

    @Option(
        help: """
            What scores of sts are between: 0...5 or 0...1. Default: 0...1 where no score of --train is above 1, \
            which is told.
            """)
    var scoreRange: ScoreRange?

    @Option(help: "Copies of each example with some words changed, which only the teacher judges.")
    var copies = 0

    @Option(help: "Passes over the training file, and over its copies.")
    var epochs: Int?

    @Option(help: "Examples of a step.")
    var batchSize = 32

    @Option(help: "The highest learning rate, reached after a tenth of the steps; it falls to 0 from there.")
    var learningRate = 5e-5

    @Option(help: "The probability by which activations are dropped in training steps.")
    var dropout = 0.0

    @Option(help: "Decoupled weight decay.")
    var weightDecay = 0.01

    @Option(help: "The longest input, in tokens.")
    var maximumTokens = 128

    @Option(help: "Fixes the order of the examples, what is dropped, and a new classifier.")
    var seed: UInt64 = 1

    @OptionGroup var threading: ThreadOptions

    /// Threads to compute with.
    var threads: Int { threading.threads }

    func validate() throws {
        func require(_ flag: String, _ value: some CustomStringConvertible, _ fits: Bool, _ allowed: String)
            throws
        {
            guard fits else { throw ValidationError("\(flag): found \(value), allowed \(allowed)") }
        }
        let share = distill ?? 0
        try require("--distill", share, (0...1).contains(share), "0 to 1")
        try require(
            "--distill-hidden", distillHidden, distillHidden >= 0 && distillHidden.isFinite, "0 or more")
        try require(
            "--teacher", "none", teacher != nil || (share == 0 && distillHidden == 0),
            "a model folder, to distil")
        let distils = teacher != nil && (distill ?? 1) + distillHidden > 0
        try require(
            "--copies", copies, (0...(distils ? 100 : 0)).contains(copies),
            distils ? "0 to 100" : "0, as there is no teacher to judge them")
        try require("--epochs", epochs ?? 1, (epochs ?? 1) >= 0, "0 or more")
        try require("--batch-size", batchSize, batchSize >= 1, "1 or more")
        try require("--learning-rate", learningRate, learningRate > 0 && learningRate < 1, "0 to 1")
        try require("--dropout", dropout, (0..<1).contains(dropout), "0 to below 1")
        try require("--weight-decay", weightDecay, (0..<1).contains(weightDecay), "0 to 1")
        try require("--maximum-tokens", maximumTokens, maximumTokens >= 4, "4 or more")
    }

    /// Trains to the end; when Ctrl-C asks for a stop, which may take as long as a step and its checkpoint,
    /// the program says what that means and ends.
    static func untilStopped<Summary>(
        _ line: ProgressLine, saying consequence: String,
        _ train: (
            _ shouldStop: () -> Bool, _ progress: (String, Double) -> Void, _ note: (String) -> Void
        ) throws -> Summary?
    ) throws -> Summary {
        Interruption.becomeStoppable(patienceSeconds: 0)
        let summary = try train({ Interruption.isRequested }, line.show, line.note)
        line.finish()
        guard let summary else { Terminal.stop(consequence) }
        return summary
    }

    /// The task as the options have it, with a note where the data say what scores mean.
    func task(_ task: FineTuningTask, train: String, _ note: (String) -> Void) throws -> FineTuningTask {
        guard task.name == FineTuningTask.sts.name else { return task }
        if let scoreRange { return .similarities(highest: scoreRange.highest) }
        let highest = ScoredPair.usualHighest(of: try Datasets.scoredPairs(path: train, scores: 0...5))
        if highest == 1 {
            note("no score of \(train) is above 1, so that 1 counts as the same (--score-range 0...5 if not)")
        }
        return .similarities(highest: highest)
    }

    /// Refuses a range of scores, or a metric of classes, for another task.
    func requireMetric(fits task: FineTuningTask?) throws {
        guard scoreRange == nil || task?.head == .embeddings else {
            throw ValidationError("--score-range: found without --task sts, allowed with it")
        }
        guard metric == nil || task?.head == .classes else {
            throw ValidationError("--metric: found without --task classification, allowed with it")
        }
    }

    /// The plan that the options describe.
    func plan(epochs usual: Int) -> TrainingPlan {
        var plan = TrainingPlan()
        plan.epochs = epochs ?? usual
        plan.batchSize = batchSize
        plan.learningRate = learningRate
        plan.dropout = dropout
        plan.optimizer.weightDecay = Float(weightDecay)
        plan.distillation = Distillation(
            outputs: distill ?? (teacher == nil ? 0 : 0.5), hidden: distillHidden)
        plan.copies = copies
        plan.seed = seed
        return plan
    }
}

/// What scores are between.
enum ScoreRange: String, ExpressibleByArgument, CaseIterable {
    case five = "0...5"
    case one = "0...1"

    /// The score of what means the same.
    var highest: Double { self == .five ? 5 : 1 }
}

extension FineTuningTask: ExpressibleByArgument {
    /// The task of a name.
    public init?(argument: String) {
        guard let task = SearchTasks.standard.fineTuning.first(where: { $0.name == argument }) else {
            return nil
        }
        self = task
    }

    /// Their names.
    public static var allValueStrings: [String] { SearchTasks.standard.fineTuning.map(\.name) }
}
