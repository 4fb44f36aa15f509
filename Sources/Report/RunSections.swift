import Levels
import SparseKernels

/// The parts of a report that one run fills.
struct RunSections {
    let run: RunRecord

    /// Those for which there is something to show.
    var all: [PageContent.Section] {
        [frontier, policy, learning, time, size].compactMap { $0 }
    }

    private func both(_ chart: (ChartSize) -> String) -> [String] {
        ChartSize.allCases.map(chart)
    }

    // MARK: quality and latency

    private var frontier: PageContent.Section? {
        guard let costs = run.costs, let target = run.targetMs, let chosen = run.chosen, !run.rows.isEmpty
        else { return nil }
        let policies = run.rows.map(FrontierChart.Policy.init)
        let chart = FrontierChart(
            series: [
                .init(name: run.name, policies: policies, chosen: chosen, target: target)
            ], label: "latency, ms")
        let dense = Figures.milliseconds(costs.denseLatencyMs)
        return PageContent.Section(
            id: "frontier", title: "Quality and latency",
            caption:
                "Every policy that was evaluated. Latency is what the measured kernels add up to; quality is "
                + "on the reward data, as a fraction of the dense model’s. The dense model itself, at \(dense) and "
                + "1, lies beyond the upper right corner." + Self.closeness(policies),
            legend: [
                LegendItem("evaluated, stronger is later", color: 1) {
                    $0.marker(0, at: (6, 7), radius: 3.6, "dot", fill: 0.2)
                    $0.marker(0, at: (15, 7), radius: 3.6, "dot", fill: 0.6)
                },
                LegendItem("not beaten in both", color: 1) {
                    $0.path([(0, 11), (11, 11), (11, 4), (22, 4)], "frontier")
                },
                LegendItem(run.summary == nil ? "best so far" : "handed over", color: 1) {
                    $0.marker(0, at: (11, 7), radius: 2.4, "dot", fill: 1)
                    $0.marker(0, at: (11, 7), radius: 6, "ring")
                },
                LegendItem("target, \(Figures.milliseconds(target))", color: 1) {
                    $0.line((11, 0), (11, 14), "target")
                },
            ], charts: both(chart.svg),
            tables: [
                DataTable(
                    title: "The policies that no other one beats in both",
                    headings: ["latency", "of dense", "quality / dense", "evaluation"],
                    rows: FrontierChart.frontier(policies).map {
                        [
                            Figures.decimal($0.latency, 3) + " ms",
                            Figures.decimal($0.latency / costs.denseLatencyMs, 3),
                            Figures.decimal($0.quality, 4), "\($0.evaluation)",
                        ]
                    })
            ])
    }

    /// A word on an axis that shows much of little: agents spend all that the target leaves.
    private static func closeness(_ policies: [FrontierChart.Policy]) -> String {
        let latencies = policies.map(\.latency)
        guard latencies.count > 1, let least = latencies.min(), let most = latencies.max(),
            most - least < 0.01 * most
        else { return "" }
        return " All lie within \(Figures.milliseconds(most - least)): each spends what the target leaves."
    }

    // MARK: what was chosen

    private var policy: PageContent.Section? {
        policySection(
            id: "policy", title: run.summary == nil ? "The best policy so far" : "The learned policy")
    }

    /// The map of a policy; nil before there is one.
    func policySection(id: String, title: String) -> PageContent.Section? {
        guard !run.policy.isEmpty else { return nil }
        let map = PolicyMap(run.policy.map { ($0.layer, $0.level) })
        return PageContent.Section(
            id: id, title: title,
            caption:
                "What every layer is pruned to: the pattern by color, hatch and name, the fraction of its "
                + "weights that is zero by shade and number.",
            legend: map.glyphs.map(Self.legend), charts: both(map.svg),
            tables: [
                DataTable(
                    title: "Every layer", headings: ["layer", "pattern", "sparsity", "precision"],
                    rows: run.policy.map {
                        [
                            $0.layer, "\($0.level.pattern)", Figures.decimal($0.level.sparsity, 2),
                            "\($0.level.precision)",
                        ]
                    })
            ], glyphs: map.glyphs)
    }

    private static func legend(_ glyph: LevelGlyph) -> LegendItem {
        LegendItem(glyph.legend, color: glyph.color) {
            LevelCell.drawSwatch(of: glyph, at: (0, 0), on: &$0)
        }
    }

    // MARK: how it learned

