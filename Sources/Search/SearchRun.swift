import Agents
import Environments
import Foundation
import Levels
import ModelFiles
import Runs

/// What a search is to do.
public struct SearchRunOptions: Sendable, Equatable {
    /// Which agent searches.
    public var agent: String
    /// Settings of the agent that are not at their defaults, by name.
    public var agentOptions: [String: String]
    /// What it is asked for; of a range of latencies, the strictest.
    public var target: Target
    /// The mild end of a range of latencies, in milliseconds; nil for one target.
    public var mildestLatencyMs: Double?
    /// How much quality may be lost, as a fraction of dense; nil where latency alone is asked for.
    public var maxDrop: Double?
    /// How many policies it may evaluate.
    public var budget: Int
    /// What fixes its random numbers.
    public var seed: UInt64
    /// Least time between two checkpoints, in seconds.
    public var checkpointEverySeconds: Double

    /// Sets options.
    public init(
        agent: String = NaturalGradient.name, agentOptions: [String: String] = [:], target: Target,
        mildestLatencyMs: Double? = nil, maxDrop: Double? = nil, budget: Int, seed: UInt64 = 0,
        checkpointEverySeconds: Double = 1
    ) {
        self.agent = agent
        self.agentOptions = agentOptions
        self.target = target
        self.mildestLatencyMs = mildestLatencyMs
        self.maxDrop = maxDrop
        self.budget = budget
        self.seed = seed
        self.checkpointEverySeconds = checkpointEverySeconds
    }
}

/// How far a search is.
public struct SearchProgress: Sendable {
    /// Policies evaluated so far.
    public let evaluations: Int
    /// Policies that may be evaluated.
    public let budget: Int
    /// The policy evaluated last.
    public let latest: TraceRow
    /// Seconds that the search has run, not counting pauses.
    public let elapsedSeconds: Double
}

/// What a search found.
public struct SearchOutcome: Sendable, Equatable {
    /// What a final check on other data picks among; see ``FinalCandidates``.
    public let best: [Episode]
    /// Policies evaluated.
    public let evaluations: Int
    /// Whether it was stopped before its end, and can be resumed.
    public let interrupted: Bool
}

/// A search that leaves `trace.h5` and `checkpoint.h5` in a folder and can be resumed from there.
///
///     let run = try SearchRun.start(
///         folder: "checkpoints/mine", environment: environment,
///         options: SearchRunOptions(target: costs.target(.fraction(0.5)), budget: 200),
///         identity: ["model": digest])
///     let outcome = try run.run(progress: { print($0.latest.terms.reward) }, shouldStop: { false })
///
/// A search that was stopped or killed and resumed evaluates the same policies as one that was not.
public final class SearchRun {
    /// What it does; after resuming, what it was started with.
    public let options: SearchRunOptions

    private let environment: any Environment
    private let header: TraceHeader
    private let schedule: TargetSchedule
    private let trace: TraceFile
    private let checkpoints: CheckpointStore
    private var agent: any Agent
    /// Every policy evaluated so far.
    public private(set) var rows: [TraceRow]
    /// What may be spent, in token-passes.
    private let tokenBudget: Double
    private let earlierSeconds: Double
    private let started = ContinuousClock.now
    private var lastCheckpoint = ContinuousClock.now

    /// Starts a search in a folder, which is made if need be.
    ///
    /// - Parameter identity: What the search is about (digests of the model and the latency table, the
    ///   database's key, the task...): resuming with anything else is refused.
    /// - Throws: `Issue` when a run is there already; file errors.
    public static func start(
        folder: String, environment: any Environment, options: SearchRunOptions, identity: [String: String],
        agents: AgentRegistry = .standard
    ) throws -> SearchRun {
        let store = CheckpointStore(folder: folder)
        guard !store.holdsCheckpoint else {
            throw Issue(
                .exists, .path(store.path),
                advice: "a run is already here: resume it, or choose another folder")
        }
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let costs = environment.costs
        let header = TraceHeader(
            agent: options.agent, agentOptions: options.agentOptions, target: options.target,
            mildestLatencyMs: options.mildestLatencyMs, maxDrop: options.maxDrop,
            budget: options.budget, seed: options.seed, layers: costs.layers,
            levels: costs.levels.map(\.description), identity: identity)
        let agent = try agents.make(
            options.agent, costs: costs, target: options.target, budget: options.budget, seed: options.seed,
            options: options.agentOptions)
        let checkpoint = CheckpointFile(
            header: header, agentState: try Self.state(of: agent), rows: [], elapsedSeconds: 0)
        try store.save(checkpoint)
        return try SearchRun(checkpoint, agent, folder: folder, environment: environment, options: options)
    }

