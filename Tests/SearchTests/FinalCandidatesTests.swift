import ChainProblem
import Environments
import Levels
import Runs
import Testing

@testable import Search

/// Which policies of a trace are checked on other data.
@Suite struct FinalCandidatesTests {
    private static var toy: ChainEnvironment { ChainEnvironment(problem: 1, budget: 1) }

    /// Rows of distinct policies that all meet the target, but where said otherwise.
    private static func rows(_ rewards: [Double]) -> [TraceRow] {
        rewards.enumerated().map { number, reward in row(number, reward, policy(number)) }
    }

    private static func row(_ number: Int, _ reward: Double, _ actions: [Int]) -> TraceRow {
        TraceRow(
            evaluation: number + 1, actions: actions,
            terms: RewardTerms(
                quality: reward, latencyMs: toy.costs.latencyMs(of: actions),
                sizeBytes: toy.costs.sizeBytes(of: actions), reward: reward),
            baseline: .nan, learning: LearningRecord(), tokenPasses: 0, wallClockSeconds: 0)
    }

    /// The dense policy with other levels of the first two layers: a different one for each number.
    private static func policy(_ number: Int) -> [Int] {
        var actions = toy.costs.densePolicy
        actions[0] = number % toy.costs.levels.count
        actions[1] = number / toy.costs.levels.count
        return actions
    }

    private static func chosen(_ rows: [TraceRow], within fraction: Double = 2) -> [Double] {
        FinalCandidates(
            for: toy.costs.target(latencyMs: fraction * toy.costs.denseLatencyMs), maxDrop: nil,
            costs: toy.costs
        ).among(rows).map(\.terms.reward)
    }

    @Test func halfWereTheBestForAWhile() {
        // The record is held by 0.10, 0.50, 0.60, 0.70 and 0.90; eleven others are better than most of them.
        let rows = Self.rows(
            [0.10, 0.05, 0.50, 0.60, 0.55, 0.70, 0.90] + [0.81, 0.82, 0.83, 0.84, 0.85, 0.86, 0.87, 0.88])
        #expect(Self.chosen(rows) == [0.90, 0.88, 0.87, 0.86, 0.70, 0.60, 0.50, 0.10])
    }

    @Test func whereFewHeldTheRecordTheNextBestAreTaken() {
        let rows = Self.rows([0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.85])
        #expect(Self.chosen(rows) == [0.9, 0.85, 0.8, 0.7, 0.6, 0.5, 0.4, 0.3])
    }

    @Test func whatIsTooSlowOrWasListedIsLeftOut() {
        let fast = Self.toy.costs.layers.map { _ in Self.toy.costs.levels.count - 1 }
        let rows = [
            Self.row(0, 0.9, Self.toy.costs.densePolicy), Self.row(1, 0.5, fast), Self.row(2, 0.5, fast),
        ]
        #expect(Self.chosen(rows, within: 0.9) == [0.5])
    }

    @Test func ofEqualOnesTheEarlierIsFirst() {
        let rows = Self.rows([0.5, 0.7, 0.7, 0.6])
        let found = FinalCandidates(
            for: Self.toy.costs.target(latencyMs: 2 * Self.toy.costs.denseLatencyMs), maxDrop: nil,
            costs: Self.toy.costs
        ).among(rows)
        #expect(found.map(\.actions) == [1, 2, 3, 0].map(Self.policy))
    }
}