    private var learning: PageContent.Section? {
        guard !run.rows.isEmpty else { return nil }
        let reward = LearningChart(
            label: "reward",
            series: [
                .init(
                    name: run.name, values: run.rows.map(\.terms.reward), expected: run.rows.map(\.baseline))
            ])
        let quality = LearningChart(
            label: "quality / dense", series: [.init(name: run.name, values: run.rows.map(\.terms.quality))])
        let expects = run.rows.contains { $0.baseline.isFinite }
        let weights = run.options.weights
        let rows = run.rows.thinned()
        return PageContent.Section(
            id: "learning", title: "Reward and quality over evaluations",
            caption: "A dot for each evaluated policy, in order. The reward is "
                + "\(Self.weight(weights.quality)) × quality + \(Self.weight(weights.latency)) × latency saved + "
                + "\(Self.weight(weights.size)) × bytes saved, all as fractions of dense."
                + (weights.space > 0
                    ? " Quality is fidelity and \(Self.weight(weights.space)) × the mean cosine to dense embeddings, "
                        + "over \(Self.weight(1 + weights.space))." : ""),
            legend: [
                LegendItem("one evaluation", color: 1) {
                    $0.marker(0, at: (11, 7), radius: 3, "dot", fill: 0.4)
                },
                LegendItem("best so far", color: 1) { $0.path([(0, 7), (22, 7)], "frontier") },
            ]
                + (expects
                    ? [
                        LegendItem("what the agent expected", color: 2) {
                            $0.path([(0, 7), (22, 7)], "expected")
                        }
                    ] : []),
            charts: both(reward.svg) + both(quality.svg),
            tables: [
                DataTable(
                    title: rows.count == run.rows.count
                        ? "Every evaluation" : "\(rows.count) of \(run.rows.count) evaluations",
                    headings: [
                        "evaluation", "reward", "quality / dense", "latency", "size", "expected reward",
                    ],
                    rows: rows.map { row in
                        [
                            "\(row.evaluation)", Figures.decimal(row.terms.reward, 4),
                            Figures.decimal(row.terms.quality, 4),
                            Figures.decimal(row.terms.latencyMs, 3) + " ms",
                            Figures.megabytes(row.terms.sizeBytes), Figures.decimal(row.baseline, 4),
                        ]
                    })
            ])
    }

    private static func weight(_ value: Double) -> String { SVGCanvas.number(value) }

    // MARK: where time and bytes go

    private static var pairLegend: [LegendItem] {
        [
            LegendItem("dense", color: 8) { $0.rectangle((1, 2), width: 20, height: 10, "bar-dense") },
            LegendItem("pruned", color: 1) { $0.rectangle((1, 2), width: 20, height: 10, "bar") },
        ]
    }

    private var time: PageContent.Section? {
        guard let summary = run.summary, let pruned = summary.breakdown, let dense = summary.denseBreakdown
        else { return nil }
        func milliseconds(_ breakdown: Breakdown, _ operation: String) -> Double {
            max(breakdown.entries.first { $0.operation == operation }?.ms ?? 0, 0)
        }
        let operations =
            dense.entries.map(\.operation)
            + pruned.entries.map(\.operation).filter { name in
                !dense.entries.contains { $0.operation == name }
            }
        // What is left over goes last, however much it is.
        let ordered = operations.filter { $0 != "rest" } + operations.filter { $0 == "rest" }
        let rows = ordered.map {
            BarChart.Row(label: $0, dense: milliseconds(dense, $0), pruned: milliseconds(pruned, $0))
        }
        let chart = BarChart(
            title: "Where the time goes", label: "time of one pass, ms", rows: rows,
            format: Figures.milliseconds)
        return PageContent.Section(
            id: "time", title: "Where the time goes",
            caption:
                "Time of each operation, medians added up, in forward passes of both models, timed alternating. “rest” is what "
                + "is outside of them all, such as threads that wait for each other.",
            legend: Self.pairLegend, charts: both(chart.svg),
            tables: [
                DataTable(
                    title: "Every operation",
                    headings: ["operation", "dense", "share", "pruned", "share", "pruned / dense"],
                    rows: rows.map { row in
                        let totals = (rows.reduce(0) { $0 + $1.dense }, rows.reduce(0) { $0 + $1.pruned })
                        return [
                            row.label, Figures.decimal(row.dense, 3) + " ms",
                            Figures.percent(row.dense / totals.0), Figures.decimal(row.pruned, 3) + " ms",
                            Figures.percent(row.pruned / totals.1),
                            Figures.decimal(row.pruned / row.dense, 3),
                        ]
                    })
            ])
    }

    private var size: PageContent.Section? {
        guard let summary = run.summary else { return nil }
        var sizes = [("packed, as it runs", summary.denseSizeBytes, summary.sizeBytes)]
        if let dense = summary.denseDiskBytes, let pruned = summary.diskBytes {
            sizes.insert(("on disk", dense, pruned), at: 0)
        }
        let chart = BarChart(
            title: "Size", label: "size, MB",
            rows: sizes.map { .init(label: $0.0, dense: Double($0.1) / 1e6, pruned: Double($0.2) / 1e6) },
            format: { Figures.megabytes($0 * 1e6) })
        return PageContent.Section(
            id: "size", title: "Size on disk and in memory",
            caption: "On disk the pruned model keeps its zeros, so that any tool can load it. Packed, as the "
                + "kernels run it, only kept weights and their places are stored.",
            legend: Self.pairLegend, charts: both(chart.svg),
            tables: [
                DataTable(
                    title: "In bytes", headings: ["weights", "dense", "pruned", "pruned / dense"],
                    rows: sizes.map {
                        [$0.0, "\($0.1)", "\($0.2)", Figures.decimal(Double($0.2) / Double(max($0.1, 1)), 3)]
                    })
            ])
    }
}