    /// Continues the search in a folder from its last checkpoint, or from the one before when the last is
    /// damaged.
    ///
    /// - Parameters:
    ///   - identity: Must be what the search was started with.
    ///   - note: Is told about a damaged checkpoint.
    ///   - environment: Makes the environment, given the budget in evaluations and how many token-passes are
    ///     spent.
    /// - Throws: `Issue` when there is no run, it is about something else, or it is damaged;
    ///   `Issue`.
    public static func resume(
        folder: String, identity: [String: String], agents: AgentRegistry = .standard,
        checkpointEverySeconds: Double = 1,
        note: (String) -> Void = { _ in },
        environment: (_ budget: Int, _ tokenPasses: Int?) throws -> any Environment
    ) throws -> SearchRun {
        let store = CheckpointStore(folder: folder)
        let path = store.path
        if let damage = try store.repair() { note(damage) }
        let summary = try CheckpointFile.readSummary(path: path)
        let header = summary.header
        try header.requireMatch(of: identity, path: path)
        let environment = try environment(header.budget, summary.tokenPasses)
        let options = SearchRunOptions(
            agent: header.agent, agentOptions: header.agentOptions,
            target: header.target(of: environment.costs), mildestLatencyMs: header.mildestLatencyMs,
            maxDrop: header.maxDrop, budget: header.budget, seed: header.seed,
            checkpointEverySeconds: checkpointEverySeconds)
        let checkpoint = try CheckpointFile(path: path, costs: environment.costs)
        let agent = try restored(checkpoint, costs: environment.costs, agents: agents, path: path)
        return try SearchRun(checkpoint, agent, folder: folder, environment: environment, options: options)
    }

    private static func state(of agent: some Agent) throws -> Data {
        try StateCoding.encode(agent.state)
    }

    /// The agent of a checkpoint.
    private static func restored(
        _ checkpoint: CheckpointFile, costs: LevelCosts, agents: AgentRegistry, path: String
    ) throws -> any Agent {
        func restored(_ new: some Agent) throws -> any Agent {
            var agent = new
            try agent.restore(decoded(of: new))
            return agent
        }
        func decoded<Kind: Agent>(of agent: Kind) throws -> Kind.State {
            try StateCoding.decode(Kind.State.self, from: checkpoint.agentState)
        }
        let header = checkpoint.header
        let agent = try agents.make(
            header.agent, costs: costs, target: header.target(of: costs), budget: header.budget,
            seed: header.seed, options: header.agentOptions)
        do {
            return try restored(agent)
        } catch let issue as Issue {
            throw Issue.unusable(path, field: "/agent", "\(issue)")
        } catch let error as DecodingError {
            throw Issue.unusable(path, field: "/agent", error.line)
        }
    }

    private init(
        _ checkpoint: CheckpointFile, _ agent: any Agent, folder: String, environment: any Environment,
        options: SearchRunOptions
    ) throws {
        self.options = options
        self.environment = environment
        header = checkpoint.header
        self.agent = agent
        rows = checkpoint.rows
        let accounting = environment.costs.accounting
        tokenBudget = Double(options.budget * accounting.tokensPerEvaluation)
        schedule = TargetSchedule(
            target: options.target, mildestLatencyMs: options.mildestLatencyMs,
            quality: options.maxDrop.map {
                .init(least: 1 - $0, fastestMs: environment.costs.leastWholeLatencyMs)
            },
            start: Double(accounting.preparationTokens) / tokenBudget, tokenBudget: tokenBudget)
        earlierSeconds = checkpoint.elapsedSeconds
        checkpoints = CheckpointStore(folder: folder)
        let files = RunFiles(folder: URL(fileURLWithPath: folder).path)
        trace = try TraceFile(replacing: files.path(.trace), header: header, rows: rows)
    }

