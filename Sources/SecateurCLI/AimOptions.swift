import Agents
import ArgumentParser
import Levels
import Runs
import Search

/// What a search is to reach, how, and with how much work: `search` and `retarget` share it.
struct AimOptions: ParsableArguments {
    @Option(
        help: """
            End-to-end latency to reach: a fraction of dense such as 0.5, or milliseconds such as 12ms; or a range \
            of them such as 0.25...0.8, out of which `secateur pick` takes policies. Default with --max-drop: 1.
            """,
        transform: parsed(
            "a fraction of dense from above 0 to 1, milliseconds such as 12ms, or a range such as 0.25...0.8",
            { LatencyTargets($0) }))
    var targetLatency: LatencyTargets?

    @Option(
        help: """
            How much quality may be lost, such as 1%, as a fraction of dense: finds the fastest policy that loses no \
            more on text that no reward was computed on.
            """,
        transform: parsed("a percentage such as 1%, or a fraction such as 0.01", { Self.fraction($0) }))
    var maxDrop: Double?

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
        help: """
            What latency is measured of, instead of --tokens: \(WorkloadChoice.form); data is sequences as long as those of \
            --train, at 20 quantiles, and the target is of their mean. Encoders only for data.
            """, transform: parsed(WorkloadChoice.form) { WorkloadChoice($0) })
    var workload: WorkloadChoice?

    @Option(help: "Weight of quality in the reward, as a fraction of dense.")
    var qualityWeight = 1.0

    @Option(help: "Weight of the latency saved in the reward, as a fraction of dense.")
    var latencyWeight = 0.02

    @Option(help: "Weight of the bytes saved in the reward, as a fraction of dense.")
    var sizeWeight = 0.02

    @Option(
        help: """
            Weight, within quality, of the mean cosine to the dense model's embeddings, against 1 for the agreement of \
            similarities: keeps an index that the dense model built usable. Not for classes and \
            language models. Default: 0.
            """)
    var spaceWeight: Double?

    @Option(
        help: "A latency table from `secateur profile` to use instead of measuring.",
        completion: .file(extensions: ["h5"]))
    var latencyTable: String?

    @Option(
        help: "A file that is reported on, and that decides whether the trained model is kept.",
        completion: .file())
    var validation: String?

    @Option(
        help: """
            How long to train the pruned model afterwards, zeros and precisions staying, to recover what pruning lost: \
            \(RecoveryLength.form), or none. Encoders only. Default: \(Self.standardRecovery) where that is possible.
            """)
    var recover: String?

    private static let standardRecovery = RecoveryLength.seconds(300)

    @OptionGroup var cacheOptions: CacheOptions

    private static func fraction(_ text: String) -> Double? {
        let value = text.hasSuffix("%") ? Double(text.dropLast()).map { $0 / 100 } : Double(text)
        return value.flatMap { $0 > 0 && $0 < 1 ? $0 : nil }
    }

    /// What is to be reached; with a quality to keep, any latency up to dense.
    var latencies: LatencyTargets {
        targetLatency ?? LatencyTargets(.fraction(1), mildest: nil)
    }

    func validate() throws {
        guard targetLatency != nil || maxDrop != nil else {
            throw ValidationError("Missing expected argument '--target-latency' or '--max-drop'")
        }
        guard maxDrop == nil || targetLatency?.mildest == nil else {
            throw ValidationError(
                "--max-drop: found with the range \(latencies), allowed with one --target-latency")
        }
        if let workload, machine.tokens != nil {
            throw ValidationError("--workload: found \(workload) with --tokens, allowed one of the two")
        }
        guard budget >= 1 else { throw ValidationError("--budget: found \(budget), allowed 1 or more") }
        if let targetSize, !(targetSize > 0 && targetSize <= 1) {
            throw ValidationError("--target-size: found \(targetSize), allowed more than 0 and at most 1")
        }
        if let recover, recover != Self.none, RecoveryLength(recover) == nil {
            throw ValidationError("--recover: found '\(recover)', allowed \(RecoveryLength.form), or none")
        }
        for (name, weight) in [
            ("quality", qualityWeight), ("latency", latencyWeight), ("size", sizeWeight),
            ("space", spaceWeight ?? 0),
        ] where !(weight >= 0 && weight.isFinite) {
            throw ValidationError("--\(name)-weight: found \(weight), allowed 0 or more")
        }
    }

    /// Prints the settings of the agent instead, where that is asked for.
    func showsAgentHelp() throws -> Bool {
        guard agentOption == ["help"] else { return false }
        let help = try AgentRegistry.standard.agent(named: agent).optionsHelp
        print(help.isEmpty ? "agent \(agent) has no options" : help.joined(separator: "\n"))
        return true
    }

    /// Takes over all of it.
    ///
    /// - Parameter ofRun: whether the options are those of a run, which say how long is trained and how much the space
    ///   counts where the command line does not.
    func set(_ options: inout SearchOptions, ofRun: Bool = false) throws {
        if let validation { options.validation = validation }
        if let workload = workload ?? machine.tokens.map({ .fixed(tokens: $0, batch: 1) }) {
            options.workloadChoice = workload
        }
        options.targetLatencies = latencies
        options.maxDrop = maxDrop
        options.targetSize = targetSize
        options.agent = agent
        options.agentOptions = try agentOptions()
        options.budget = budget
        options.threads = machine.threads
        options.weights.quality = qualityWeight
        options.weights.latency = latencyWeight
        options.weights.size = sizeWeight
        options.weights.space = spaceWeight ?? (ofRun ? options.weights.space : 0)
        if recover != nil || !ofRun {
            options.recover = try recovery(SearchTasks.standard.task(named: options.task), options)
        }
    }

    /// Not at all.
    private static let none = "none"

    private func recovery<Task: SearchTask>(
        _ task: Task, _ options: SearchOptions
    ) throws -> RecoveryLength? {
        guard let recover else {
            let isPossible = (try? Recovery.require(task, options)) != nil
            return isPossible ? Self.standardRecovery : nil
        }
        guard let length = RecoveryLength(recover) else { return nil }
        try Recovery.require(task, options)
        return length
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
}
