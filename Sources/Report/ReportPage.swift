import Runs

/// `report.html`: what a run came to, for people.
public struct ReportPage {
    private let content: PageContent

    /// Lays out one run.
    public init(_ run: RunRecord) {
        content = PageContent(
            kicker: "Secateur · \(Self.model(run))", title: run.name, intro: Self.intro(run),
            figures: Self.figures(run), notes: Self.notes(run), sections: RunSections(run: run).all,
            footer:
                "Written by secateur. The trace behind this page: secateur trace \(run.name), or trace.h5 "
                + "with h5py."
        )
    }

    /// Lays out several runs over each other.
    /// - Parameter runs: at least one; at most eight are told apart.
    public init(comparing runs: [RunRecord]) {
        content = ComparisonPage.content(runs)
    }

    /// One self-contained file.
    public var html: String { content.page() }

    /// What is inside of the page, for a live one that replaces it.
    public var markup: String { content.markup }

    /// A page that keeps itself up to date from the server it came from.
    public var liveHTML: String { content.page(script: LiveScript.text) }

    static func model(_ run: RunRecord) -> String {
        run.options.model.split(separator: "/").last.map(String.init) ?? run.options.model
    }

    private static func intro(_ run: RunRecord) -> String {
        let (options, model) = (run.options, model(run))
        let asked = "\(target(options)) of its dense latency"
        guard let summary = run.summary else {
            let stage = run.stage.map { "Now: \($0)." } ?? "The search has not ended."
            return
                "\(model) is being pruned to \(asked). \(run.rows.count) of at most \(options.budget) policies "
                + "evaluated. \(stage)"
        }
        let ratio = Figures.decimal(1 / summary.speedup, 3)
        let met = summary.targetMet ? "which meets" : "which misses"
        return
            "\(model), pruned to \(ratio) of its dense latency as measured on this machine, \(met) the target of "
            + "\(Figures.decimal(summary.targetFraction, 3))."
    }

    private static func target(_ options: SearchOptions) -> String {
        switch options.targetLatency {
        case .fraction(let fraction): Figures.decimal(fraction, 2)
        case .milliseconds(let value): "\(Figures.milliseconds(value)) instead"
        }
    }

    private static func figures(_ run: RunRecord) -> [PageContent.Figure] {
        guard let summary = run.summary else { return progress(run) }
        var figures = [
            PageContent.Figure(
                label: "Latency", value: Figures.milliseconds(summary.prunedMs),
                of: "dense \(Figures.milliseconds(summary.denseMs))" + slowest(summary)),
            PageContent.Figure(
                label: "Speed-up", value: Figures.times(summary.speedup),
                of: (summary.options.workload.lengths == nil ? "" : "of the mean, ")
                    + "measured alternating with dense"),
            quality(summary, run.recovery),
            PageContent.Figure(
                label: "Size, packed", value: Figures.megabytes(summary.sizeBytes),
                of: "dense \(Figures.megabytes(summary.denseSizeBytes))"),
        ]
        if let space = run.recovery?.space ?? summary.space {
            figures.append(
                .init(
                    label: "Ten nearest found", value: Figures.percent(space.neighboursFound),
                    of: "on an index of the dense model; mean cosine \(Figures.decimal(space.meanCosine, 3))")
            )
        }
        if let sparsity = run.sparsity {
            figures.append(
                .init(
                    label: "Zeros", value: Figures.percent(sparsity),
                    of: "of weights in \(summary.policy.count) prunable layers"))
        }
        figures.append(
            summary.validation.map {
                .init(
                    label: "Validation, \($0.metric)",
                    value: Figures.decimal(run.recovery?.validation?.after ?? $0.pruned, 4),
                    of: "dense \(Figures.decimal($0.dense, 4))")
            }
                ?? .init(
                    label: "Evaluated", value: "\(summary.evaluations)",
                    of: "policies, budget \(run.options.budget)"))
        return figures
    }

    /// What one pass in twenty exceeds.
    private static func slowest(_ summary: SearchSummary) -> String {
        guard let dense = summary.denseTimes, let pruned = summary.prunedTimes else { return "" }
        return "; p95 \(Figures.milliseconds(pruned.p95Ms)), dense \(Figures.milliseconds(dense.p95Ms))"
    }

    private static func quality(
        _ summary: SearchSummary, _ recovery: RecoverySummary?
    ) -> PageContent.Figure {
        let before = Figures.decimal(summary.checkedQuality, 3)
        return PageContent.Figure(
            label: "Quality kept", value: recovery.map { Figures.decimal($0.checked.after, 3) } ?? before,
            of: "of dense, on data without reward" + (recovery == nil ? "" : "; \(before) before training"))
    }

    private static func progress(_ run: RunRecord) -> [PageContent.Figure] {
        guard let best = run.best?.terms, let costs = run.costs else { return [] }
        return [
            .init(
                label: "Evaluated", value: "\(run.rows.count)", of: "policies, budget \(run.options.budget)"),
            .init(label: "Best reward", value: Figures.decimal(best.reward, 4), of: "so far"),
            .init(label: "Its quality", value: Figures.decimal(best.quality, 4), of: "of dense, reward data"),
            .init(
                label: "Its latency, predicted", value: Figures.milliseconds(best.latencyMs),
                of: "dense \(Figures.milliseconds(costs.denseLatencyMs))"),
        ]
    }

    private static func notes(_ run: RunRecord) -> [String] {
        let options = run.options
        let workload = options.workload
        let what =
            switch options.latencyOf {
            case .decode: "one more token after \(options.tokens)"
            case .prefill:
                workload.lengths == nil && workload.batch == 1
                    ? "one sequence of \(options.tokens) tokens" : "\(workload)"
            }
        let search =
            "Searched by agent \(options.agent) with seed \(options.seed), task \(options.task), reward data "
            + "from \(options.train)."
        guard let summary = run.summary else { return [search] }
        return [
            "Measured on \(summary.hardware): \(what), \(options.threads) \(options.threads == 1 ? "thread" : "threads"), "
                + "median of passes alternating with the dense model. The latency table predicted "
                + "\(Figures.milliseconds(summary.predictedMs)), dense \(Figures.milliseconds(summary.predictedDenseMs)).",
            summary.disturbance,
            search,
        ].compactMap { $0 }
    }
}

/// Keeps a live page up to date, its opened tables and their places included.
enum LiveScript {
    static let text = """
        const main = document.querySelector("main");
        let last = "";
        async function update() {
          try {
            const answer = await fetch("/content");
            const text = await answer.text();
            if (answer.ok && text !== last) {
              last = text;
              const open = [...main.querySelectorAll("details[open]")].map(item =>
                [item.id, item.querySelector(".scroll").scrollTop]);
              main.innerHTML = text;
              for (const [id, top] of open) {
                const item = document.getElementById(id);
                if (item) { item.open = true; item.querySelector(".scroll").scrollTop = top; }
              }
            }
            setTimeout(update, 1000);
          } catch { document.title = "ended · " + document.title; }
        }
        setTimeout(update, 1000);
        """
}
