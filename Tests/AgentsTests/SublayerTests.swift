import ChainProblem
import Environments
import Levels
import Tensors
import Testing

@testable import Agents

/// Sublayers that get narrower or are removed as wholes.
@Suite struct SublayerTests {
    private static func allocation(_ toy: SublayerProblem, _ fraction: Double) -> AdditiveAllocation {
        AdditiveAllocation(costs: toy.costs, target: toy.target(fraction))
    }

    @Test(arguments: 0..<20) func theAllocationFindsTheOptimum(problem: Int) throws {
        let toy = SublayerProblem(problem: UInt64(problem))
        for fraction in [0.15, 0.25, 0.4, 0.7] {
            let allocation = Self.allocation(toy, fraction)
            let actions = try #require(allocation.optimum(loss: toy.costs.sensitivity))
            #expect(toy.isWhole(actions) && allocation.fits(actions))
            let limit = toy.target(fraction).latencyMs
            #expect(toy.loss(of: actions) >= toy.optimalLoss(latencyMs: limit) - 1e-12)
            // Bins are rounded up: a whole millisecond is more than that can take.
            #expect(toy.loss(of: actions) <= toy.optimalLoss(latencyMs: limit - 1) + 1e-12)
        }
    }

    /// With nothing gained by removing, the result is that of the levels that keep all.
    @Test func whatCostsMoreThanItSavesIsKept() throws {
        let toy = SublayerProblem(problem: 3, removal: 50...60)
        let actions = try #require(Self.allocation(toy, 0.5).optimum(loss: toy.costs.sensitivity))
        #expect(toy.costs.levels.removed.map { !actions.contains($0) } == true)
        let cheap = SublayerProblem(problem: 3, removal: 0.001...0.002)
        let removed = try #require(Self.allocation(cheap, 0.5).optimum(loss: cheap.costs.sensitivity))
        #expect(removed.contains(try #require(cheap.costs.levels.removed)) && cheap.isWhole(removed))
    }

