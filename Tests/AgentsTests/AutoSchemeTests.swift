import ChainProblem
import Environments
import Levels
import Tensors
import Testing

@testable import Agents

@Suite struct AutoSchemeTests {
    private static let levels: LevelSet = [
        .dense, Level(pattern: .unstructured, sparsity: 0.5), Level(pattern: .unstructured, sparsity: 0.9),
    ]

    /// The policy of tables of three levels.
    private static func solution(
        latencyMs: [[Double]], loss: [[Double]], limitMs: Double, sizes: [[Int]]? = nil,
        limitBytes: Int? = nil
    ) -> [Int] {
        let costs = LevelCosts(
            layers: latencyMs.indices.map { "layer.\($0)" }, levels: levels, latencyMs: latencyMs,
            overheadMs: 0, sizeBytes: sizes ?? latencyMs.map { $0.map { _ in 1 } }, otherSizeBytes: 0,
            sensitivity: loss, outputError: loss)
        let target = costs.target(latencyMs: limitMs, sizeBytes: limitBytes)
        return PricedAllocation(AdditiveAllocation(costs: costs, target: target), loss: loss).solution()
    }

    /// By loss per millisecond: 0.5 and 0.55 for the first step of the layers, 2 and 1.9 for the second.
    @Test(
        arguments: [
            (8.0, [0, 0]), (7, [1, 0]), (6, [1, 0]), (5.5, [1, 1]), (4, [1, 1]), (3, [1, 2]), (2, [2, 2]),
            (1, [2, 2]),
        ] as [(Double, [Int])])
    func aPriceDecides(limitMs: Double, expected: [Int]) {
        let (latency, loss) = ([[4.0, 2, 1], [4.0, 2, 1]], [[0, 1.0, 3], [0, 1.1, 3]])
        #expect(Self.solution(latencyMs: latency, loss: loss, limitMs: limitMs) == expected)
    }

    /// Any price gives both layers the same level; what is left pays for one to go up.
    @Test func whatThePriceLeavesIsSpent() {
        let (latency, loss) = ([[4.0, 2, 1], [4.0, 2, 1]], [[0, 1.0, 3], [0, 1.0, 3]])
        #expect(Self.solution(latencyMs: latency, loss: loss, limitMs: 7) == [0, 1])
    }

    /// At a price that keeps the third layer down nothing is bought, at a lower one that alone, which is too
    /// much. Of the two milliseconds that are left, the first layer makes the most of one, and then blocks
    /// the second one, which saves more in both.
    @Test func anExchangeReachesWhatNoPriceDoes() {
        let latency = [[1.0, 0, 0], [2.0, 0, 0], [3.0, 0, 0]]
        let loss = [[0.0, 1.0, 2.0], [0.0, 1.5, 2.0], [0.0, 6.0, 7.0]]
        #expect(Self.solution(latencyMs: latency, loss: loss, limitMs: 2) == [1, 0, 1])
    }

    /// The first layer saves as much time and half of the bytes by its second level; the other one neither.
    @Test func aPriceOfBytesDecidesWhereSizeIsLimited() {
        let (latency, loss) = ([[1.0, 1, 1], [1.0, 1, 1]], [[0.0, 0.2, 2], [0.0, 0.1, 2]])
        func found(_ limitBytes: Int?) -> [Int] {
            Self.solution(
                latencyMs: latency, loss: loss, limitMs: 2, sizes: [[10, 5, 1], [10, 9, 1]],
                limitBytes: limitBytes)
        }
        #expect(found(nil) == [0, 0])
        #expect(found(20) == [0, 0])
        #expect(found(19) == [0, 1])
        #expect(found(18) == [1, 0])
        #expect(found(14) == [1, 1])
        #expect(found(2) == [2, 2])
    }

