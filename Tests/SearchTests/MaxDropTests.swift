import ChainProblem
import Environments
import Foundation
import Levels
import Testing

@testable import Agents
@testable import Search

/// Searches for the fastest policy that keeps a quality.
@Suite struct MaxDropTests {
    private static func options(_ toy: ChainEnvironment, maxDrop: Double, seed: UInt64) -> SearchRunOptions {
        SearchRunOptions(
            target: toy.costs.target(latencyMs: toy.costs.denseLatencyMs), maxDrop: maxDrop,
            budget: toy.budget, seed: seed)
    }

    /// The least latency at which the optimum keeps a quality, in whole milliseconds.
    private static func optimum(_ toy: ChainEnvironment, maxDrop: Double) -> Double {
        let all = Int(toy.costs.leastLatencyMs.rounded(.up))...Int(toy.costs.denseLatencyMs)
        return Double(all.first { toy.optimalLoss(latencyMs: Double($0)) <= maxDrop } ?? all.upperBound)
    }

    @Test(arguments: [0.01, 0.03, 0.08]) func theFastestPolicyThatKeepsAQualityIsFound(maxDrop: Double) throws
    {
        var ratios: [Double] = []
        for problem in 1...4 as ClosedRange<UInt64> {
            let folder = try TemporaryFolder()
            let toy = ChainEnvironment(problem: problem, budget: 240)
            let run = try SearchRun.start(
                folder: folder.path, environment: toy,
                options: Self.options(toy, maxDrop: maxDrop, seed: problem), identity: someIdentity)
            let best = try run.run().best
            let fastest = try #require(best.first)
            #expect(best.allSatisfy { $0.terms.quality >= 1 - maxDrop })
            #expect(best.map(\.terms.latencyMs) == best.map(\.terms.latencyMs).sorted())
            #expect(best.map(\.terms.quality) == best.map(\.terms.quality).sorted())
            ratios.append(fastest.terms.latencyMs / Self.optimum(toy, maxDrop: maxDrop))
        }
        let mean = ratios.reduce(0, +) / Double(ratios.count)
        #expect(mean < 1.08, "\(ratios)")
    }

    @Test(arguments: [1, 50, 100]) func itGoesOnAsIfItHadNotBeenStopped(stopAfter: Int) throws {
        let (whole, stopped) = (try TemporaryFolder(), try TemporaryFolder())
        for (folder, limit) in [(whole, Int.max), (stopped, stopAfter)] {
            let toy = ChainEnvironment(problem: 2, budget: 120)
            let run = try SearchRun.start(
                folder: folder.path, environment: toy, options: Self.options(toy, maxDrop: 0.03, seed: 5),
                identity: someIdentity)
            _ = try run.run(shouldStop: { run.rows.count >= limit })
        }
        try resume(stopped.path, problem: 2)
        #expect(try traceRows(stopped.path) == traceRows(whole.path))
    }
}
