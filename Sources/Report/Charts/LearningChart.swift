/// A value of every evaluated policy, in order, with the best so far.
struct LearningChart {
    /// The values of one search.
    struct Series {
        let name: String
        /// One for each evaluation, from the first.
        let values: [Double]
        /// What the agent expected before each evaluation; empty, or not a number where it did not.
        var expected: [Double] = []
    }

    let label: String
    let series: [Series]

    /// The highest value up to each place.
    static func bestSoFar(_ values: [Double]) -> [Double] {
        var best = -Double.infinity
        return values.map { value in
            best = max(best, value)
            return best
        }
    }

    func svg(_ size: ChartSize) -> String {
        var canvas = SVGCanvas(width: size.width, height: size.isNarrow ? 230 : 260)
        let count = max(series.map(\.values.count).max() ?? 1, 2)
        let frame = PlotFrame(
            width: canvas.width, height: canvas.height,
            margins: .init(left: size.isNarrow ? 46 : 56, right: 16, top: 36, bottom: 50),
            x: .init("evaluation", 0...Double(count), ticks: size.isNarrow ? 4 : 8),
            y: .init(label, Scale.around(series.flatMap(\.values)), ticks: 4))
        frame.draw(on: &canvas)
        for (number, series) in series.enumerated() { draw(series, number, frame, size, &canvas) }
        let bests = series.map { "\($0.name), best \(Figures.decimal($0.values.max() ?? .nan, 4))" }
        return canvas.inline(
            title: "\(label) over evaluations", description: bests.joined(separator: "; "),
            classes: size.name)
    }

    private func draw(
        _ series: Series, _ number: Int, _ frame: PlotFrame, _ size: ChartSize, _ canvas: inout SVGCanvas
    ) {
        canvas.color(number + 1) { canvas in
            for (index, value) in Array(series.values.enumerated()).thinned() {
                canvas.marker(
                    number, at: frame.point(Double(index + 1), value), radius: size.isNarrow ? 1.7 : 2.2,
                    "dot", fill: self.series.count == 1 ? 0.35 : 0.2)
            }
            var best: [SVGCanvas.Point] = []
            for (index, value) in Self.bestSoFar(series.values).enumerated() {
                let place = frame.point(Double(index + 1), value)
                if let before = best.last, before.y != place.y { best.append((place.x, before.y)) }
                best.append(place)
            }
            canvas.path(Self.corners(best), "frontier")
            if let end = best.last { canvas.marker(number, at: end, radius: 4, "dot edge", fill: 1) }
        }
        let inside = series.expected.enumerated().filter { frame.y.domain.contains($0.element) }
        canvas.path(inside.thinned().map { frame.point(Double($0.offset + 1), $0.element) }, "expected")
    }

    /// Leaves out places on a level stretch between its ends.
    private static func corners(_ points: [SVGCanvas.Point]) -> [SVGCanvas.Point] {
        points.enumerated().filter { index, point in
            guard index > 0, index + 1 < points.count else { return true }
            return points[index - 1].y != point.y || points[index + 1].y != point.y
        }.map(\.element)
    }
}