    /// Within one percent of the optimum in the mean, with one limit and with both.
    @Test(arguments: [false, true]) func comesNearTheOptimum(sizeLimited: Bool) throws {
        var (found, optimal) = (0.0, 0.0)
        for seed in 1...40 as ClosedRange<UInt64> {
            let toy = ChainEnvironment(layers: 4, problem: seed, budget: 1)
            let costs = toy.costs
            let target = costs.target(
                latencyMs: toy.usualTarget.latencyMs, sizeBytes: sizeLimited ? costs.sizeLimit : nil)
            let allocation = AdditiveAllocation(costs: costs, target: target)
            func loss(_ actions: [Int]) -> Double { allocation.total(costs.sensitivity, actions) }
            let policy = PricedAllocation(allocation, loss: costs.sensitivity).solution()
            #expect(allocation.fits(policy))
            let count = costs.levels.count
            var best = Double.infinity
            for number in 0..<count * count * count * count {
                let actions = [
                    number % count, number / count % count, number / count / count % count,
                    number / count / count / count,
                ]
                if allocation.fits(actions) { best = min(best, loss(actions)) }
            }
            found += loss(policy)
            optimal += best
        }
        #expect(found >= optimal - 1e-9)
        #expect(found <= 1.01 * optimal, "\(found / optimal)")
    }

    /// One layer goes up by one step; at most one goes down before what is left is spent.
    @Test func swapsRaiseOneLayerAndLowerOneAtMost() throws {
        let costs = ChainEnvironment(problem: 2, budget: 1).costs
        let target = ChainEnvironment(problem: 2, budget: 1).usualTarget
        let allocation = AdditiveAllocation(costs: costs, target: target)
        let priced = PricedAllocation(allocation, loss: costs.sensitivity)
        let start = priced.solution()
        var swaps = 0
        for layer in start.indices {
            var last = -Double.infinity
            for swap in priced.swaps(of: start, up: layer) {
                #expect(allocation.fits(swap))
                let change = start.indices.map {
                    costs.latencyMs[$0][swap[$0]] - costs.latencyMs[$0][start[$0]]
                }
                #expect(change[layer] > 0 && change.count { $0 > 0 } == 1 && change.count { $0 < 0 } <= 1)
                let loss = allocation.total(costs.sensitivity, swap)
                #expect(loss >= last)
                last = loss
                swaps += 1
            }
        }
        #expect(swaps > 50)
    }

    /// No policy is evaluated twice, and what was evaluated last is kept only if it was better.
    @Test func evaluatedSwapsOnlyImprove() throws {
        let toy = ChainEnvironment(problem: 1, budget: 200)
        var agent = AutoScheme(costs: toy.costs, target: toy.usualTarget, budget: 200, seed: 1)
        var seen: Set<[Int]> = []
        var (first, best) = (Double.nan, -Double.infinity)
        for episode in 0..<150 {
            #expect(agent.wantsMore)
            let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen) }
            agent.finish(Episode(actions: actions, terms: terms))
            #expect(seen.insert(actions).inserted)
            if episode == 0 { first = terms.reward }
            best = max(best, terms.reward)
            #expect(agent.baseline == best)
        }
        // The first one is the best that estimates give, which are off.
        #expect(1 - best < 0.95 * (1 - first), "\(1 - best) of \(1 - first)")
    }

    /// Two layers have 81 policies.
    @Test func itIsDoneWhenAllSwapsWereEvaluated() throws {
        let toy = ChainEnvironment(layers: 2, problem: 1, budget: 1_000)
        var agent = AutoScheme(costs: toy.costs, target: toy.usualTarget, budget: 1_000, seed: 1)
        var episodes = 0
        while agent.wantsMore, episodes < 200 {
            let (_, actions, terms) = try walk(toy, target: toy.usualTarget) { seen, _ in agent.act(seen) }
            agent.finish(Episode(actions: actions, terms: terms))
            episodes += 1
        }
        #expect(!agent.wantsMore && episodes < 81, "\(episodes)")
    }
}
