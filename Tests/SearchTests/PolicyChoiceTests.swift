import Environments
import Levels
import Runs
import Testing

@testable import Search
@testable import SparseKernels

/// The choice of the final policy, with measurements that are made up.
@Suite struct PolicyChoiceTests {
    private static let layers = 8

    /// Layers of 1 ms with levels of 1, 0.75, 0.5 and 0.25 ms, of which each loses 0, 0.01, 0.05 and 0.2.
    private static let costs = LevelCosts(
        layers: (0..<layers).map { "layer.\($0)" },
        levels: [
            .dense, Level(pattern: .unstructured, sparsity: 0.25),
            Level(pattern: .unstructured, sparsity: 0.5),
            Level(pattern: .unstructured, sparsity: 0.75),
        ],
        latencyMs: (0..<layers).map { _ in [1, 0.75, 0.5, 0.25] }, overheadMs: 0,
        sizeBytes: (0..<layers).map { _ in [4, 3, 2, 1] }, otherSizeBytes: 0, sensitivity: losses,
        outputError: losses)
    private static let losses = (0..<layers).map { _ in [0, 0.01, 0.05, 0.2] }

    private static func quality(_ actions: [Int]) -> Double {
        zip(losses, actions).reduce(1) { $0 - $1.0[$1.1] }
    }

    /// Picks for half of dense, where a policy's measured share of dense is a function of the predicted one.
    private static func pick(
        _ policies: [[Int]], by latency: FinalLatency = .measured, measured: @escaping (Double) -> Double
    ) throws -> (choice: PolicyChoice, picked: PolicyChoice.Confirmed) {
        let choice = PolicyChoice(
            costs: costs, target: costs.target(.fraction(0.5)), check: { $0.map(quality) },
            measure: { policies in
                policies.map { actions in
                    let ms =
                        costs.denseLatencyMs * measured(costs.latencyMs(of: actions) / costs.denseLatencyMs)
                    return EndToEndBenchmark.Result(
                        model: .init([ms]), reference: .init([costs.denseLatencyMs]),
                        speedup: costs.denseLatencyMs / ms)
                }
            })
        return (choice, try choice.pick(policies, by: latency))
    }

    private static let half = [Int](repeating: 2, count: layers)
    private static let worse = [0, 0, 0, 0, 3, 3, 3, 3]

    /// A machine on which nothing seems to get faster: aiming lower would destroy the model and gain nothing.
    @Test(arguments: [0.6, 0.8, 0.95]) func aBusyMachineDoesNotCostQuality(least: Double) throws {
        let (choice, picked) = try Self.pick([Self.worse, Self.half]) { least + (1 - least) * $0 }
        #expect(picked.candidate.actions == Self.half)
        #expect(picked.candidate.checkedQuality == Self.quality(Self.half))
        #expect(!choice.meetsTarget(picked))
    }

    /// What is faster than predicted is aimed at the target, for more quality.
    @Test func whatIsLeftIsSpent() throws {
        let (choice, picked) = try Self.pick([Self.half]) { 0.8 * $0 }
        #expect(choice.meetsTarget(picked))
        #expect(picked.candidate.checkedQuality > Self.quality(Self.half))
    }

    @Test func onTargetTheBestIsTaken() throws {
        for latency in [FinalLatency.measured, .predicted] {
            let (choice, picked) = try Self.pick([Self.worse, Self.half], by: latency) { $0 }
            #expect(picked.candidate.actions == Self.half)
            #expect(choice.meetsTarget(picked))
        }
        #expect(throws: Levels.Issue.self) { try Self.pick([]) { $0 } }
    }

    /// The fastest that keeps a quality on other data is taken, whatever rewards said; dense where none does.
    @Test(arguments: [(0.85, [2, 2, 1, 0, 0, 0, 0, 0]), (0.98, [1, 0, 0, 0, 0, 0, 0, 0]), (0.999, [])])
    func qualityGoesBeforeLatency(least: Double, expected: [Int]) throws {
        let policies = [
            [2, 2, 1, 0, 0, 0, 0, 0], [3, 3, 3, 0, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0, 0, 0],
            [0, 2, 0, 0, 0, 0, 0, 0],
        ]
        let choice = PolicyChoice(
            costs: Self.costs, target: Self.costs.target(.fraction(1)), leastQuality: least,
            check: { $0.map(Self.quality) },
            measure: { $0.map { _ in .init(model: .init([1]), reference: .init([1]), speedup: 1) } })
        let picked = try choice.pick(policies, by: .measured)
        #expect(picked.candidate.actions == (expected.isEmpty ? Self.costs.densePolicy : expected))
    }
}
