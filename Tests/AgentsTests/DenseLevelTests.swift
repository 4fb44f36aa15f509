import ChainProblem
import Environments
import Levels
import Testing

@testable import Agents

/// Which level is dense is said by the level set: agents do the same whatever its index is.
@Suite struct DenseLevelTests {
    /// The index that each level of the usual order has in the other one.
    private static let order = [4, 2, 7, 0, 8, 1, 3, 6, 5]

    /// The same tables with levels in another order, in which dense is not the first.
    private static func reordered(_ costs: LevelCosts) throws -> LevelCosts {
        func row<Value>(_ values: [Value]) -> [Value] {
            order.indices.compactMap { place in order.firstIndex(of: place).map { values[$0] } }
        }
        let levels = try LevelSet(row(Array(costs.levels)))
        return LevelCosts(
            layers: costs.layers, levels: levels, latencyMs: costs.latencyMs.map(row),
            overheadMs: costs.overheadMs, sizeBytes: costs.sizeBytes.map(row),
            otherSizeBytes: costs.otherSizeBytes, sensitivity: costs.sensitivity.map(row),
            outputError: costs.outputError.map(row), facts: costs.facts)
    }

    /// Evaluates by the levels of a policy, in whatever order they are.
    private struct ByLevels: Evaluator {
        let toy: ChainEnvironment
        let levels: LevelSet

        private func usual(_ policy: [Int]) throws -> [Int] {
            try policy.map { try #require(toy.costs.levels.firstIndex(of: levels[$0])) }
        }

        func quality(of policy: [Int]) throws -> Double { 1 - toy.loss(of: try usual(policy)) }
        func tokenPasses(for question: EvaluatorQuestion) -> Int? {
            if case .effects = question { 1 } else { nil }
        }
        func effects(of policy: [Int], number: Int) throws -> LevelEffects {
            let effects = ChainEvaluator(toy: toy, tokens: 1).effects(of: try usual(policy), number: number)
            func inOrder(_ table: [[Double]]) throws -> [[Double]] {
                let places = try usual(Array(levels.indices))
                return table.map { row in places.map { row[$0] } }
            }
            return LevelEffects(slope: try inOrder(effects.slope), curvature: try inOrder(effects.curvature))
        }
        func scores(of policies: [[Int]], share: Double, number: Int) -> [Double] { [] }
    }

    /// The policies of the first episodes, as levels.
    private static func policies(_ kind: String, _ costs: LevelCosts, episodes: Int) throws -> [[Level]] {
        let toy = ChainEnvironment(problem: 3, budget: 1)
        let target = costs.target(.fraction(0.43))
        let environment = PruningEnvironment(
            costs: costs, budget: 100, evaluator: ByLevels(toy: toy, levels: costs.levels))
        var agent = try AgentRegistry.standard.make(kind, costs: costs, target: target, budget: 100, seed: 4)
        var policies: [[Level]] = []
        while policies.count < episodes, agent.wantsMore {
            let (_, actions, terms) = try walk(environment, target: target) { seen, _ in agent.act(seen) }
            agent.finish(Episode(actions: actions, terms: terms))
            if agent.wantsEffects { agent.learn(from: try environment.effects(of: actions)) }
            policies.append(actions.map { costs.levels[$0] })
        }
        return policies
    }

    /// Agents whose random choices do not number levels.
    @Test(
        arguments: [
            "natural", "uniform", "erk", "owl", "magnitude", "greedy", "spdy", "haq", "autoscheme",
        ])
    func theOrderOfLevelsMakesNoDifference(kind: String) throws {
        // Latencies of the chain are whole, which makes ties that an order may break in either way.
        let whole = ChainEnvironment(problem: 3, budget: 1).costs
        let latency = whole.latencyMs.enumerated().map { layer, row in
            row.enumerated().map { $1 + 0.001 * Double((layer * 31 + $0 * 17) % 101) }
        }
        let costs = LevelCosts(
            layers: whole.layers, levels: whole.levels, latencyMs: latency, overheadMs: whole.overheadMs,
            sizeBytes: whole.sizeBytes, otherSizeBytes: whole.otherSizeBytes, sensitivity: whole.sensitivity,
            outputError: whole.outputError)
        let other = try Self.reordered(costs)
        #expect(other.levels.dense == 4 && other.denseLatencyMs == costs.denseLatencyMs)
        // The natural agent's later episodes draw levels by their numbers.
        let episodes = kind == "natural" ? 2 : 10
        let expected = try Self.policies(kind, costs, episodes: episodes)
        #expect(!expected.isEmpty)
        let found = try Self.policies(kind, other, episodes: episodes)
        // Lists by pattern are in the order in which patterns come.
        #expect(isListed(kind) ? Set(found) == Set(expected) : found == expected)
    }

    @Test func theCriticHasNoMultiplierForDense() throws {
        let costs = ChainEnvironment(problem: 3, budget: 1).costs
        let other = try Self.reordered(costs)
        let policies = (0..<9).map { number in costs.layers.indices.map { (number * 5 + $0 * 7) % 9 } }
        let rewards = policies.map { 1 - ChainEnvironment(problem: 3, budget: 1).loss(of: $0) }
        func critic(_ costs: LevelCosts, _ policies: [[Int]]) -> Critic {
            Critic(
                costs: costs, expected: costs.sensitivity,
                prior: .init(multiplierDeviation: 0.5, residualDeviation: 0.5, misfit: 0.3),
                actions: policies, rewards: rewards)
        }
        let (usual, found) = (
            critic(costs, policies), critic(other, policies.map { $0.map { Self.order[$0] } })
        )
        for layer in costs.layers.indices {
            for level in costs.levels.indices {
                let (one, two) = (usual.loss[layer][level], found.loss[layer][Self.order[level]])
                #expect(abs(one - two) < 1e-9)
            }
        }
    }
}
