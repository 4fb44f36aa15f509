import ArgumentParser
import Evaluation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Search

/// `secateur search`
struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Learn a level for every layer that meets a latency target, and write the pruned model.",
        discussion: """
            Calibrates and prunes every layer to every level once, measures the kernels on this CPU, and lets an \
            agent choose. Ctrl-C stops cleanly; `secateur resume RUN` continues.

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.5 --output checkpoints/minilm-half
              secateur search models/minilm --task sts --train stsb/train.tsv \\
                  --validation stsb/dev.tsv --target-latency 12ms \\
                  --output checkpoints/minilm-sts

            Options can be in a YAML file, or be those of a run, with the latencies that it measured:

              secateur search --config run.yaml --seed 2 --output checkpoints/second
              secateur search --config checkpoints/minilm-half --seed 2 \\
                  --output checkpoints/third

            Quality can be what is asked for; the fastest policy that keeps it is found:

              secateur search models/minilm --task fidelity --train text.txt \\
                  --max-drop 1% --output checkpoints/minilm-99

            One search over a range of targets serves every latency inside of it:

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.25...0.8 --output checkpoints/minilm-range
              secateur pick checkpoints/minilm-range --target-latency 0.4 \\
                  --output checkpoints/minilm-0.4

            `secateur retarget RUN` aims a run at another target or machine, `secateur replay RUN` checks that it \
            can be repeated.
            """)

    @Argument(help: "The dense model's folder, or its GGUF file.", completion: .file())
    var model: String?

    @Option(
        help:
            "What to preserve, and what --train is: \(SearchTasks.standard.all.map(\.help).joined(separator: "; ")).",
        completion: .list(SearchTasks.standard.names), transform: taskName)
    var task: String?

    @Option(help: "For classification: accuracy, f1 of class 1, or matthews. Default: accuracy.")
    var metric: ClassificationMetric?

    @Option(help: "The file for calibration and reward.", completion: .file())
    var train: String?

    @OptionGroup var aim: AimOptions

    @Option(
        help:
            "Which latency is to be reached: prefill, of a sequence, or decode, of one more token. Default: prefill."
    )
    var latencyOf: Workload.Phase?

    @Option(
        help: """
            The levels to choose from: \(LevelSet.form). Default: those of mixed for encoders, of coarse for language \
            models (in int8 with --latency-of decode), that no other one beats on this machine in both time and quality; \
            and of encoders some of these with 0.25 to 0.875 of the heads or neurons of a sublayer, and removed, \
            which takes away the attention or the feed-forward network of a block, where the agent can choose that.
            """,
        transform: parsedThrowing { try LevelSet($0) })
    var levels: LevelSet?

    @OptionGroup var sampling: SamplingOptions

    @Option(
        help:
            "What layers are pruned by: \(PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")). Default: obs.",
        completion: .list(PruningScore.unlabelled.map(\.rawValue)), transform: unlabelledScore)
    var solver: PruningScore?

    @OptionGroup var newRun: NewRunOptions

    @Option(
        help: """
            A YAML file with options by their names without dashes, and the model as `model`; or a run folder, for \
            the options of that run and its latencies. What is on the command line goes before.
            """, completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    func validate() throws {
        for (name, isGiven) in [("model", model != nil), ("task", task != nil), ("train", train != nil)] {
            let form = name == "model" ? "<model>" : "--\(name)"
            guard isGiven else { throw ValidationError("Missing expected argument '\(form)'") }
        }
    }

    func run() throws {
        if try aim.showsAgentHelp() { return }
        try newRun.check()
        try newRun.search(options(), aim, cache: aim.cacheOptions.folder)
    }

    /// The options as the search takes them.
    private func options() throws -> SearchOptions {
        guard let model, let task, let train else { throw ValidationError("Missing expected arguments") }
        var options = SearchOptions(
            model: model, task: task, train: train, targetLatency: aim.latencies.strictest,
            threads: aim.machine.threads)
        options.metric = metric
        let type: any SearchableModel.Type = try SearchTasks.standard.task(named: task).modelType
        options.tokens = type.standardTokens
        options.latencyOf = latencyOf ?? options.latencyOf
        if let levels { options.levels = levels }
        options.solver = solver ?? options.solver
        sampling.set(&options)
        try aim.set(&options)
        return options
    }
}

/// Reads the name of a task.
@Sendable func taskName(_ text: String) throws -> String {
    let tasks = SearchTasks.standard
    return try parsed(tasks.names.joined(separator: ", ")) { tasks.names.contains($0) ? $0 : nil }(text)
}

/// Reads a score that needs no labels.
@Sendable func unlabelledScore(_ text: String) throws -> PruningScore {
    let allowed = PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")
    return try parsed(allowed) { text in PruningScore.unlabelled.first { $0.rawValue == text } }(text)
}
