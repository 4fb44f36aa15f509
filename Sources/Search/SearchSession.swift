import Agents
import Environments
import Evaluation
import Foundation
import Levels
import Models
import Runs
import SparseKernels
import Tensors
import Transformers

/// A search from a model folder to a finished run folder.
///
///     let session = try SearchSession<EncoderModel>.start(options, folder: "checkpoints/mine", cache: cache)
///     let summary = try session.finish()
public final class SearchSession<Model: SearchableModel> {
    private let preparation: SearchPreparation<Model>
    private let run: SearchRun
    private let files: RunFiles
    /// Held until the session is gone.
    private let lock: RunLock

    /// What was asked for.
    public var options: SearchOptions { preparation.inputs.options }
    /// Latencies, sizes and sensitivities.
    public var costs: LevelCosts { preparation.costs }
    /// Every policy evaluated so far, before this session included.
    public var rows: [TraceRow] { run.rows }

    private init(
        _ preparation: SearchPreparation<Model>, _ run: SearchRun, _ files: RunFiles, _ lock: RunLock
    ) {
        self.lock = lock
        self.preparation = preparation
        self.run = run
        self.files = files
    }

    /// Reads and checks everything, then starts a run in a folder, replacing one that is there.
    ///
    /// - Parameters:
    ///   - cache: folder for level databases.
    ///   - latencyTable: a file to take latencies from instead of measuring.
    ///   - earlier: the folder of a run whose sensitivities are taken over.
    ///   - components: what it can be made of.
    ///   - note: is told what a person should know, a line each.
    public static func start<Task: SearchTask>(
        _ options: SearchOptions, task: Task, folder: String, cache: String, latencyTable: String? = nil,
        from earlier: String? = nil, components: SearchComponents = .standard,
        progress: StageProgress = { _, _ in }, note: (String) -> Void = { _ in }
    ) throws -> SearchSession where Task.Model == Model {
        try requireAgent(options, components.agents)
        progress("reading the model and the data", 0)
        var inputs = try SearchInputs(options, task: task, components: components)
        let table = try latencyTable.map { try RunFiles.table($0, for: inputs.options) }
        let selection =
            options.hasLevels
            ? nil
            : try LevelSelection(
                among: Model.standardLevels(for: options.latencyOf), of: inputs, table: table, progress)
        if let selection {
            let shapes = inputs.model.network.layerShapes
            inputs = inputs.choosing(
                try offersStructure(options, components.agents)
                    ? selection.levels.addingStructure { table?.has($0, for: shapes) ?? true }
                    : selection.levels)
        }
        if let table, let latencyTable, !table.isFromThisHardware {
            note("\(latencyTable): measured on other hardware: \(table.fingerprint)")
        }
        let sensitivities = try earlier.flatMap { try EarlierRun(folder: $0).sensitivities(for: inputs) }
        let files = RunFiles(folder: folder)
        try files.makeFolder()
        let lock = try RunLock(folder: folder)
        try files.setAside()
        do {
            try files.claim(for: inputs.options, table: table, sensitivities: sensitivities, cache: cache)
            if let sensitivities {
                note("\(sensitivities.run): its sensitivities save \(sensitivities.evaluations) evaluations")
            } else if let earlier, try components.agents.agent(named: options.agent).usesSensitivities {
                note("\(earlier): its agent estimated no sensitivities, so this search does")
            }
            let session = try begin(inputs, files, lock, cache: cache, progress: progress)
            files.removeLeftovers()
            selection?.notes.forEach(note)
            return session
        } catch {
            // What cannot be searched replaces nothing.
            try? files.putBack()
            throw error
        }
    }

    /// Continues the run in a folder from where it was, with the latencies it started with.
    ///
    /// - Parameter note: is told what a person should know, a line each.
    /// - Throws: `Issue` for a run that is finished; errors of the search.
    public static func resume<Task: SearchTask>(
        _ task: Task, folder: String, cache: String, components: SearchComponents = .standard,
        progress: StageProgress = { _, _ in }, note: (String) -> Void = { _ in }
    ) throws -> SearchSession where Task.Model == Model {
        let files = RunFiles(folder: folder)
        let options = try files.options()
        guard try files.finishedSummary() == nil else {
            throw Issue(
                .mismatch, .path(folder), found: "a finished search", allowed: "one to continue",
                advice: "`secateur remeasure \(folder)` picks and measures again")
        }
        let lock = try RunLock(folder: folder)
        files.removeLeftovers()
        let inputs = try SearchInputs(options, task: task, components: components)
        guard files.holdsCheckpoint else {
            return try begin(inputs, files, lock, cache: cache, progress: progress)
        }
        let preparation = try SearchPreparation(inputs, cache: cache, files: files, progress: progress)
        let run = try SearchRun.resume(
            folder: folder, identity: preparation.identity, agents: components.agents, note: note
        ) { _, spent in
            environment(preparation, tokenPasses: spent)
        }
        return SearchSession(preparation, run, files, lock)
    }

    private static func begin(
        _ inputs: SearchInputs<Model>, _ files: RunFiles, _ lock: RunLock, cache: String,
        progress: StageProgress
    ) throws -> SearchSession {
        let options = inputs.options
        let preparation = try SearchPreparation(inputs, cache: cache, files: files, progress: progress)
        let environment = environment(preparation)
        // Says at once when no policy can meet the target, or the budget is spent before the first.
        _ = try environment.reset(target: target(options, preparation.costs))
        try requireBudget(environment, options)
        let run = try SearchRun.start(
            folder: files.folder, environment: environment,
            options: runOptions(options, preparation.costs), identity: preparation.identity,
            agents: inputs.components.agents)
        return SearchSession(preparation, run, files, lock)
    }

