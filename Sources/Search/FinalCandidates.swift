import Agents
import Environments
import Levels
import Runs

/// Which of the policies that a search has evaluated are checked on other data in the end.
///
/// They are distinct and meet the target. Half have the highest rewards, and half are the latest of others that
/// were better than all before them: what a long search ends with may fit the data of its rewards. Where quality
/// is to be kept, they are the fastest that keep it, each better than all that are faster.
struct FinalCandidates {
    /// How many there are, at most.
    static let count = 8

    private let target: Target
    private let maxDrop: Double?
    private let costs: LevelCosts

    /// - Parameter maxDrop: how much quality may be lost, as a fraction of dense; nil for the best within the target.
    init(for target: Target, maxDrop: Double?, costs: LevelCosts) {
        self.target = target
        self.maxDrop = maxDrop
        self.costs = costs
    }

    /// Those among some: by reward, of equal ones the earlier first, or, where quality is to be kept, by latency.
    func among(_ rows: [TraceRow]) -> [Episode] {
        var seen: Set<[Int]> = []
        let distinct = rows.filter {
            costs.meet(target, with: $0.actions) && seen.insert($0.actions).inserted
        }
        let chosen = maxDrop.map { Self.fastest(of: distinct, losing: $0) } ?? Self.highest(of: distinct)
        return chosen.prefix(Self.count).map { Episode(actions: $0.actions, terms: $0.terms) }
    }

    private static func highest(of rows: [TraceRow]) -> [TraceRow] {
        func isBetter(_ one: TraceRow, _ other: TraceRow) -> Bool {
            (one.terms.reward, other.evaluation) > (other.terms.reward, one.evaluation)
        }
        let ranked = rows.sorted(by: isBetter)
        var record = -Double.infinity
        let holders = rows.filter {
            guard $0.terms.reward > record else { return false }
            record = $0.terms.reward
            return true
        }
        var chosen: [TraceRow] = []
        func take(_ rows: some Sequence<TraceRow>, upTo count: Int) {
            for row in rows
            where chosen.count < count && !chosen.contains(where: { $0.evaluation == row.evaluation }) {
                chosen.append(row)
            }
        }
        take(ranked, upTo: count / 2)
        take(holders.reversed(), upTo: count)
        take(ranked, upTo: count)
        return chosen.sorted(by: isBetter)
    }

    /// Those that lose no more than allowed, each better than all that are faster.
    private static func fastest(of rows: [TraceRow], losing maxDrop: Double) -> [TraceRow] {
        var best = (1 - maxDrop).nextDown
        let ordered = rows.sorted {
            ($0.terms.latencyMs, $1.terms.reward) < ($1.terms.latencyMs, $0.terms.reward)
        }
        return ordered.filter {
            guard $0.terms.quality > best else { return false }
            best = $0.terms.quality
            return true
        }
    }
}
