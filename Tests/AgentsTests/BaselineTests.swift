import ChainProblem
import Environments
import Levels
import Pruning
import Tensors
import Testing

@testable import Agents

/// Each baseline reproduces what its paper says of it.
@Suite struct BaselineTests {
    private static var toy: ChainEnvironment { ChainEnvironment(problem: 1, budget: 10) }
    private static var allocation: AdditiveAllocation {
        AdditiveAllocation(costs: toy.costs, target: toy.usualTarget)
    }

    /// No mutation exceeds the target, and none gives away more than one step of one layer.
    @Test func evoPressKeepsTheCostConstant() throws {
        let costs = Self.toy.costs
        var agent = EvoPress(costs: costs, target: Self.toy.usualTarget, budget: 10, seed: 3)
        let largestStep = try #require(
            costs.latencyMs.indices.flatMap { layer in
                let ladder = EvoPress.ladder(
                    Array(costs.levels.indices), latencyMs: costs.latencyMs[layer],
                    error: costs.outputError[layer])
                return zip(ladder, ladder.dropFirst()).map {
                    costs.latencyMs[layer][$0] - costs.latencyMs[layer][$1]
                }
            }.max())
        var parent = try #require(
            Uniform(costs: costs, target: Self.toy.usualTarget, budget: 1, seed: 1).list.candidates.first)
        var mutations = 0
        for _ in 0..<500 {
            let offspring = agent.mutated(parent, Self.allocation)
            let change = costs.latencyMs(of: offspring) - costs.latencyMs(of: parent)
            #expect(Self.allocation.fits(offspring))
            #expect(change > -3 * largestStep - 1e-9)
            if offspring != parent { mutations += 1 }
            parent = offspring
        }
        #expect(mutations > 400)
    }

    /// Sixteen offspring on a sixteenth of the data, four on a quarter, one on all of it.
    @Test func evoPressSelectsInStages() throws {
        let environment = ChainEnvironment(problem: 1, budget: 100)
        let target = environment.usualTarget
        var agent = EvoPress(costs: environment.costs, target: target, budget: 100, seed: 3)
        func evaluated() throws -> [Int] {
            var (observation, actions) = (try environment.reset(target: target), [Int]())
            while true {
                actions.append(agent.act(observation))
                switch try environment.step(actions[actions.count - 1]) {
                case .next(let next): observation = next
                case .terminated(let terms):
                    agent.finish(Episode(actions: actions, terms: terms))
                    return actions
                }
            }
        }
        var starts = 0
        while agent.screening(for: target) == nil {
            _ = try evaluated()
            starts += 1
        }
        #expect(starts > 0)
        for _ in 0..<5 {
            let asked = agent.screening(for: target)
            let first = try #require(asked)
            #expect(Set(first.policies).count == first.policies.count && first.share == 1.0 / 16)
            #expect((9...16).contains(first.policies.count))
            let scores = first.policies.map { -environment.loss(of: $0) }
            agent.learn(fromScores: scores)
            let narrowed = agent.screening(for: target)
            let second = try #require(narrowed)
            let best = zip(scores, first.policies).sorted { $0.0 > $1.0 }.prefix(4).map(\.1)
            #expect(Set(second.policies) == Set(best) && second.share == 1.0 / 4)
            // A second look may see it otherwise.
            agent.learn(fromScores: second.policies.map { environment.loss(of: $0) })
            let more = agent.screening(for: target)
            #expect(more == nil)
            #expect(try evaluated() == best.last)
        }
        // Where nothing can be scored in part, one offspring of a generation is evaluated.
        let last = agent.screening(for: target)
        let unscored = try #require(last)
        agent.learn(fromScores: nil)
        let none = agent.screening(for: target)
        #expect(none == nil)
        #expect(try evaluated() == unscored.policies.first)
    }

    /// Against every policy there is.
    @Test(arguments: 1...5 as ClosedRange<UInt64>) func spdyIsOptimalWhenLossesAddUp(problem: UInt64) throws {
        let toy = ChainEnvironment(layers: 5, problem: problem, budget: 1)
        // Latencies are whole milliseconds: half a millisecond more allows no other policy, and more than
        // what rounding to bins may cost.
        let target = toy.costs.target(latencyMs: toy.usualTarget.latencyMs + 0.5)
        let allocation = AdditiveAllocation(costs: toy.costs, target: target)
        var random = CounterBasedRandom(seed: problem)
        let coefficients = toy.costs.layers.map { _ in random.nextUniform() }
        let prior = toy.costs.outputError.map(SPDY.prior)
        func loss(_ actions: [Int]) -> Double {
            actions.enumerated().reduce(0) { $0 + coefficients[$1.offset] * prior[$1.offset][$1.element] }
        }
        let found = try #require(SPDY.policy(coefficients, prior: prior, allocation))
        let count = toy.costs.levels.count
        var best = Double.infinity
        for number in 0..<count * count * count * count * count {
            var (rest, actions) = (number, [Int]())
            for _ in 0..<5 {
                actions.append(rest % count)
                rest /= count
            }
            if allocation.fits(actions) { best = min(best, loss(actions)) }
        }
        #expect(allocation.fits(found))
        #expect(abs(loss(found) - best) < 1e-12)
    }

    @Test func spdysPriorIsTheSquareOfTheRank() {
        #expect(SPDY.prior([0, 0.3, 0.1, 0.7]) == [0, 4.0 / 9, 1.0 / 9, 1])
    }

    /// Outlier ratios 1, 2, 4 %: stretched to 0, 2λ/3, 2λ, whose mean is 8λ/9.
    @Test func owlFollowsItsFormula() {
        let found = OWL.sparsities([0.01, 0.02, 0.04], mean: 0.7)
        let expected = [0.7 + 0.08 * 8 / 9, 0.7 + 0.08 * 2 / 9, 0.7 - 0.08 * 10 / 9]
        for (found, expected) in zip(found, expected) { #expect(abs(found - expected) < 1e-12) }
        #expect(abs(found.reduce(0, +) / 3 - 0.7) < 1e-12)
    }

    /// The densities keep as many weights as asked, in the ratio of (rows + cols) / (rows · cols).
    @Test func erkFollowsItsFormula() {
        let shapes = [(384, 384), (1536, 384), (384, 384)]
        let costs = Self.costs(shapes)
        let found = ERK.densities(costs, overall: 0.2)
        let counts = shapes.map { Double($0.0 * $0.1) }
        let kept = zip(found, counts).reduce(0) { $0 + $1.0 * $1.1 }
        #expect(abs(kept - 0.2 * counts.reduce(0, +)) < 1e-6)
        #expect(abs(found[0] / found[1] - (768.0 / 384 / 384) / (1920.0 / 1536 / 384)) < 1e-12)
        // Where a layer would keep more than all, it stays whole and the others share the rest.
        let dense = ERK.densities(costs, overall: 0.9)
        #expect(dense[0] == 1 && dense[2] == 1 && dense[1] < 1)
    }

    /// A layer of small weights is pruned where one of large weights is not.
    @Test func globalMagnitudeTakesTheSmallestWeightsOfAll() throws {
        let facts = [1.0, 10.0].map { scale in
            LayerFacts(
                rows: 10, cols: 10, magnitudeQuantiles: (0...4).map { Float(scale * Double($0) / 4) },
                outlierRatio: 0, outputEnergy: 1)
        }
        #expect(facts[0].fraction(below: 0.5) == 0.5)
        #expect(abs(facts[1].fraction(below: 0.5) - 0.05) < 1e-7)
        let costs = LevelCosts(
            layers: ["small", "large"], levels: [.dense, Level(pattern: .unstructured, sparsity: 0.5)],
            latencyMs: [[2, 1], [2, 1]], overheadMs: 0, sizeBytes: [[4, 2], [4, 2]], otherSizeBytes: 0,
            sensitivity: [[0, 0], [0, 0]], outputError: [[0, 1], [0, 1]], facts: facts)
        let target = costs.target(latencyMs: 3)
        let agent = GlobalMagnitude(costs: costs, target: target, budget: 1, seed: 1)
        #expect(agent.list.candidates == [[1, 0]])
    }

    private static func costs(_ shapes: [(Int, Int)]) -> LevelCosts {
        LevelCosts(
            layers: shapes.indices.map { "layer.\($0)" }, levels: [.dense],
            latencyMs: shapes.map { _ in [1] }, overheadMs: 0, sizeBytes: shapes.map { _ in [1] },
            otherSizeBytes: 0, sensitivity: shapes.map { _ in [0] }, outputError: shapes.map { _ in [0] },
            facts: shapes.map {
                LayerFacts(
                    rows: $0.0, cols: $0.1, magnitudeQuantiles: [0, 1], outlierRatio: 0, outputEnergy: 1)
            })
    }
}
