import Foundation
import Runs
import Search

/// The finished searches of one cell: means over seeds with 95 % intervals.
struct StudyTable {
    /// What one searcher came to.
    private struct Row {
        let agent: String
        let summaries: [SearchSummary]

        func mean(_ value: (SearchSummary) -> Double) -> Double { summaries.map(value).mean }

        /// Half the width of the 95 % interval of a mean, by Student's t; NaN with one seed.
        func interval(_ value: (SearchSummary) -> Double) -> Double {
            let (count, mean) = (Double(summaries.count), mean(value))
            guard count > 1 else { return .nan }
            let squares = summaries.reduce(0) { $0 + (value($1) - mean) * (value($1) - mean) }
            return StudyTable.quantile(summaries.count - 1) * (squares / (count - 1) / count).squareRoot()
        }
    }

    private let cell: StudyCell
    private let rows: [Row]

    init(_ cell: StudyCell) throws {
        self.cell = cell
        rows = try cell.agents.map { agent in
            Row(agent: agent, summaries: try cell.searches(of: agent).compactMap { try $0.summary() })
        }
    }

    /// The 0.975 quantile of Student's distribution, for 1 to 10 degrees of freedom; beyond, the normal
    /// one's.
    static func quantile(_ freedom: Int) -> Double {
        let table = [12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228]
        return table.indices.contains(freedom - 1) ? table[freedom - 1] : 1.96
    }

    /// Searchers by their mean score, the best first.
    private var ranked: [Row] {
        rows.filter { !$0.summaries.isEmpty }.sorted {
            let (first, second) = ($0.mean(\.heldOutScore), $1.mean(\.heldOutScore))
            return cell.model.higherIsBetter ? first > second : first < second
        }
    }

    /// A Markdown table.
    var text: String {
        let metric = rows.lazy.compactMap { $0.summaries.first?.validation?.metric }.first ?? "score"
        var lines = [
            "", "\(cell.title):", "",
            "| searcher | \(metric), held out | reward | predicted / dense | measured / dense | policies | seeds |",
            "|---|---|---|---|---|---|---|",
        ]
        lines += ranked.map { row in
            String(
                format: "| %@ | %.4f ± %.4f | %.4f ± %.4f | %.3f | %.3f | %.0f | %d |",
                row.agent, row.mean(\.heldOutScore), row.interval(\.heldOutScore), row.mean(\.reward),
                row.interval(\.reward),
                row.mean { $0.predictedMs / $0.predictedDenseMs }, row.mean { 1 / $0.speedup },
                row.mean { Double($0.evaluations) }, row.summaries.count)
        }
        return lines.joined(separator: "\n")
    }

    // MARK: Verdict

    /// How one searcher does against the others at the same budget, and against one of them at that and at
    /// larger ones.
    static func verdict(_ tables: [StudyTable], on agent: String, against rival: String) -> String {
        let shared = tables.filter { $0.ranked.count > 1 && $0.row(agent) != nil }
        guard !shared.isEmpty else { return "" }
        let best = shared.count { $0.ranked.first?.agent == agent }
        let near = shared.count { $0.isNearBest(agent) }
        let duels = tables.flatMap { table in
            tables.compactMap { table.duel(of: agent, with: rival, in: $0) }
        }
        let summary =
            "\n\(agent) has the best mean score in \(best) of \(shared.count) cells, "
            + "and is within its 95 % interval of the best in \(near)"
        let leads = StudiedModel.all.compactMap { model in
            lead(of: agent, over: rival, in: shared.filter { $0.cell.model.name == model.name })
        }
        return ([summary] + leads + duels).joined(separator: "\n")
    }

    /// By how much a searcher is better than another one in searches of equal model, target, budget and seed.
    private static func lead(of agent: String, over rival: String, in tables: [StudyTable]) -> String? {
        let leads = tables.flatMap { table -> [Double] in
            let sign = table.cell.model.higherIsBetter ? 1.0 : -1.0
            let theirs = table.row(rival)?.summaries ?? []
            return (table.row(agent)?.summaries ?? []).compactMap { own in
                theirs.first { $0.options.seed == own.options.seed }.map {
                    sign * (own.heldOutScore - $0.heldOutScore)
                }
            }
        }
        guard let model = tables.first?.cell.model.name, !leads.isEmpty else { return nil }
        return String(
            format: "%@: %@ is better than %@ by %.4f in the mean of %d pairs of searches, and better in %d",
            model, agent, rival, leads.mean, leads.count, leads.count { $0 > 0 })
    }

    private func row(_ agent: String) -> Row? {
        ranked.first { $0.agent == agent }
    }

    /// Whether a searcher's mean is no further from the best one than half of its 95 % interval.
    private func isNearBest(_ agent: String) -> Bool {
        guard let row = row(agent), let best = ranked.first else { return false }
        return best.agent == agent
            || abs(best.mean(\.heldOutScore) - row.mean(\.heldOutScore)) <= row.interval(\.heldOutScore)
    }

    /// A searcher here against another with a larger budget.
    private func duel(of agent: String, with rival: String, in larger: StudyTable) -> String? {
        guard cell.model.name == larger.cell.model.name, cell.target == larger.cell.target,
            cell.budget < larger.cell.budget, let own = row(agent), let other = larger.row(rival)
        else { return nil }
        return String(
            format: "%@, target %@: %@ with %d %.4f ± %.4f, %@ with %d %.4f ± %.4f",
            cell.model.name, cell.target, agent, cell.budget, own.mean(\.heldOutScore),
            own.interval(\.heldOutScore), rival, larger.cell.budget, other.mean(\.heldOutScore),
            other.interval(\.heldOutScore))
    }
}

extension SearchSummary {
    /// What the pruned model scores on data that no search has seen; NaN without such data.
    var heldOutScore: Double { validation?.pruned ?? .nan }
}
