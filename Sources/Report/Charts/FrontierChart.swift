/// Quality over latency: every evaluated policy, and the line of those that no other one beats in both.
struct FrontierChart {
    /// One evaluated policy.
    struct Policy: Equatable {
        let evaluation: Int
        /// In the unit of the axis.
        let latency: Double
        /// As a fraction of the dense model's.
        let quality: Double
    }

    /// The policies of one search.
    struct Series {
        let name: String
        let policies: [Policy]
        /// The one that was handed over.
        let chosen: Policy?
        /// The latency that was asked for.
        let target: Double
    }

    let series: [Series]
    /// The axis of latency, with its unit.
    let label: String

    /// The policies that no other one beats, fastest first.
    static func frontier(_ policies: [Policy]) -> [Policy] {
        let sorted = policies.sorted { ($0.latency, $1.quality) < ($1.latency, $0.quality) }
        return sorted.reduce(into: []) { kept, policy in
            if policy.quality > kept.last?.quality ?? -.infinity { kept.append(policy) }
        }
    }

    func svg(_ size: ChartSize) -> String {
        var canvas = SVGCanvas(width: size.width, height: size.isNarrow ? 300 : 400)
        let all = series.flatMap(\.policies)
        let frame = PlotFrame(
            width: canvas.width, height: canvas.height,
            margins: .init(left: size.isNarrow ? 46 : 56, right: 16, top: 36, bottom: 50),
            x: .init(
                label, Scale.around(all.map(\.latency) + series.map(\.target)), ticks: size.isNarrow ? 4 : 7),
            y: .init("quality / dense", Scale.around(all.map(\.quality))))
        frame.draw(on: &canvas)
        for (number, series) in series.enumerated() { draw(series, number, frame, size, &canvas) }
        let counts = series.map { "\($0.name), \($0.policies.count) policies" }.joined(separator: "; ")
        return canvas.inline(title: "Quality over latency", description: counts, classes: size.name)
    }

    private func draw(
        _ series: Series, _ number: Int, _ frame: PlotFrame, _ size: ChartSize, _ canvas: inout SVGCanvas
    ) {
        let radius = size.isNarrow ? 2.6 : 3.4
        canvas.color(number + 1) { canvas in
            let x = frame.x(series.target)
            canvas.line((x, frame.top), (x, frame.bottom), "target")
            if self.series.count == 1 {
                let isLeft = x > (frame.left + frame.right) / 2
                canvas.text(
                    "target", at: (x + (isLeft ? -6 : 6), frame.top - 4), "tick",
                    anchor: isLeft ? .end : .start)
            }
            let last = Double(max(series.policies.map(\.evaluation).max() ?? 1, 1))
            for policy in series.policies.thinned() {
                canvas.marker(
                    number, at: frame.point(policy.latency, policy.quality), radius: radius, "dot",
                    fill: 0.12 + 0.5 * Double(policy.evaluation) / last,
                    title: size.isNarrow ? nil : title(policy))
            }
            let frontier = Self.frontier(series.policies)
            canvas.path(steps(frontier, frame), "frontier")
            for policy in frontier {
                canvas.marker(
                    number, at: frame.point(policy.latency, policy.quality), radius: radius + 0.4, "dot edge",
                    fill: 1)
            }
            guard let chosen = series.chosen else { return }
            canvas.marker(
                number, at: frame.point(chosen.latency, chosen.quality), radius: radius + 4.5, "ring")
        }
    }

    /// A staircase: between two policies the slower one's quality is not to be had yet.
    private func steps(_ frontier: [Policy], _ frame: PlotFrame) -> [SVGCanvas.Point] {
        var places: [SVGCanvas.Point] = []
        for policy in frontier {
            if let before = places.last { places.append((frame.x(policy.latency), before.y)) }
            places.append(frame.point(policy.latency, policy.quality))
        }
        return places
    }

    private func title(_ policy: Policy) -> String {
        "evaluation \(policy.evaluation): \(Figures.significant(policy.latency)), quality "
            + Figures.decimal(policy.quality, 4)
    }
}
