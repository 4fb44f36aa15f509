import Evaluation
import Levels
import Runs
import Search

/// The end of a search, for people.
enum SummaryTable {
    /// Prints dense next to pruned, then the policy layer by layer.
    static func show(_ summary: SearchSummary, folder: String) throws {
        print("\(summary.hardware)")
        print(
            "\(summary.options.workload), \(summary.options.threads.counted("thread")), "
                + "\(summary.evaluations.counted("policy", plural: "policies")) evaluated\n")
        try showScores(summary, folder: folder)
        print("")
        for choice in summary.policy {
            let level = choice.level
            let sparsity =
                level.pattern.unit == nil ? "" : " \(Terminal.decimal(level.sparsity, 2))"
            print("  \(pad(choice.layer, 44)) \(level.kind)\(sparsity)")
        }
        if let rounded = summary.rounded {
            print(
                "\n\(rounded.level) alone: latency \(Terminal.decimal(1 / rounded.speedup, 3)) of dense, "
                    + "\(Terminal.megabytes(rounded.sizeBytes)) in memory, quality on other data "
                    + "\(Terminal.decimal(rounded.checkedQuality, 4)) of dense"
                    + (rounded.space.map {
                        ", 10 nearest on its index \(Terminal.decimal($0.neighboursFound, 4))"
                    }
                        ?? ""))
        }
        if let drop = summary.options.maxDrop {
            let error = summary.checkedError.map { ", standard error \(Terminal.decimal($0, 4))" } ?? ""
            print(
                "\nThe fastest policy found that loses \(Terminal.decimal(100 * drop, 2)) % at most: "
                    + "\(Terminal.decimal(summary.checkedQuality, 4)) of dense is kept on other data\(error)")
        }
        if !summary.targetMet {
            print(
                "\nThe target was \(Terminal.decimal(summary.targetFraction, 3)) of dense: it was missed on "
                    + "this measurement")
        }
        if let disturbance = summary.disturbance { print("\n\(disturbance)") }
        print("\nThe pruned model is in \(folder)/model, the report in \(folder)/report.html")
    }

    private static func showScores(_ summary: SearchSummary, folder: String) throws {
        row("", "dense", "pruned", "pruned / dense")
        showLatency(summary)
        bytes("size in memory, packed", summary.denseSizeBytes, summary.sizeBytes)
        bytes(
            "size on disk", summary.denseDiskBytes ?? 0, summary.diskBytes ?? 0)
        let isLabelled = (try? SearchTasks.standard.task(named: summary.options.task).isLabelled) ?? false
        let name = quality(summary.options)
        score(isLabelled ? "reward score" : "\(name), reward text", 1, summary.quality)
        score(isLabelled ? "the same, other pairs" : "\(name), other text", 1, summary.checkedQuality)
        show(summary.space, summary.options)
        if let validation = summary.validation {
            score("\(validation.metric), validation", validation.dense, validation.pruned)
        }
        if let recovery = try RunFiles(folder: folder).recovery() {
            show(recovery, summary, isLabelled: isLabelled)
        }
    }

    /// The median and the 95th percentile; of lengths also the mean, which the target is of.
    private static func showLatency(_ summary: SearchSummary) {
        func latency(_ name: String, _ denseMs: Double, _ prunedMs: Double, ratio: Double? = nil) {
            row(
                name, "\(Terminal.decimal(denseMs, 2)) ms", "\(Terminal.decimal(prunedMs, 2)) ms",
                Terminal.decimal(ratio ?? prunedMs / denseMs, 3))
        }
        guard let dense = summary.denseTimes, let pruned = summary.prunedTimes else {
            return latency("latency", summary.denseMs, summary.prunedMs, ratio: 1 / summary.speedup)
        }
        if summary.options.workload.lengths == nil {
            latency("latency", dense.medianMs, pruned.medianMs, ratio: 1 / summary.speedup)
        } else {
            latency("latency, mean", dense.meanMs, pruned.meanMs, ratio: 1 / summary.speedup)
            latency("latency, median", dense.medianMs, pruned.medianMs)
        }
        latency("latency, p95", dense.p95Ms, pruned.p95Ms)
    }

    private static func show(
        _ recovery: RecoverySummary, _ summary: SearchSummary, isLabelled: Bool
    ) {
        print("\nafter \(recovery.steps.counted("step")) of training")
        score(
            isLabelled ? "reward score, other pairs" : "\(quality(summary.options)), other text", 1,
            recovery.checked.after)
        show(recovery.space, summary.options)
        if let change = recovery.validation, let validation = summary.validation {
            score("\(change.metric), validation", validation.dense, change.after)
        }
        if !recovery.isKept { print("training made it no better: the model is as it was pruned") }
    }

    /// What quality without labels is made of.
    private static func quality(_ options: SearchOptions) -> String {
        options.weights.space > 0 ? "quality" : "fidelity"
    }

    /// What is left of an index that the dense model built, and of similarities where those are a part of quality.
    private static func show(_ space: SpaceKept?, _ options: SearchOptions) {
        guard let space else { return }
        if options.weights.space > 0, let agreement = space.agreement {
            score("fidelity, other text", 1, agreement)
        }
        score("mean cosine to dense", 1, space.meanCosine)
        score("10 nearest, dense index", 1, space.neighboursFound)
    }

    private static func bytes(_ name: String, _ dense: Int, _ pruned: Int) {
        row(
            name, Terminal.megabytes(dense), Terminal.megabytes(pruned),
            Terminal.decimal(Double(pruned) / Double(max(dense, 1)), 3))
    }

    private static func score(_ name: String, _ dense: Double, _ pruned: Double) {
        row(
            name, Terminal.decimal(dense, 4), Terminal.decimal(pruned, 4),
            Terminal.decimal(pruned / dense, 4))
    }

    private static func row(_ cells: String...) {
        print(cells.map { pad($0, 26) }.joined().trimmingSuffix { $0 == " " })
    }

    private static func pad(_ text: String, _ width: Int) -> String {
        text + String(repeating: " ", count: max(width - text.count, 1))
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var view = self[...]
        while let last = view.last, predicate(last) { view.removeLast() }
        return view
    }
}
