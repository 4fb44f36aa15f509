import Agents
import Environments
import Levels

/// A policy that was learned elsewhere, repaired to a target by the latency table of where it is to run.
///
/// A table predicts within some per cent only: what misses the target on measurement, or leaves much of it,
/// is aimed again, as a search does with its own policies.
struct PolicyTransfer {
    /// A level index for each layer.
    let actions: [Int]
    /// Latencies and losses where it is to run.
    let costs: LevelCosts
    /// The fraction of dense to reach there.
    let target: Double

    /// How often it is repaired and measured at most.
    private static let attempts = 3
    /// By how much a latency may exceed the target, and how much it may leave, as fractions of it.
    private static let (excess, slack) = (0.01, 0.03)

    /// What was tried, and what it took as a fraction of dense.
    struct Attempt: Equatable {
        let actions: [Int]
        let latency: Double
    }

    /// The attempt that spends most of the target without exceeding it; the fastest where all exceed it.
    ///
    /// - Parameter measure: the latency of a policy, as a fraction of dense.
    /// - Returns: nil when no repair gets to the target by prediction.
    func best(measure: (_ actions: [Int]) throws -> Double) rethrows -> Attempt? {
        var aim = costs.target(.fraction(target))
        var tried: [Attempt] = []
        while tried.count < Self.attempts, let repaired = costs.repaired(actions, to: aim),
            !tried.contains(where: { $0.actions == repaired })
        {
            let latency = try measure(repaired)
            tried.append(Attempt(actions: repaired, latency: latency))
            let share = latency / target
            if (1 - Self.slack...1 + Self.excess).contains(share) { break }
            // A little below, as another measurement may be above.
            aim = aim.with(latencyMs: aim.latencyMs / share * (1 - Self.excess))
        }
        let meeting = tried.filter { $0.latency <= target * (1 + Self.excess) }
        return meeting.max { $0.latency < $1.latency } ?? tried.min { $0.latency < $1.latency }
    }
}
