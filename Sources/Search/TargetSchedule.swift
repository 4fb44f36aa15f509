import Environments
import Levels
import Tensors

/// The targets that the episodes of a search aim at.
///
/// One target; or a range of latencies, walked from its mild end to its strict one in stations at equal
/// ratios, the budget divided evenly among them. At each station the agent continues from what the ones
/// before taught it (continuation: Allgower and Georg, "Introduction to Numerical Continuation Methods", SIAM
/// 2003).
struct TargetSchedule: Sendable, Equatable {
    /// How many latencies of a range are aimed at.
    static let stations = 5

    /// Latencies in milliseconds, from mild to strict.
    let latenciesMs: [Double]
    private let target: Target
    private let start: Double

    /// - Parameters:
    ///   - mildestLatencyMs: the mild end of a range; nil for one target.
    ///   - start: how much of the budget is spent before the first episode, from 0 to 1.
    init(target: Target, mildestLatencyMs: Double?, start: Double) {
        self.target = target
        self.start = start
        guard let mildestLatencyMs else {
            latenciesMs = [target.latencyMs]
            return
        }
        let last = Double(Self.stations - 1)
        latenciesMs = (0..<Self.stations).map {
            $0 == Self.stations - 1
                ? target.latencyMs
                : mildestLatencyMs
                    * PortableMath.pow(target.latencyMs / mildestLatencyMs, Double($0) / last)
        }
    }

    /// What an episode aims at that begins when this much of the budget is spent, from 0 to 1.
    func target(at progress: Double) -> Target {
        target.with(latencyMs: latenciesMs[Int(place(progress))])
    }

    /// How much of its station's share of the budget is spent, from 0 to 1; of the whole for one target.
    func progressWithinStation(at progress: Double) -> Double {
        guard latenciesMs.count > 1 else { return progress }
        let place = place(progress)
        return place - place.rounded(.down)
    }

    /// The number of the station, from 0, and how far it is.
    private func place(_ progress: Double) -> Double {
        let count = Double(latenciesMs.count)
        let share = (progress - start) / max(1 - start, .leastNormalMagnitude)
        return min(max(0, share * count), count.nextDown)
    }
}
