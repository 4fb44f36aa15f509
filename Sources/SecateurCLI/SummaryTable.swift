import Search

/// The end of a search, for people.
enum SummaryTable {
    /// Prints dense beside pruned, then the policy layer by layer.
    static func show(_ summary: SearchSummary, folder: String) {
        let decimal = Terminal.decimal
        print("\(summary.hardware)")
        print(
            "\(summary.options.tokens) tokens, \(summary.options.threads) threads, "
                + "\(summary.evaluations) policies evaluated\n")
        row("", "dense", "pruned", "pruned / dense")
        row(
            "latency", "\(decimal(summary.denseMs, 2)) ms", "\(decimal(summary.prunedMs, 2)) ms",
            decimal(1 / summary.speedup, 3))
        row(
            "size, packed", Terminal.megabytes(summary.denseSizeBytes), Terminal.megabytes(summary.sizeBytes),
            decimal(Double(summary.sizeBytes) / Double(summary.denseSizeBytes), 3))
        row("quality, reward data", "1", decimal(summary.quality, 4), decimal(summary.quality, 4))
        row(
            "quality, other data", "1", decimal(summary.checkedQuality, 4), decimal(summary.checkedQuality, 4)
        )
        if let score = summary.validation {
            row(
                "\(score.metric), validation", decimal(score.dense, 4), decimal(score.pruned, 4),
                decimal(score.pruned / score.dense, 4))
        }
        print("")
        for choice in summary.policy {
            let level = choice.level
            let text =
                level.pattern == .dense ? "dense" : "\(level.pattern.rawValue) \(decimal(level.sparsity, 2))"
            print("  \(pad(choice.layer, 44)) \(text)")
        }
        print("\nThe pruned model is in \(folder)/model")
    }

    private static func row(_ cells: String...) {
        print(cells.map { pad($0, 22) }.joined().trimmingSuffix { $0 == " " })
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
