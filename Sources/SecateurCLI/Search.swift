import Agents
import ArgumentParser
import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Report
import Runs
import Search
import Transformers

/// `secateur search`
struct Search: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Learn a level for every layer that meets a latency target, and write the pruned model.",
        discussion: """
            Calibrates and prunes every layer to every level once, measures the kernels on this CPU, and lets an \
            agent choose. Ctrl-C stops cleanly; `secateur resume RUN` goes on.

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.5 --output checkpoints/minilm-half
              secateur search models/minilm --task sts --train stsb/train.tsv \\
                  --validation stsb/dev.tsv --target-latency 12ms \\
                  --output checkpoints/minilm-sts
              secateur search --config run.yaml --seed 2 --output checkpoints/second
              secateur search --replay checkpoints/minilm-half

            One search over a range of targets serves every latency inside of it:

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.25...0.8 --output checkpoints/minilm-range
              secateur pick checkpoints/minilm-range --target-latency 0.4 \\
                  --output checkpoints/minilm-0.4

            With --from, a run is aimed at another target, or at this machine: model, task, data, solver, seed and \
            what latency is of are the run's, and so are its sensitivities; only latency is measured anew.

              secateur search --from checkpoints/minilm-half --target-latency 0.35 \\
                  --output checkpoints/minilm-third
            """)

    @Argument(help: "The dense model's folder, or its GGUF file.", completion: .file())
    var model: String?

    @Option(help: "The folder of an earlier run to aim anew.", completion: .directory)
    var from: String?

    @Option(
        help: "What to preserve, and what --train is: \(SearchTasks.standard.all.map(\.help).joined(separator: "; ")).",
        completion: .list(SearchTasks.standard.names), transform: taskName)
    var task: String?

    @Option(help: "For classification: accuracy, f1 of class 1, or matthews. Default: accuracy.")
    var metric: ClassificationMetric?

    @Option(help: "The file for calibration and reward.", completion: .file())
    var train: String?

    @Option(help: "A file that is only reported on.", completion: .file())
    var validation: String?

    @Option(
        help: """
            End-to-end latency to reach: a fraction of dense such as 0.5, or milliseconds such as 12ms; or a range \
            of them such as 0.25...0.8, out of which `secateur pick` takes policies.
            """,
        transform: parsed(
            "a fraction of dense from above 0 to 1, milliseconds such as 12ms, or a range such as 0.25...0.8",
            { LatencyTargets($0) }))
    var targetLatency: LatencyTargets

    @Option(help: "Size of the packed weights to reach, as a fraction of dense.")
    var targetSize: Double?

    @Option(
        help: "Which agent searches: \(AgentRegistry.standard.names.joined(separator: ", ")).",
        completion: .list(AgentRegistry.standard.names))
    var agent = NaturalGradient.name

    @Option(
        help: ArgumentHelp(
            """
            A setting of the agent, such as stepSize=0.3; may be repeated, or hold several with commas. \
            `secateur search --agent NAME --agent-option help` lists what there is.
            """, valueName: "key=value"))
    var agentOption: [String] = []

    @Option(
        help: """
            How much may be computed, in evaluations of a policy; calibration, sensitivities and backward passes count \
            too, by their tokens.
            """)
    var budget = 300

    @OptionGroup var machine: MachineOptions

    @Option(
        help:
            "Which latency is to be reached: prefill, of a sequence (unless given), or decode, of one more token."
    )
    var latencyOf: Workload.Phase?

    @Option(
        help: """
            The levels to choose from: \(LevelSet.form). Default: standard for encoders, coarse for language models, \
            in int8 with --latency-of decode.
            """,
        transform: parsedThrowing { try LevelSet($0) })
    var levels: LevelSet?

    @OptionGroup var sampling: SamplingOptions

    @Option(
        help:
            "What layers are pruned by: \(PruningScore.unlabelled.map(\.rawValue).joined(separator: ", ")). Default: obs.",
        completion: .list(PruningScore.unlabelled.map(\.rawValue)), transform: unlabelledScore)
    var solver: PruningScore?

    @Option(help: "Weight of quality in the reward, as a fraction of dense.")
    var qualityWeight = 1.0

    @Option(help: "Weight of the latency saved in the reward, as a fraction of dense.")
    var latencyWeight = 0.02

    @Option(help: "Weight of the bytes saved in the reward, as a fraction of dense.")
    var sizeWeight = 0.02

    @Option(
        help: "A latency table from `secateur profile` to use instead of measuring.",
        completion: .file(extensions: ["h5"]))
    var latencyTable: String?

    @Option(help: "Steps to train the pruned model for, zeros staying; encoders only.")
    var finetuneSteps: Int?

    @OptionGroup var cacheOptions: CacheOptions

    @Option(help: "The run folder to write; needed but with --replay.", completion: .directory)
    var output: OutputPath?

    @Flag(help: "Replace a run that is already in the folder.")
    var overwrite = false

    @Option(
        help: """
            A YAML file with options by their names without dashes, and the model as `model`; what is on the \
            command line goes before. Each run leaves one, config.yaml, that repeats it.
            """, completion: .file(extensions: ["yaml", "yml"]))
    var config: String?

    @Option(
        help: """
            A finished run to search again with the latencies stored in it, to see whether the trace is the \
            same; nothing is written. Takes all other options from the run.
            """, completion: .directory)
    var replay: String?

    @Option(
        defaultAsFlag: 0, parsing: .next,
        help:
            "Show the report live on this port of 127.0.0.1 while the search runs; on a free one unless given."
    )
    var serve: UInt16?

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func validate() throws {
        if from == nil {
            for (name, isGiven) in [("model", model != nil), ("task", task != nil), ("train", train != nil)] {
                let form = name == "model" ? "<model>" : "--\(name)"
                guard isGiven else { throw ValidationError("Missing expected argument '\(form)'") }
            }
        }
        guard output != nil || replay != nil else { throw ValidationError("--output: not given") }
        guard budget >= 1 else { throw ValidationError("--budget: found \(budget), allowed 1 or more") }
        if let targetSize, !(targetSize > 0 && targetSize <= 1) {
            throw ValidationError("--target-size: found \(targetSize), allowed more than 0 and at most 1")
        }
        guard finetuneSteps ?? 1 >= 1 else {
            throw ValidationError("--finetune-steps: found \(finetuneSteps ?? 0), allowed 1 or more")
        }
        for weight in [qualityWeight, latencyWeight, sizeWeight] where !(weight >= 0 && weight.isFinite) {
            throw ValidationError("a weight of the reward: found \(weight), allowed 0 or more")
        }
    }

    func run() throws {
        if agentOption == ["help"] {
            let help = try AgentRegistry.standard.agent(named: agent).optionsHelp
            return print(help.isEmpty ? "agent \(agent) has no options" : help.joined(separator: "\n"))
        }
        if let replay {
            let task = try RunFiles(folder: replay).options().task
            return try searchAgain(replay, SearchTasks.standard.task(named: task))
        }
        guard let output else { return }
        try RunFolder.check(output, overwrite: overwrite)
        let options = try resolved()
        try search(SearchTasks.standard.task(named: options.task), options, output.path)
    }

    /// The agent's settings by name; of those given twice, the last.
    private func agentOptions() throws -> [String: String] {
        let type = try AgentRegistry.standard.agent(named: agent)
        var options: [String: String] = [:]
        for pair in agentOption.flatMap({ $0.split(separator: ",") }) {
            guard let middle = pair.firstIndex(of: "=") else {
                throw ValidationError(
                    "--agent-option: found '\(pair)', allowed key=value with the settings of agent \(agent): "
                        + (type.optionNames.isEmpty ? "none" : type.optionNames.joined(separator: ", ")))
            }
            options[String(pair[..<middle])] = String(pair[pair.index(after: middle)...])
        }
        try type.require(options)
        return options
    }

    /// The options as the search takes them.
    private func resolved() throws -> SearchOptions {
        var options = try from.map { try earlier(RunFiles(folder: $0).options()) } ?? fresh()
        if let validation { options.validation = validation }
        options.targetLatencies = targetLatency
        options.targetSize = targetSize
        options.agent = agent
        options.agentOptions = try agentOptions()
        options.budget = budget
        options.threads = machine.threads
        options.finetuneSteps = finetuneSteps
        options.weights.quality = qualityWeight
        options.weights.latency = latencyWeight
        options.weights.size = sizeWeight
        if finetuneSteps != nil { try Recovery.require(options) }
        return options
    }

    /// What is searched, by the command line alone.
    private func fresh() throws -> SearchOptions {
        guard let model, let task, let train else { throw ValidationError("Missing expected arguments") }
        var options = SearchOptions(
            model: model, task: task, train: train, targetLatency: targetLatency.strictest,
            threads: machine.threads)
        options.metric = metric
        let type: any SearchableModel.Type = try SearchTasks.standard.task(named: task).modelType
        options.tokens = machine.tokens ?? type.standardTokens
        options.latencyOf = latencyOf ?? options.latencyOf
        options.levels = levels ?? type.standardLevels(for: options.latencyOf)
        options.solver = solver ?? options.solver
        sampling.set(&options)
        return options
    }

    /// What an earlier run searched, wherever its files are now.
    private func earlier(_ options: SearchOptions) throws -> SearchOptions {
        func require<Value: Equatable>(_ flag: String, _ given: Value?, _ run: Value) throws {
            guard given == nil || given == run else {
                throw SearchFailure("\(flag): found \(given ?? run), allowed \(run) as in --from")
            }
        }
        try require("--task", task, options.task)
        try require("--metric", metric, options.metric ?? .accuracy)
        try require("--latency-of", latencyOf, options.latencyOf)
        try require("--levels", levels, options.levels)
        try require("--seed", sampling.seed, options.seed)
        try require("--solver", solver, options.solver)
        try require("--calibration-sentences", sampling.calibrationSentences, options.calibrationSentences)
        try require("--reward-sentences", sampling.rewardSentences, options.rewardSentences)
        var options = options
        options.model = model ?? options.model
        options.train = train ?? options.train
        options.tokens = machine.tokens ?? options.tokens
        return options
    }

    private func search<Task: SearchTask>(
        _ task: Task, _ options: SearchOptions, _ output: String
    ) throws {
        machine.noteBusyProcessors()
        let line = ProgressLine()
        let live = try serve.map {
            try LiveReport.start(port: $0, RunRecord(folder: output, starting: options))
        }
        if let live { Terminal.note("the report is live at \(live.address)") }
        let session = try SearchSession<Task.Model>.start(
            options, task: task, folder: output, cache: cacheOptions.folder, latencyTable: latencyTable,
            from: from, configuration: configuration(options, output: output),
            progress: { stage, fraction in
                line.show(stage, fraction)
                live?.report.update { $0.with(costs: nil, rows: [], stage: stage) }
            }, note: Terminal.note)
        try RunFolder.finish(session, folder: output, line: line, live: live?.report, json: json)
    }

    private func searchAgain(_ run: String, _ task: some SearchTask) throws {
        let line = ProgressLine()
        let replay = try SearchReplay.replay(task, run: run, cache: cacheOptions.folder, progress: line.show)
        line.finish()
        if json { try Terminal.printJSON(replay) } else { print(replay.description) }
        if replay.difference != nil { throw ExitCode.failure }
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
