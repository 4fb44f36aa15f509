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

        func interval(_ value: (SearchSummary) -> Double) -> Double {
            StudyTable.interval(summaries.map(value))
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

    /// Half the width of the 95 % interval of a mean, by Student's t; NaN of one value.
    static func interval(_ values: [Double]) -> Double {
        let (count, mean) = (Double(values.count), values.mean)
        guard count > 1 else { return .nan }
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return quantile(values.count - 1) * (squares / (count - 1) / count).squareRoot()
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

    /// How one searcher does against the others at the same budget, and against one of them at larger ones.
    static func verdict(_ tables: [StudyTable], on agent: String, against rival: String) -> String {
        let shared = tables.filter { $0.ranked.count > 1 && $0.row(agent) != nil }
        guard !shared.isEmpty else { return "" }
        let best = shared.count { $0.ranked.first?.agent == agent }
        let leads = shared.compactMap { $0.lead(of: agent) }
        let duels = tables.flatMap { table in
            tables.compactMap { table.duel(of: agent, with: rival, in: $0) }
        }
        let summary =
            "\n\(agent) has the best mean score in \(best) of \(shared.count) cells; its lead over the best other is "
            + "larger than its 95 % interval in \(leads.count(where: \.isClear))"
        return ([summary] + leads.map(\.text) + duels).joined(separator: "\n")
    }

    /// By how much a searcher is better than the best other one, seed by seed.
    private func lead(of agent: String) -> (text: String, isClear: Bool)? {
        guard let own = row(agent), let other = ranked.first(where: { $0.agent != agent }) else { return nil }
        let sign = cell.model.higherIsBetter ? 1.0 : -1.0
        let leads = own.summaries.compactMap { summary in
            other.summaries.first { $0.options.seed == summary.options.seed }
                .map { sign * (summary.heldOutScore - $0.heldOutScore) }
        }
        guard leads.count > 1 else { return nil }
        let interval = Self.interval(leads)
        let text = String(
            format: "%@: lead over %@ %+.4f ± %.4f, better with %d of %d seeds",
            cell.title, other.agent, leads.mean, interval, leads.count { $0 > 0 }, leads.count)
        return (text, leads.mean > interval)
    }

    private func row(_ agent: String) -> Row? {
        ranked.first { $0.agent == agent }
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
