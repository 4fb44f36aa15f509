import Foundation

/// What policies that were learned for several instruction sets take and give on each of them: a row for each
/// policy, a column for what it runs on.
struct HardwareTable {
    /// One policy on one instruction set.
    struct Cell: Equatable {
        /// Measured latency, as a fraction of that of the dense float32 model there.
        let latency: Double
        /// The score on held-out data; more is better.
        let quality: Double
    }

    /// What is known of an instruction set.
    struct Column {
        let name: String
        /// The fraction of dense that its own policy was learned for.
        let target: Double
        let denseMs: Double
        let denseQuality: Double
    }

    /// By how much a latency may exceed the target, as a fraction of it.
    static let tolerance = 0.03

    let metric: String
    let columns: [Column]
    /// Policies as they were learned, [policy][instruction set].
    let learned: [[Cell]]
    /// Policies of others repaired to each one's target, its own as it was learned; nil where no repair gets
    /// there.
    let repaired: [[Cell?]]

    /// Markdown tables, and what they come to.
    var text: String {
        let dense = columns.map { String(format: "%@ %.3f ms, %.4f", $0.name, $0.denseMs, $0.denseQuality) }
        let targets = columns.map { "\($0.name) \($0.target)" }
        return [
            "", "dense float32, and its \(metric): \(dense.joined(separator: "; "))",
            "targets, as fractions of it: \(targets.joined(separator: ", "))",
            table("latency / dense there, as learned", learned) { String(format: "%.3f", $0.latency) },
            table("\(metric), as learned", learned) { String(format: "%.4f", $0.quality) },
            table("latency / dense there, repaired to its target", repaired) {
                String(format: "%.3f", $0.latency)
            },
            table("\(metric), repaired", repaired) { String(format: "%.4f", $0.quality) },
            "", "Bold: no other policy of the column is both faster and better.", "",
            verdicts.map(\.text).joined(separator: "\n"), summary,
        ].joined(separator: "\n")
    }

    private func table(_ title: String, _ cells: [[Cell?]], _ value: (Cell) -> String) -> String {
        let heads = columns.map { "on \($0.name)" }.joined(separator: " | ")
        var lines = [
            "", "| \(title); policy of | \(heads) |", "|---|" + columns.map { _ in "---|" }.joined(),
        ]
        let unbeaten = columns.indices.map { column in Self.unbeaten(cells.map { $0[column] }) }
        for (row, policy) in columns.enumerated() {
            let texts = columns.indices.map { column in
                guard let cell = cells[row][column] else { return "–" }
                return unbeaten[column].contains(row) ? "**\(value(cell))**" : value(cell)
            }
            lines.append("| \(policy.name) | \(texts.joined(separator: " | ")) |")
        }
        return lines.joined(separator: "\n")
    }

    /// Which cells of a column no other one beats in both.
    static func unbeaten(_ cells: [Cell?]) -> Set<Int> {
        Set(
            cells.indices.filter { index in
                guard let cell = cells[index] else { return false }
                return !cells.contains { other in
                    other.map { $0.latency < cell.latency && $0.quality > cell.quality } ?? false
                }
            })
    }

    // MARK: Verdict

    /// Whether an instruction set's own policy is the best of those that meet its target.
    struct Verdict: Equatable {
        let isOwnBest: Bool
        let text: String
    }

    private struct Contender {
        let name: String
        let cell: Cell
    }

    /// One for each instruction set.
    var verdicts: [Verdict] { columns.indices.map(verdict) }

    private var summary: String {
        "\nIts own policy is the best that meets the target, within \(Int(100 * Self.tolerance)) %, "
            + "on \(verdicts.count(where: \.isOwnBest)) of \(columns.count)."
    }

    /// The policies of others, as they were learned and repaired.
    private func others(in column: Int) -> [Contender] {
        columns.indices.filter { $0 != column }.flatMap { row -> [Contender] in
            let name = "that of \(columns[row].name)"
            let asLearned = Contender(name: "\(name) as learned", cell: learned[row][column])
            guard let cell = repaired[row][column] else { return [asLearned] }
            return [asLearned, Contender(name: "\(name) repaired", cell: cell)]
        }
    }

    private func verdict(_ column: Int) -> Verdict {
        let (set, own) = (columns[column], learned[column][column])
        let limit = set.target * (1 + Self.tolerance)
        let start = "\(set.name), target \(set.target): "
        guard own.latency <= limit else {
            return Verdict(
                isOwnBest: false,
                text: start + String(format: "its own policy misses it, at %.3f", own.latency))
        }
        let others = others(in: column).filter { $0.cell.latency <= limit }
        guard let best = others.max(by: { $0.cell.quality < $1.cell.quality }) else {
            return Verdict(isOwnBest: true, text: start + "only its own policy meets it")
        }
        let isOwnBest = own.quality >= best.cell.quality
        return Verdict(
            isOwnBest: isOwnBest,
            text: start
                + String(
                    format: "its own policy is %@ that meet it: %.4f at %.3f; %@ %.4f at %.3f",
                    isOwnBest ? "the best of \(others.count + 1)" : "not the best of \(others.count + 1)",
                    own.quality, own.latency, best.name, best.cell.quality, best.cell.latency))
    }
}