    @Test(arguments: 0..<10) func repairsKeepGroupsTogether(problem: Int) throws {
        let toy = SublayerProblem(problem: UInt64(problem))
        for fraction in [0.15, 0.3, 0.6] {
            let allocation = Self.allocation(toy, fraction)
            let repaired = try #require(
                allocation.repaired(toy.costs.densePolicy, loss: toy.costs.sensitivity))
            #expect(toy.isWhole(repaired) && allocation.fits(repaired))
            let filled = allocation.filledUp(repaired, loss: toy.costs.sensitivity)
            #expect(toy.isWhole(filled) && allocation.fits(filled))
            #expect(toy.loss(of: filled) <= toy.loss(of: repaired))
        }
    }

    /// Of a policy that turned out faster than predicted, groups get wider.
    @Test(arguments: 0..<10) func repairsSpendWhatIsLeftOnWiderGroups(problem: Int) throws {
        let toy = SublayerProblem(groups: 6, problem: UInt64(problem))
        let narrow = toy.costs.layers.map { _ in 3 }
        for fraction in [0.6, 0.75, 0.9] {
            let target = toy.target(fraction)
            let repaired = try #require(toy.costs.repaired(narrow, to: target))
            #expect(toy.isWhole(repaired) && toy.costs.meet(target, with: repaired))
            #expect(toy.loss(of: repaired) < toy.loss(of: narrow))
            #expect(toy.costs.latencyMs(of: repaired) > 0.85 * target.latencyMs)
        }
    }

    /// The share of each structure is that of a softmax over everything that a group's layers could be.
    @Test func structuresAreAsLikelyAsInTheWholeSoftmax() {
        let toy = SublayerProblem(problem: 5, removal: 0.8...1.2)
        let softmax = BudgetedSoftmax(
            allocation: Self.allocation(toy, 0.4), preference: toy.costs.sensitivity.map { $0.map { -$0 } },
            temperature: 0.01)
        let prices = softmax.prices(from: 0, remaining: softmax.whole)
        for group in toy.costs.groups {
            let weights = toy.choices(of: group).map { choice in
                PortableMath.exp(
                    zip(group, choice).reduce(0) { sum, place in
                        let (layer, level) = place
                        return sum
                            - (toy.costs.sensitivity[layer][level]
                                + prices.latency * toy.costs.latencyMs[layer][level]) / 0.01
                    })
            }
            let widths = toy.choices(of: group).map { toy.costs.levels[$0[0]].width }
            let shares = toy.costs.levels.widths.map { width in
                zip(widths, weights).reduce(0) { $0 + ($1.0 == width ? $1.1 : 0) } / weights.reduce(0, +)
            }
            let found = softmax.structureProbabilities(group, prices: prices)
            #expect(shares.count == 3 && zip(found, shares).allSatisfy { abs($0 - $1) < 1e-9 })
            for layer in group {
                let whole = softmax.probabilities(layer, among: [0, 1, 2], prices: prices)
                #expect(whole[3...] == [0, 0, 0] && abs(whole.reduce(0, +) - 1) < 1e-12)
            }
        }
        #expect(
            softmax.expected(toy.costs.latencyMs, from: 0, prices: prices) <= softmax.whole.latencyMs
                * (1 + 1e-6))
    }

    @Test func drawsKeepGroupsTogetherAndMeetTheTarget() {
        let toy = SublayerProblem(groups: 6, problem: 7, removal: 1...2)
        let allocation = Self.allocation(toy, 0.6)
        let softmax = BudgetedSoftmax(
            allocation: allocation, preference: toy.costs.sensitivity.map { $0.map { -$0 } },
            temperature: 0.02)
        var random = CounterBasedRandom(seed: 1)
        let drawn = (0..<200).map { _ in softmax.sample(using: &random) }
        #expect(drawn.allSatisfy { toy.isWhole($0) && allocation.fits($0) })
        let levels = drawn.map { policy in Set(policy.map { toy.costs.levels[$0].width }) }
        #expect([0, 0.5, 1].allSatisfy { width in levels.contains { $0.contains(width) } })
        #expect(levels.contains { !$0.contains(0) })
    }

    /// What an agent plans is what is evaluated: no mask has to correct it.
    @Test(arguments: 0..<6 as Range<UInt64>) func pricedPoliciesKeepGroupsTogether(problem: UInt64) throws {
        let toy = SublayerProblem(groups: 6, problem: problem)
        for fraction in [0.2, 0.35, 0.6] {
            let allocation = Self.allocation(toy, fraction)
            let priced = PricedAllocation(allocation, loss: toy.costs.sensitivity)
            let solution = priced.solution()
            #expect(toy.isWhole(solution) && allocation.fits(solution))
            let limit = toy.target(fraction).latencyMs
            #expect(toy.loss(of: solution) <= 1.25 * toy.optimalLoss(latencyMs: limit))
            let swapped = solution.indices.flatMap { priced.swaps(of: solution, up: $0) }
            #expect(swapped.allSatisfy { toy.isWhole($0) && allocation.fits($0) })
            #expect(swapped.map(priced.spent).allSatisfy { toy.isWhole($0) && allocation.fits($0) })
        }
    }

    /// What was removed comes back too.
    @Test func mutationsKeepGroupsTogether() throws {
        let toy = SublayerProblem(groups: 6, problem: 2)
        let allocation = Self.allocation(toy, 0.4)
        var agent = EvoPress(costs: toy.costs, target: toy.target(0.4), budget: 10, seed: 3)
        var parent = try #require(allocation.optimum(loss: toy.costs.sensitivity))
        var widths: [Set<Double>] = toy.costs.groups.map { _ in [] }
        for _ in 0..<1_000 {
            parent = agent.mutated(parent, allocation)
            #expect(toy.isWhole(parent) && allocation.fits(parent))
            for (number, group) in toy.costs.groups.enumerated() {
                widths[number].insert(toy.costs.levels[parent[group[0]]].width)
            }
        }
        #expect(widths.allSatisfy { $0 == [0, 0.5, 1] })
    }

    @Test func oneLevelForAllMayBeNarrow() {
        let toy = SublayerProblem(groups: 6, problem: 2)
        let candidates = Uniform(
            costs: toy.costs, target: toy.target(0.55), budget: 1, seed: 1
        ).list.candidates
        #expect(candidates.allSatisfy { toy.isWhole($0) && Self.allocation(toy, 0.55).fits($0) })
        let widths = Set(candidates.map { toy.costs.levels[$0[0]].width })
        #expect(widths == [0.5, 1])
    }

    /// With a budget, agents that learn come near the optimum, which no single width has.
    @Test(arguments: [SPDY.name, EvoPress.name, AutoScheme.name])
    func baselinesFindTheirWay(_ name: String) throws {
        let toy = SublayerProblem(groups: 6, problem: 2)
        let target = toy.target(0.35)
        let environment = PruningEnvironment(costs: toy.costs, budget: 120, evaluator: toy)
        var agent = try AgentRegistry.standard.make(
            name, costs: toy.costs, target: target, budget: 120, seed: 1)
        var best = Double.infinity
        while environment.evaluationsLeft > 0, agent.wantsMore {
            while let wanted = agent.screening(for: target) {
                agent.learn(fromScores: try environment.screen(wanted.policies, share: wanted.share))
            }
            let (_, actions, terms) = try walk(environment, target: target) { observation, _ in
                agent.act(observation)
            }
            agent.finish(Episode(actions: actions, terms: terms))
            best = min(best, toy.loss(of: actions))
        }
        let optimum = toy.optimalLoss(latencyMs: target.latencyMs)
        #expect(best <= 1.5 * optimum)
    }

    /// Told twice and half of what removals lose, the agent finds out.
    @Test(arguments: 1...4 as ClosedRange<UInt64>)
    func theDefaultAgentLearnsWhatRemovalsLose(problem: UInt64) throws {
        let toy = SublayerProblem(groups: 6, problem: problem)
        var told = toy.costs.sensitivity
        for (number, group) in toy.costs.groups.enumerated() {
            told[group[0]][5] *= number % 2 == 0 ? 2 : 0.5
        }
        let known = toy.costs
        let costs = LevelCosts(
            layers: known.layers, levels: known.levels, latencyMs: known.latencyMs,
            overheadMs: known.overheadMs,
            sizeBytes: known.sizeBytes, otherSizeBytes: known.otherSizeBytes, sensitivity: told,
            outputError: told, groups: known.groups)
        let target = toy.target(0.25)
        let environment = PruningEnvironment(costs: costs, budget: 150, evaluator: toy)
        var agent = NaturalGradient(costs: costs, target: target, budget: 150, seed: problem)
        var losses: [Double] = []
        while environment.evaluationsLeft > 0 {
            let (_, actions, terms) = try walk(environment, target: target) { observation, _ in
                agent.act(observation)
            }
            #expect(toy.isWhole(actions))
            agent.finish(Episode(actions: actions, terms: terms))
            losses.append(toy.loss(of: actions))
        }
        let optimum = toy.optimalLoss(latencyMs: target.latencyMs)
        #expect((losses.min() ?? .infinity) <= 1.1 * optimum)
    }
}
