import ChainProblem
import Environments
import Levels
import Tensors
import Testing

@testable import Agents

@Suite struct HAQTests {
    private static let levels: LevelSet = [
        .dense, Level(pattern: .unstructured, sparsity: 0.5), Level(pattern: .unstructured, sparsity: 0.9),
    ]

    private static func costs(latencyMs: [[Double]], sizeBytes: [[Int]]) -> LevelCosts {
        let none = latencyMs.map { $0.map { _ in 0.0 } }
        return LevelCosts(
            layers: latencyMs.indices.map { "layer.\($0)" }, levels: levels, latencyMs: latencyMs,
            overheadMs: 0, sizeBytes: sizeBytes, otherSizeBytes: 0, sensitivity: none, outputError: none)
    }

    /// As round((n_max − n_min + 1) · a + n_min − ½) has it for bits: all levels have the same share.
    @Test func everyLevelHasTheSameShareOfActions() {
        let actions = (0..<900).map { (Double($0) + 0.5) / 900 }
        for count in [1, 3, 9] {
            let places = actions.map { HAQ.place($0, of: count) }
            #expect(places == places.sorted())
            for place in 0..<count { #expect(places.count { $0 == place } == 900 / count) }
        }
        #expect(HAQ.place(1, of: 9) == 8 && HAQ.place(0, of: 9) == 0)
    }

    /// From the last layer to the first, one step each, and again from the last.
    @Test(
        arguments: [
            (12.0, [0, 0, 0]), (10, [0, 0, 1]), (8, [0, 1, 1]), (7.5, [1, 1, 1]), (5, [1, 1, 2]),
            (3, [2, 2, 2]),
        ] as [(Double, [Int])])
    func theWallLowersOneLayerAfterAnother(limitMs: Double, expected: [Int]) {
        let costs = Self.costs(
            latencyMs: [[4, 2, 1], [4, 2, 1], [4, 2, 1]], sizeBytes: [[9, 5, 1], [9, 5, 1], [9, 5, 1]])
        let allocation = AdditiveAllocation(costs: costs, target: costs.target(latencyMs: limitMs))
        #expect(HAQ.walled([0, 0, 0], allocation) == expected)
    }

    @Test func theWallGoesByLatencyNotByTheNumbersOfLevels() {
        let costs = Self.costs(latencyMs: [[2, 4, 1], [4, 1, 3]], sizeBytes: [[3, 3, 3], [3, 3, 3]])
        func walled(_ actions: [Int], _ limitMs: Double) -> [Int]? {
            HAQ.walled(actions, AdditiveAllocation(costs: costs, target: costs.target(latencyMs: limitMs)))
        }
        #expect(walled([1, 0], 7) == [1, 2])
        #expect(walled([1, 0], 5) == [0, 2])
        #expect(walled([1, 0], 3.5) == [0, 1])
        #expect(walled([1, 0], 1.5) == nil)
    }

    /// The first layer's second level is faster but larger, and so no step where size is limited.
    @Test func theWallMeetsBothLimits() {
        let costs = Self.costs(latencyMs: [[4, 2, 1], [4, 2, 1]], sizeBytes: [[5, 8, 1], [5, 5, 5]])
        let target = costs.target(latencyMs: 5, sizeBytes: 6)
        #expect(HAQ.walled([0, 0], AdditiveAllocation(costs: costs, target: target)) == [2, 1])
    }

    /// Where the target asks for nothing, all levels are proposed.
    @Test func itActsOverAllLevels() throws {
        let toy = ChainEnvironment(problem: 1, budget: 30)
        let target = toy.costs.target(latencyMs: 2 * toy.costs.denseLatencyMs)
        let settings = try HAQ.Settings(["warmUp": "1"], of: HAQ.name)
        var agent = HAQ(costs: toy.costs, target: target, budget: 30, seed: 1, settings: settings)
        var seen: Set<Int> = []
        for _ in 0..<30 {
            let (_, actions, terms) = try walk(toy, target: target) { observation, _ in agent.act(observation)
            }
            agent.finish(Episode(actions: actions, terms: terms))
            seen.formUnion(actions)
        }
        #expect(seen == Set(toy.costs.levels.indices))
    }

    /// The critic learns tenths of a reward, which is 10 · (quality − dense quality), or λ = 0.1 in percent;
    /// the expectation that a run records stays in units of reward.
    @Test func expectationsAreInUnitsOfReward() throws {
        let toy = ChainEnvironment(problem: 1, budget: 20)
        var agent = HAQ(costs: toy.costs, target: toy.usualTarget, budget: 20, seed: 1)
        var rewards: [Double] = []
        for _ in 0..<20 {
            let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen) }
            agent.finish(Episode(actions: actions, terms: terms))
            rewards.append(terms.reward)
        }
        let (least, most) = (try #require(rewards.min()), try #require(rewards.max()))
        #expect(agent.baseline >= least && agent.baseline <= most)
        #expect(HAQ.Settings().learner(budget: 20).rewardUnit == 0.1)
    }

    /// What it chooses at the end is better than what random actions gave that went through the same wall.
    @Test func learnedActionsAreBetterThanRandomOnes() throws {
        let (episodes, measured) = (400, 40)
        var (early, late) = (0.0, 0.0)
        for seed in 1...3 as ClosedRange<UInt64> {
            let toy = ChainEnvironment(layers: 6, problem: seed, budget: episodes, interaction: 0)
            let settings = try HAQ.Settings(["hidden": "64x64", "warmUp": "0.1"], of: HAQ.name)
            var agent = HAQ(
                costs: toy.costs, target: toy.usualTarget, budget: episodes, seed: seed, settings: settings)
            for episode in 0..<episodes {
                let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen)
                }
                agent.finish(Episode(actions: actions, terms: terms))
                if episode < measured { early += 1 - terms.quality }
                if episode >= episodes - measured { late += 1 - terms.quality }
            }
        }
        #expect(late < 0.95 * early, "\(late / early)")
    }
}
