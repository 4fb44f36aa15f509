import ChainProblem
import Environments
import Levels
import Tensors
import Testing

@testable import Agents

@Suite struct AllocationTests {
    /// A random instance of 5 layers × 5 levels; the first level is slowest and loses nothing.
    private static func instance(_ seed: UInt64, wholeSteps: Bool) -> (AdditiveAllocation, loss: [[Double]]) {
        var random = CounterBasedRandom(seed: seed)
        func table(_ scale: Double) -> [[Double]] {
            (0..<5).map { _ in (0..<5).map { _ in scale * random.nextUniform() } }
        }
        let latency = table(40).map { $0.map { wholeSteps ? $0.rounded() : $0 } }
        let size = table(1_000).map { $0.map { Int($0) } }
        let least = latency.reduce(0) { $0 + ($1.min() ?? 0) }
        let levels: LevelSet = [
            .dense, Level(pattern: .unstructured, sparsity: 0.2),
            Level(pattern: .unstructured, sparsity: 0.4),
            Level(pattern: .unstructured, sparsity: 0.6), Level(pattern: .unstructured, sparsity: 0.8),
        ]
        let costs = LevelCosts(
            layers: ["a", "b", "c", "d", "e"], levels: levels, latencyMs: latency, overheadMs: 3,
            sizeBytes: size,
            otherSizeBytes: 10, sensitivity: table(1), outputError: table(1))
        let target = costs.target(
            latencyMs: 3 + least + 40, sizeBytes: wholeSteps ? nil : costs.leastSizeBytes + 1_200)
        return (AdditiveAllocation(costs: costs, target: target), costs.sensitivity)
    }

    private static func bruteForce(
        _ allocation: AdditiveAllocation, _ loss: [[Double]], latencyLimitMs: Double
    ) -> Double {
        var best = Double.infinity
        for code in 0..<3_125 {
            let actions = [code % 5, code / 5 % 5, code / 25 % 5, code / 125 % 5, code / 625]
            guard allocation.fits(actions), allocation.total(allocation.latencyMs, actions) <= latencyLimitMs
            else { continue }
            best = min(best, allocation.total(loss, actions))
        }
        return best
    }

    /// 40 ms of slack are 2,000 bins of 0.02 ms, so whole milliseconds are not rounded.
    @Test(arguments: 0..<40) func isExactWhenLatenciesAreWholeSteps(seed: Int) throws {
        let (allocation, loss) = Self.instance(UInt64(seed), wholeSteps: true)
        let actions = try #require(allocation.optimum(loss: loss))
        let best = Self.bruteForce(allocation, loss, latencyLimitMs: allocation.latencyLimitMs)
        #expect(allocation.fits(actions))
        #expect(abs(allocation.total(loss, actions) - best) < 1e-12)
    }

    /// Lagrange multipliers leave a duality gap, so with two limits the optimum is only approached.
    @Test func comesNearWhenSizeIsLimitedToo() throws {
        var (found, optimal) = (0.0, 0.0)
        for seed in 0..<40 {
            let (allocation, loss) = Self.instance(UInt64(seed), wholeSteps: false)
            let actions = try #require(allocation.optimum(loss: loss))
            #expect(allocation.fits(actions))
            found += allocation.total(loss, actions)
            optimal += Self.bruteForce(allocation, loss, latencyLimitMs: allocation.latencyLimitMs)
        }
        #expect(found < 1.1 * optimal)
    }

    @Test func saysWhenNothingFits() {
        let (allocation, loss) = Self.instance(1, wholeSteps: true)
        let least = allocation.total(allocation.latencyMs, allocation.fastest)
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let target = toy.costs.target(latencyMs: toy.costs.leastLatencyMs - 1)
        #expect(least <= allocation.latencyLimitMs && loss.count == 5)
        #expect(
            AdditiveAllocation(costs: toy.costs, target: target).optimum(loss: toy.costs.sensitivity) == nil)
    }

    @Test func meetsALimitThatLeavesNoSlack() throws {
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let target = toy.costs.target(latencyMs: toy.costs.leastLatencyMs)
        let allocation = AdditiveAllocation(costs: toy.costs, target: target)
        let actions = try #require(allocation.optimum(loss: toy.costs.sensitivity))
        #expect(toy.costs.latencyMs(of: actions) == target.latencyMs)
    }

    @Test(arguments: 0..<20) func repairMeetsTheTarget(seed: Int) throws {
        let (allocation, loss) = Self.instance(UInt64(seed), wholeSteps: true)
        let slowest = allocation.latencyMs.map { row in row.indices.max { row[$0] < row[$1] } ?? 0 }
        let repaired = try #require(allocation.repaired(slowest, loss: loss))
        #expect(allocation.fits(repaired))
        let filled = allocation.filledUp(repaired, loss: loss)
        #expect(allocation.fits(filled))
        #expect(allocation.total(loss, filled) <= allocation.total(loss, repaired))
    }

    @Test func solvesAPositiveDefiniteSystem() throws {
        // A = B Bᵀ + I with B = [[1,2,0],[0,1,3],[2,0,1]], x = (1, −2, 3), b = A x.
        let matrix: [Double] = [6, 2, 2, 2, 11, 3, 2, 3, 6]
        let solution = try #require(solvePositiveDefinite(matrix, [8, -11, 14]))
        for (found, expected) in zip(solution, [1.0, -2, 3]) { #expect(abs(found - expected) < 1e-12) }
        #expect(solvePositiveDefinite([1, 2, 2, 1], [1, 1]) == nil)
    }

    @Test func softmaxSpendsWhatRemains() {
        let toy = ChainEnvironment(problem: 3, budget: 1)
        let allocation = AdditiveAllocation(costs: toy.costs, target: toy.usualTarget)
        let softmax = BudgetedSoftmax(
            allocation: allocation, preference: toy.costs.sensitivity.map { $0.map { -$0 } },
            temperature: 0.005)
        let prices = softmax.prices(from: 0, remaining: softmax.whole)
        let spent = softmax.expected(allocation.latencyMs, from: 0, prices: prices)
        #expect(abs(spent - allocation.latencyLimitMs) < 1e-4 * allocation.latencyLimitMs)
        var random = CounterBasedRandom(seed: 1)
        for _ in 0..<50 { #expect(allocation.fits(softmax.sample(using: &random))) }
    }
}
