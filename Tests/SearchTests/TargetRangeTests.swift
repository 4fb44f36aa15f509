import ChainProblem
import Environments
import Foundation
import Levels
import Testing

@testable import Agents
@testable import Search

@Suite struct TargetRangeTests {
    @Test func stationsGoFromMildToStrictAtEqualRatios() {
        let schedule = TargetSchedule(
            target: Target(latencyMs: 1, denseLatencyMs: 20, sizeBytes: 7), mildestLatencyMs: 16, start: 0.2,
            tokenBudget: 1_000)
        // Each has a fifth of what is left after the start.
        let places: [(progress: Double, latencyMs: Double, within: Double)] = [
            (0, 16, 0), (0.2, 16, 0), (0.28, 16, 0.5), (0.4, 8, 0.25), (0.95, 1, 0.6875), (1, 1, 1),
        ]
        for (progress, latencyMs, within) in places {
            let target = schedule.target(after: [], tokenPasses: Int((1_000 * progress).rounded()))
            #expect(abs(target.latencyMs - latencyMs) <= 1e-15 * latencyMs)
            #expect(target.denseLatencyMs == 20 && target.sizeBytes == 7)
            #expect(abs(schedule.progressWithinStation(at: progress) - within) < 1e-9)
        }
    }

    @Test func oneTargetIsAimedAtThroughout() {
        let schedule = TargetSchedule(
            target: Target(latencyMs: 3, denseLatencyMs: 3), mildestLatencyMs: nil, start: 0.2,
            tokenBudget: 10)
        for passes in [0, 10] {
            #expect(schedule.target(after: [], tokenPasses: passes).latencyMs == 3)
        }
        #expect(schedule.progressWithinStation(at: 0.37) == 0.37)
    }

    private static func options(_ toy: ChainEnvironment, seed: UInt64) -> SearchRunOptions {
        let dense = toy.costs.denseLatencyMs
        return SearchRunOptions(
            target: toy.costs.target(latencyMs: (0.3 * dense).rounded()),
            mildestLatencyMs: (0.8 * dense).rounded(),
            budget: toy.budget, seed: seed)
    }

    @Test(arguments: [1, 21, 60, 99]) func aSearchOverARangeThatWasStoppedGoesOnAsIfItHadNot(stopAfter: Int)
        throws
    {
        let (whole, stopped) = (try TemporaryFolder(), try TemporaryFolder())
        for (folder, limit) in [(whole, Int.max), (stopped, stopAfter)] {
            let toy = ChainEnvironment(problem: 1, budget: 100)
            let run = try SearchRun.start(
                folder: folder.path, environment: toy, options: Self.options(toy, seed: 3),
                identity: someIdentity)
            _ = try run.run(shouldStop: { run.rows.count >= limit })
        }
        try resume(stopped.path)
        #expect(try traceRows(stopped.path) == traceRows(whole.path))
        let latencies = try traceRows(whole.path).map(\.terms.latencyMs)
        #expect(latencies[0..<20].max() ?? 0 > 1.8 * (latencies[80..<100].max() ?? .infinity))
    }

    /// Policies at targets inside of the range, those between stations among them, against searches of their
    /// own with a fifth of the budget each.
    @Test func oneSearchOverARangeIsAsGoodAsOneForEachTarget() throws {
        let fractions = [0.3, 0.38, 0.5, 0.62, 0.8]
        var (shared, separate) = (0.0, 0.0)
        for problem in 1...4 as ClosedRange<UInt64> {
            let folder = try TemporaryFolder()
            let toy = ChainEnvironment(problem: problem, budget: 150)
            let run = try SearchRun.start(
                folder: folder.path, environment: toy, options: Self.options(toy, seed: problem),
                identity: someIdentity)
            _ = try run.run()
            for fraction in fractions {
                let target = toy.costs.target(latencyMs: (fraction * toy.costs.denseLatencyMs).rounded())
                let policies = try SearchRun.policies(for: target, in: folder.path, costs: toy.costs)
                #expect(policies.allSatisfy { toy.costs.meet(target, with: $0) })
                shared +=
                    try #require(policies.map(toy.loss).min()) / toy.optimalLoss(latencyMs: target.latencyMs)

                let own = try TemporaryFolder()
                let alone = ChainEnvironment(problem: problem, budget: 30)
                let outcome = try SearchRun.start(
                    folder: own.path, environment: alone,
                    options: SearchRunOptions(target: target, budget: 30, seed: problem),
                    identity: someIdentity
                ).run()
                separate +=
                    toy.loss(of: try #require(outcome.best.first?.actions))
                    / toy.optimalLoss(latencyMs: target.latencyMs)
            }
        }
        #expect(shared <= separate, "\(shared / 20) and \(separate / 20) of the optima")
        #expect(shared / 20 < 1.1)
    }

    @Test func aRepairedPolicyMeetsTheTargetAndChangesWhatCostsLeast() throws {
        let toy = ChainEnvironment(problem: 2, budget: 1)
        let costs = toy.costs
        let allocation = AdditiveAllocation(costs: costs, target: toy.usualTarget)
        let policy = try #require(allocation.optimum(loss: costs.sensitivity))
        for share in [0.98, 0.9, 0.7] {
            let target = costs.target(latencyMs: share * costs.latencyMs(of: policy))
            let repaired = try #require(costs.repaired(policy, to: target))
            #expect(costs.meet(target, with: repaired))
            // Never better than the optimum of what it goes by, and near it.
            let limit = AdditiveAllocation(costs: costs, target: target)
            let least = limit.total(
                costs.sensitivity, try #require(limit.optimum(loss: costs.sensitivity, bins: 20_000)))
            let found = limit.total(costs.sensitivity, repaired)
            #expect(found >= least * (1 - 1e-3) && found <= least * 1.1)
        }
        #expect(costs.repaired(policy, to: costs.target(latencyMs: costs.leastLatencyMs * 0.9)) == nil)
    }
}
