/// Several runs over each other.
enum ComparisonPage {
    static func content(_ runs: [RunRecord]) -> PageContent {
        let names = runs.map(\.name).joined(separator: ", ")
        return PageContent(
            kicker: "Secateur · comparison", title: names,
            intro:
                "\(runs.count) runs over each other. Latency is a fraction of each run’s own dense model, so that "
                + "runs of different machines can be compared.",
            figures: [], notes: [],
            sections: [results(runs), frontier(runs), learning(runs)].compactMap { $0 } + policies(runs),
            footer: "Written by secateur compare.")
    }

    private static func both(_ chart: (ChartSize) -> String) -> [String] { ChartSize.allCases.map(chart) }

    private static func legend(_ runs: [RunRecord]) -> [LegendItem] {
        runs.enumerated().map { number, run in
            LegendItem(run.name, color: number + 1) {
                $0.path([(0, 7), (22, 7)], "frontier")
                $0.marker(number, at: (11, 7), radius: 4, "dot edge", fill: 1)
            }
        }
    }

    private static func results(_ runs: [RunRecord]) -> PageContent.Section {
        let comparison = RunComparison(runs)
        return PageContent.Section(
            id: "results", title: "Results",
            caption:
                "Latency and speed-up are measured end to end alternating with the dense model; quality is on data "
                + "without reward.",
            charts: [],
            tables: [
                DataTable(
                    title: "Every run", headings: RunComparison.headings, rows: comparison.cells, isOpen: true
                )
            ])
    }

    private static func frontier(_ runs: [RunRecord]) -> PageContent.Section? {
        let series = runs.compactMap { run -> FrontierChart.Series? in
            guard let dense = run.costs?.denseLatencyMs, let target = run.targetMs else { return nil }
            func relative(_ policy: FrontierChart.Policy) -> FrontierChart.Policy {
                .init(
                    evaluation: policy.evaluation, latency: policy.latency / dense, quality: policy.quality)
            }
            return .init(
                name: run.name, policies: run.rows.map { relative(.init($0)) },
                chosen: run.chosen.map(relative), target: target / dense)
        }
        guard series.count == runs.count else { return nil }
        let chart = FrontierChart(series: series, label: "latency / dense")
        return PageContent.Section(
            id: "frontier", title: "Quality and latency",
            caption:
                "Every evaluated policy, with the line of those that no other one of its run beats in both. "
                + "Rings are what was handed over, dashed lines are targets.",
            legend: legend(runs), charts: both(chart.svg),
            tables: series.map { series in
                DataTable(
                    title: "\(series.name): the policies that no other one beats in both",
                    headings: ["latency / dense", "quality / dense", "evaluation"],
                    rows: FrontierChart.frontier(series.policies).map {
                        [Figures.decimal($0.latency, 3), Figures.decimal($0.quality, 4), "\($0.evaluation)"]
                    })
            })
    }

    private static func learning(_ runs: [RunRecord]) -> PageContent.Section? {
        guard runs.contains(where: { !$0.rows.isEmpty }) else { return nil }
        let chart = LearningChart(
            label: "reward",
            series: runs.map { LearningChart.Series(name: $0.name, values: $0.rows.map(\.terms.reward)) })
        return PageContent.Section(
            id: "learning", title: "Reward over evaluations",
            caption:
                "A mark for each evaluated policy, and the best so far as a line. Rewards compare only where "
                + "runs share task, data and weights.",
            legend: legend(runs), charts: both(chart.svg),
            tables: runs.map { run in
                DataTable(
                    title: "\(run.name): every evaluation",
                    headings: ["evaluation", "reward", "quality / dense"],
                    rows: run.rows.map {
                        [
                            "\($0.evaluation)", Figures.decimal($0.terms.reward, 4),
                            Figures.decimal($0.terms.quality, 4),
                        ]
                    })
            })
    }

    private static func policies(_ runs: [RunRecord]) -> [PageContent.Section] {
        runs.enumerated().compactMap { number, run in
            RunSections(run: run).policySection(id: "policy-\(number + 1)", title: "Policy of \(run.name)")
        }
    }
}
