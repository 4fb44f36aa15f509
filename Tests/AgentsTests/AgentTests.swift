import ChainProblem
import Levels
import Testing

@testable import Agents
@testable import Environments

@Suite struct AgentTests {
    /// The loss of the best policy found, over that of the optimum.
    private static func lossRatio(_ agent: String, problem: UInt64, seed: UInt64, budget: Int) throws
        -> Double
    {
        let folder = try TemporaryFolder()
        let toy = ChainEnvironment(problem: problem, budget: budget)
        let outcome = try search(folder.path, agent: agent, problem: problem, seed: seed, budget: budget)
        let best = try #require(outcome.best.first)
        #expect(best.terms.latencyMs <= toy.usualTarget.latencyMs)
        return (1 - best.terms.reward) / toy.optimalLoss(latencyMs: toy.usualTarget.latencyMs)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func naturalComesWithinTwoPercentOfTheOptimum(seed: UInt64) throws {
        let ratio = try Self.lossRatio("natural", problem: seed, seed: seed, budget: 200)
        let atRandom = try Self.lossRatio("random", problem: seed, seed: seed, budget: 200)
        #expect(ratio >= 1 - 1e-9)
        #expect(ratio <= 1.02)
        #expect(ratio < atRandom)
    }

    @Test(arguments: 1...3 as ClosedRange<UInt64>)
    func autoSchemeIsBetterThanRandomSearch(problem: UInt64) throws {
        let ratio = try Self.lossRatio("autoscheme", problem: problem, seed: problem, budget: 200)
        let atRandom = try Self.lossRatio("random", problem: problem, seed: problem, budget: 200)
        #expect(ratio >= 1 - 1e-9)
        #expect(ratio < atRandom)
    }

    /// Learning must beat the additive model that it starts from.
    @Test func naturalImprovesOnItsFirstPolicy() throws {
        for problem in 1...3 as ClosedRange<UInt64> {
            let first = try Self.lossRatio("natural", problem: problem, seed: 1, budget: 1)
            let later = try Self.lossRatio("natural", problem: problem, seed: 1, budget: 60)
            #expect(later - 1 < 0.5 * (first - 1))
        }
    }

    @Test func naturalProposesNoPolicyTwice() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", budget: 150)
        let rows = try traceRows(folder.path)
        #expect(Set(rows.map(\.actions)).count == 150)
    }