    /// Searches to the end, confirms the best policy by measurement, and writes the pruned model.
    ///
    /// - Parameters:
    ///   - latency: what decides whether a policy meets the target.
    ///   - onEvaluation: is given each evaluated policy.
    ///   - shouldStop: asked between two evaluations.
    /// - Returns: the summary; nil when it was stopped before the end, and can be resumed.
    public func finish(
        by latency: FinalLatency = .measured, progress: StageProgress = { _, _ in },
        onEvaluation: (TraceRow) -> Void = { _ in }, shouldStop: () -> Bool = { false }
    ) throws -> SearchSummary? {
        let outcome = try run.run(
            progress: { state in
                onEvaluation(state.latest)
                progress("searching", Double(state.evaluations) / Double(state.budget))
            }, shouldStop: shouldStop)
        guard !outcome.interrupted else { return nil }
        let confirmation = PolicyConfirmation(preparation, target: run.options.target, by: latency)
        let best = try confirmation.pick(outcome.best.map(\.actions), progress: progress)
        var summary = try confirmation.summary(best, evaluations: outcome.evaluations, progress: progress)
        try Self.handOver(best.candidate.actions, &summary, preparation, files)
        return summary
    }

    /// Writes the policy, the pruned model and the summary into a folder.
    static func handOver(
        _ actions: [Int], _ summary: inout SearchSummary, _ preparation: SearchPreparation<Model>,
        _ files: RunFiles
    ) throws {
        let inputs = preparation.inputs
        let policy = Policy(
            summary, modelDigest: inputs.modelDigest, shapes: inputs.model.network.layerShapes)
        try files.write(policy, .policy)
        let model = files.path(.model)
        if FileManager.default.fileExists(atPath: model) { try FileManager.default.removeItem(atPath: model) }
        let levels = zip(inputs.model.network.layerShapes, actions).map {
            ($0.name, inputs.options.levels[$1])
        }
        try inputs.base.write(
            try preparation.candidates.weights(actions), levels: Dictionary(uniqueKeysWithValues: levels),
            to: model)
        summary.denseDiskBytes = WeightFiles.bytes(at: inputs.options.model)
        summary.diskBytes = WeightFiles.bytes(at: model)
        try files.write(summary, .summary)
    }

    static func environment(
        _ preparation: SearchPreparation<Model>, tokenPasses: Int? = nil
    ) -> PruningEnvironment {
        let options = preparation.inputs.options
        return PruningEnvironment(
            costs: preparation.costs, weights: options.weights, budget: options.budget,
            tokenPasses: tokenPasses, evaluator: preparation.evaluator)
    }

    private static func requireBudget(_ environment: PruningEnvironment, _ options: SearchOptions) throws {
        // Several stations need two policies each, as effects are asked for at the first.
        let stations = TargetSchedule.stations(of: options)
        let needed = stations == 1 ? 1 : 4 * stations
        guard environment.evaluationsLeft < needed else { return }
        let spent = environment.costs.accounting
        let least = spent.preparationTokens / spent.tokensPerEvaluation + 1
        throw Issue(
            .outOfRange, .option("budget"), found: "\(options.budget)",
            allowed: "\(least + needed) or more, as calibration and sensitivities take what \(least) "
                + "evaluations take")
    }

    /// Whether heads, neurons and sublayers can be removed, and the agent knows how that is chosen.
    private static func offersStructure(_ options: SearchOptions, _ agents: AgentRegistry) throws -> Bool {
        try Model.Network.supportsStructure && agents.agent(named: options.agent).choosesStructure
    }

    private static func requireAgent(_ options: SearchOptions, _ agents: AgentRegistry) throws {
        let agent = try agents.agent(named: options.agent)
        try agent.require(options.agentOptions)
        if options.hasLevels, let level = options.levels.first(where: { $0.width < 1 }),
            try !offersStructure(options, agents)
        {
            let able = agents.agents.filter { $0.choosesStructure }.map { $0.name }.joined(separator: ", ")
            throw Issue(
                .mismatch, .option("levels"), found: "\(level) with agent \(options.agent)",
                allowed: "with \(able), for encoders")
        }
        guard agent.servesRanges || TargetSchedule.stations(of: options) == 1 else {
            let allowed = agents.agents.filter { $0.servesRanges }.map { $0.name }.joined(separator: ", ")
            let asked = options.maxDrop.map { "\($0)" } ?? "the range \(options.targetLatencies)"
            throw Issue(
                .mismatch, .option(options.maxDrop != nil ? "maxDrop" : "targetLatency"),
                found: "\(asked) with agent \(options.agent)",
                allowed: "with \(allowed)")
        }
    }

    /// What the agent is to do.
    static func runOptions(_ options: SearchOptions, _ costs: LevelCosts) -> SearchRunOptions {
        SearchRunOptions(
            agent: options.agent, agentOptions: options.agentOptions, target: target(options, costs),
            mildestLatencyMs: options.mildestLatency.map { costs.target($0).latencyMs },
            maxDrop: options.maxDrop,
            budget: options.budget, seed: options.seed)
    }

    static func target(_ options: SearchOptions, _ costs: LevelCosts) -> Target {
        costs.target(options.targetLatency, sizeFraction: options.targetSize)
    }
}
