/// Pairs of horizontal bars: the dense model's, hatched, above the pruned one's.
struct BarChart {
    /// One pair.
    struct Row {
        let label: String
        let dense: Double
        let pruned: Double
    }

    let title: String
    /// The axis, with its unit.
    let label: String
    let rows: [Row]
    /// A value with its unit.
    let format: (Double) -> String

    private static let bar = 13.0

    func svg(_ size: ChartSize) -> String {
        let labelHeight = size.isNarrow ? 19.0 : 0
        let pitch = 2 * Self.bar + 18 + labelHeight
        let left = size.isNarrow ? 4.0 : 178
        var canvas = SVGCanvas(width: size.width, height: pitch * Double(rows.count) + 52)
        let most = max(rows.map { max($0.dense, $0.pruned) }.max() ?? 1, 1e-9)
        let x = Scale(0...most, from: left, to: size.width - 78)
        let bottom = canvas.height - 46
        let count = size.isNarrow ? 3 : 6
        for tick in x.ticks(count) {
            canvas.line((x(tick), 0), (x(tick), bottom), tick == 0 ? "axis" : "grid")
            canvas.text(x.label(tick, count), at: (x(tick), bottom + 18), anchor: .middle)
        }
        canvas.text(label, at: (size.width - 78, bottom + 38), "label", anchor: .end)
        for (number, row) in rows.enumerated() {
            let top = 4 + pitch * Double(number) + labelHeight
            canvas.text(
                row.label, at: size.isNarrow ? (left + 6, top - 5) : (left - 12, top + Self.bar + 4), "label",
                anchor: size.isNarrow ? .start : .end)
            bar(row.dense, at: top, x, "bar-dense", "dense", &canvas)
            canvas.color(1) { bar(row.pruned, at: top + Self.bar + 2, x, "bar", "pruned", &$0) }
        }
        let spoken = rows.map { "\($0.label): dense \(format($0.dense)), pruned \(format($0.pruned))" }
        return canvas.inline(title: title, description: spoken.joined(separator: "; "), classes: size.name)
    }

    private func bar(
        _ value: Double, at top: Double, _ x: Scale, _ style: String, _ name: String,
        _ canvas: inout SVGCanvas
    ) {
        canvas.rectangle(
            (x(0), top), width: x(max(value, 0)) - x(0), height: Self.bar, style,
            title: "\(name): \(format(value))")
        canvas.text(format(value), at: (x(max(value, 0)) + 6, top + Self.bar - 3), "tick")
    }
}