    @Test(arguments: AgentRegistry.standard.names) func theSameSeedGivesTheSameRows(agent: String) throws {
        let (first, second, other) = (try TemporaryFolder(), try TemporaryFolder(), try TemporaryFolder())
        try search(first.path, agent: agent)
        try search(second.path, agent: agent)
        try search(other.path, agent: agent, seed: 6)
        #expect(try traceRows(first.path) == traceRows(second.path))
        if !isListed(agent) { #expect(try traceRows(first.path) != traceRows(other.path)) }
    }

    @Test(arguments: AgentRegistry.standard.names) func bothLimitsAreMet(agent: String) throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: agent, budget: 20, sizeLimited: true)
        let toy = ChainEnvironment(problem: 1, budget: 20)
        for row in try traceRows(folder.path) {
            #expect(row.terms.latencyMs <= toy.usualTarget.latencyMs)
            #expect(row.terms.sizeBytes <= toy.costs.sizeLimit)
        }
    }

    /// Masks that the agent could not foresee: it must still pick what is allowed.
    @Test(arguments: AgentRegistry.standard.names) func masksAreObeyed(agent: String) throws {
        let toy = ChainEnvironment(problem: 1, budget: 40)
        let target = toy.usualTarget
        var player = try AgentRegistry.standard.make(
            agent, costs: toy.costs, target: target, budget: 40, seed: 1)
        // The environment is asked for less latency than the agent was told of.
        let tighter = toy.costs.target(latencyMs: (target.latencyMs + toy.costs.leastLatencyMs) / 2)
        for _ in 0..<20 {
            let (_, actions, terms) = try walk(toy, target: tighter) { observation, allowed in
                let seen = Observation(
                    layer: observation.layer, remainingLatencyMs: observation.remainingLatencyMs,
                    remainingSizeBytes: nil, target: target, actions: observation.actions,
                    progress: observation.progress, mask: observation.mask, features: observation.features)
                let action = player.act(seen)
                #expect(allowed.contains(action))
                return action
            }
            player.finish(Episode(actions: actions, terms: terms))
        }
    }

    @Test func uniformIsAsMildAsTheTargetAllows() throws {
        let folder = try TemporaryFolder()
        let outcome = try search(folder.path, agent: "uniform")
        let toy = ChainEnvironment(problem: 1, budget: 30)
        let layers = toy.costs.layers.count
        func fits(_ actions: [Int]) -> Bool {
            toy.costs.latencyMs(of: actions) <= toy.usualTarget.latencyMs
        }
        var expected: [[Int]] = []
        // Levels 1–4 are unstructured and 5–8 4x1, each from mild to sparse.
        for pattern in [Array(1...4), Array(5...8)] {
            // From mild to sparse: all at one level, all but the last at it, and so on.
            let ladder = zip([0] + pattern, pattern).flatMap { milder, level in
                (0...layers).reversed().map { prefix in
                    [Int](repeating: milder, count: prefix) + [Int](repeating: level, count: layers - prefix)
                }
            }
            expected += ladder.filter { !$0.contains(0) && fits($0) }.prefix(1)
        }
        #expect(expected.count == 2)
        #expect(try traceRows(folder.path).map(\.actions) == expected)
        #expect(!outcome.interrupted && outcome.evaluations == 2)
    }

    @Test func uniformLeavesAModelAloneThatIsFastEnough() throws {
        let toy = ChainEnvironment(problem: 1, budget: 30)
        let target = toy.costs.target(latencyMs: toy.costs.denseLatencyMs)
        var agent = Uniform(costs: toy.costs, target: target, budget: 30, seed: 0)
        let (_, actions, terms) = try walk(toy, target: target) { observation, _ in agent.act(observation) }
        agent.finish(Episode(actions: actions, terms: terms))
        #expect(actions.allSatisfy { $0 == 0 })
        #expect(!agent.wantsMore)
    }

    /// Once, agents without sensitivities found output errors under their name.
    @Test func agentsThatAskForNoSensitivitiesGoByOutputErrors() throws {
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let known = toy.costs
        func costs(sensitivity: [[Double]], outputError: [[Double]]) -> LevelCosts {
            LevelCosts(
                layers: known.layers, levels: known.levels, latencyMs: known.latencyMs,
                overheadMs: known.overheadMs, sizeBytes: known.sizeBytes,
                otherSizeBytes: known.otherSizeBytes, sensitivity: sensitivity, outputError: outputError)
        }
        let zero = known.sensitivity.map { $0.map { _ in 0.0 } }
        let reversed = Array(known.outputError.reversed())
        func first(_ kind: String, _ costs: LevelCosts) throws -> [Int] {
            var agent = try AgentRegistry.standard.make(
                kind, costs: costs, target: toy.usualTarget, budget: 10, seed: 1)
            let toy = ChainEnvironment(problem: 1, budget: 1)
            return try walk(toy, target: toy.usualTarget) { observation, _ in agent.act(observation) }.actions
        }
        for kind in ["greedy", "spdy"] {
            let actions = try first(kind, costs(sensitivity: zero, outputError: known.outputError))
            #expect(
                try actions == first(kind, costs(sensitivity: reversed, outputError: known.outputError)))
            #expect(try actions != first(kind, costs(sensitivity: zero, outputError: reversed)))
        }
        let actions = try first("natural", costs(sensitivity: known.sensitivity, outputError: zero))
        #expect(try actions == first("natural", costs(sensitivity: known.sensitivity, outputError: reversed)))
        #expect(!costs(sensitivity: zero, outputError: reversed).hasSensitivities)
    }

    @Test func namesAreChecked() throws {
        let agents = AgentRegistry.standard
        #expect(try agents.agent(named: "random") == RandomSearch.self)
        #expect(agents.names == AgentRegistry.standard.agents.map { $0.name })
        #expect(Set(agents.names).count == agents.names.count)
        let error = #expect(throws: Levels.Issue.self) { try agents.agent(named: "sarsa") }
        #expect(error?.description == "agent: found 'sarsa', allowed \(agents.names.joined(separator: ", "))")
    }
}
