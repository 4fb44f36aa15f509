import Levels
import Runs
import Tensors

/// The targets that the episodes of a search aim at.
///
/// One target; or a range of latencies, walked from its mild end to its strict one in stations at equal ratios, the
/// budget divided evenly among them; or, where quality is what is asked for, the fastest latency that keeps it, by
/// bisection in as many stations. At each station the agent continues from what the ones before taught it
/// (continuation: Allgower and Georg, "Introduction to Numerical Continuation Methods", SIAM 2003).
struct TargetSchedule: Sendable, Equatable {
    /// How many latencies of a range are aimed at.
    static let stations = 5
    /// How many latencies are tried where quality is asked for: the ratio of what is left open is the 64th root of
    /// what it was.
    static let bisections = 6

    /// How many latencies a search with these options aims at.
    static func stations(of options: SearchOptions) -> Int {
        options.maxDrop != nil ? bisections : options.mildestLatency != nil ? stations : 1
    }

    /// A quality that is to be kept.
    struct Quality: Sendable, Equatable {
        /// Quality on the reward data, as a fraction of dense, at least.
        let least: Double
        /// The latency of the fastest policy there is, in milliseconds.
        let fastestMs: Double
    }

    private enum Aim: Equatable {
        case latencies([Double])
        case quality(Quality)
    }

    private let aim: Aim
    private let target: Target
    private let start: Double
    private let tokenBudget: Double

    /// - Parameters:
    ///   - mildestLatencyMs: the mild end of a range; nil for one target.
    ///   - quality: what is to be kept, at the target's latency or less; nil where latency alone is asked for.
    ///   - start: how much of the budget is spent before the first episode, from 0 to 1.
    ///   - tokenBudget: what may be spent, in token-passes.
    init(
        target: Target, mildestLatencyMs: Double?, quality: Quality? = nil, start: Double, tokenBudget: Double
    ) {
        self.target = target
        self.start = start
        self.tokenBudget = tokenBudget
        if let quality {
            aim = .quality(quality)
            return
        }
        guard let mildestLatencyMs else {
            aim = .latencies([target.latencyMs])
            return
        }
        let last = Double(Self.stations - 1)
        aim = .latencies(
            (0..<Self.stations).map {
                $0 == Self.stations - 1
                    ? target.latencyMs
                    : mildestLatencyMs
                        * PortableMath.pow(target.latencyMs / mildestLatencyMs, Double($0) / last)
            })
    }

    /// How many latencies are aimed at.
    private var count: Int {
        switch aim {
        case .latencies(let latencies): latencies.count
        case .quality: Self.bisections
        }
    }

    /// What an episode aims at that follows others.
    func target(after rows: [TraceRow], tokenPasses: Int) -> Target {
        let station = Int(place(Double(tokenPasses) / tokenBudget))
        switch aim {
        case .latencies(let latencies): return target.with(latencyMs: latencies[station])
        case .quality(let quality):
            return target.with(latencyMs: bisected(quality, station: station, rows))
        }
    }

    /// The geometric middle between what is known to keep the quality and what was found not to, after the stations
    /// before one.
    private func bisected(_ quality: Quality, station: Int, _ rows: [TraceRow]) -> Double {
        // The fastest policy of all is one policy only: a little more leaves a choice.
        var (low, high) = (min(1.02 * quality.fastestMs, target.latencyMs), target.latencyMs)
        var middle = (low * high).squareRoot()
        for past in 0..<station {
            let kept = rows.indices.filter { number in
                let before = number == 0 ? start : Double(rows[number - 1].tokenPasses) / tokenBudget
                return Int(place(before)) <= past && rows[number].terms.quality >= quality.least
            }
            let fastest = kept.map { rows[$0].terms.latencyMs }.min() ?? .infinity
            if fastest <= middle * (1 + 1e-9) {
                high = fastest
                low = min(low, high)
            } else {
                low = middle
            }
            middle = (low * high).squareRoot()
        }
        return middle
    }

    /// How much of its station's share of the budget is spent, from 0 to 1; of the whole for one target.
    func progressWithinStation(at progress: Double) -> Double {
        guard count > 1 else { return progress }
        let place = place(progress)
        return place - place.rounded(.down)
    }

    /// The number of the station, from 0, and how far it is.
    private func place(_ progress: Double) -> Double {
        let count = Double(count)
        let share = (progress - start) / max(1 - start, .leastNormalMagnitude)
        return min(max(0, share * count), count.nextDown)
    }
}