    /// Searches until the budget is spent, the agent wants no more, or `shouldStop` says so between two
    /// episodes; then closes the files, so that it can be called once.
    ///
    /// - Throws: `Issue` and file errors; the episodes finished before are in the checkpoint.
    public func run(
        progress: (SearchProgress) -> Void = { _ in }, shouldStop: () -> Bool = { false }
    ) throws -> SearchOutcome {
        var interrupted = false
        while environment.evaluationsLeft > 0, agent.wantsMore {
            if shouldStop() {
                interrupted = true
                break
            }
            let before = agent
            do {
                try runEpisode()
            } catch {
                agent = before
                try? saveCheckpoint()
                try? trace.close()
                throw error
            }
            if let latest = rows.last {
                progress(
                    SearchProgress(
                        evaluations: rows.count, budget: options.budget, latest: latest,
                        elapsedSeconds: elapsedSeconds))
            }
        }
        try saveCheckpoint()
        try trace.close()
        return SearchOutcome(
            best: FinalCandidates(for: options.target, maxDrop: options.maxDrop, costs: environment.costs)
                .among(rows),
            evaluations: rows.count, interrupted: interrupted)
    }

    /// One walk over the layers, recorded.
    private func runEpisode() throws {
        var actions: [Int] = []
        let target = schedule.target(after: rows, tokenPasses: environment.tokenPasses)
        while let wanted = agent.screening(for: target) {
            agent.learn(fromScores: try environment.screen(wanted.policies, share: wanted.share))
        }
        var observation = try environment.reset(target: target)
        while true {
            observation.progress = schedule.progressWithinStation(at: observation.progress)
            let action = agent.act(observation)
            actions.append(action)
            switch try environment.step(action) {
            case .next(let next):
                observation = next
            case .terminated(let terms):
                let baseline = agent.baseline
                agent.finish(Episode(actions: actions, terms: terms))
                if agent.wantsEffects { agent.learn(from: try environment.effects(of: actions)) }
                let row = TraceRow(
                    evaluation: rows.count + 1, actions: actions, terms: terms, baseline: baseline,
                    learning: agent.learning, tokenPasses: environment.tokenPasses,
                    wallClockSeconds: elapsedSeconds)
                rows.append(row)
                try trace.append(row)
                if ContinuousClock.now - lastCheckpoint >= .seconds(options.checkpointEverySeconds) {
                    try saveCheckpoint()
                }
                return
            }
        }
    }

    private func saveCheckpoint() throws {
        let checkpoint = CheckpointFile(
            header: header, agentState: try Self.state(of: agent), rows: rows,
            elapsedSeconds: elapsedSeconds)
        try checkpoints.save(checkpoint)
        lastCheckpoint = .now
    }

    private var elapsedSeconds: Double {
        earlierSeconds + (ContinuousClock.now - started) / .seconds(1)
    }

    /// What the agent of a search over a range of targets holds to be best for one inside of it, as policies
    /// to be tried.
    /// - Throws: `Issue`; errors that name the damaged file.
    public static func policies(
        for target: Target, in folder: String, costs: LevelCosts, agents: AgentRegistry = .standard
    )
        throws -> [[Int]]
    {
        let path = CheckpointStore(folder: folder).path
        return try restored(
            CheckpointFile(path: path, costs: costs), costs: costs, agents: agents, path: path
        ).policies(for: target)
    }

    /// The policies that a search in a folder would list as its best if it ended now, and how many it
    /// evaluated.
    /// - Throws: `Issue`; errors that name the damaged file.
    public static func bestPolicies(in folder: String, costs: LevelCosts) throws -> (
        policies: [[Int]], evaluations: Int
    ) {
        let (header, rows) = try RunFiles(folder: folder).recordedSoFar()
        try header.requireMatch(of: costs, path: CheckpointStore(folder: folder).path)
        let best = FinalCandidates(for: header.target(of: costs), maxDrop: header.maxDrop, costs: costs)
            .among(rows)
        return (best.map(\.actions), rows.count)
    }
}
