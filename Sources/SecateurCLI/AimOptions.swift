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

    @Option(help: "A file that is only reported on.", completion: .file())
    var validation: String?

    @Option(help: "Steps to train the pruned model for, zeros staying; encoders only.")
    var finetuneSteps: Int?

    @OptionGroup var cacheOptions: CacheOptions

    func validate() throws {
        guard budget >= 1 else { throw ValidationError("--budget: found \(budget), allowed 1 or more") }
        if let targetSize, !(targetSize > 0 && targetSize <= 1) {
            throw ValidationError("--target-size: found \(targetSize), allowed more than 0 and at most 1")
        }
        guard finetuneSteps ?? 1 >= 1 else {
            throw ValidationError("--finetune-steps: found \(finetuneSteps ?? 0), allowed 1 or more")
        }
        for (name, weight) in [
            ("quality", qualityWeight), ("latency", latencyWeight), ("size", sizeWeight),
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
    func set(_ options: inout SearchOptions) throws {
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
