import Report

/// A roofline as SVG: attained rate over arithmetic intensity, both logarithmic.
struct RooflineChart {
    /// One kernel.
    struct Point {
        let series: String
        let name: String
        let intensity: Double
        let gflops: Double
    }

    let title: String
    let peakGflops: Double
    let gigabytesPerSecond: Double
    let points: [Point]

    private static let width = 760.0
    private static let height = 460.0
    private static let legendWidth = 190.0

    private var series: [String] {
        points.reduce(into: []) { names, point in
            if !names.contains(point.series) { names.append(point.series) }
        }
    }

    /// The whole picture.
    var svg: String {
        var canvas = SVGCanvas(width: Self.width, height: Self.height)
        let frame = PlotFrame(
            width: Self.width, height: Self.height,
            margins: .init(left: 60, right: Self.legendWidth, top: 76, bottom: 56),
            x: .init("FLOP per byte of weights, inputs and outputs", 0.5...200, spacing: .logarithmic),
            y: .init("GFLOP/s", 5...500, spacing: .logarithmic))
        canvas.text(title, at: (12, 28), "label")
        frame.draw(on: &canvas)
        drawRoof(frame, &canvas)
        for point in points {
            let number = series.firstIndex(of: point.series) ?? 0
            canvas.color(number + 1) {
                $0.marker(
                    number, at: frame.point(point.intensity, point.gflops), radius: 4, "dot",
                    title: point.name)
            }
        }
        drawLegend(frame, &canvas)
        return canvas.document(title: title)
    }

    private func drawRoof(_ frame: PlotFrame, _ canvas: inout SVGCanvas) {
        let ridge = peakGflops / gigabytesPerSecond
        let start = max(frame.x.domain.lowerBound, frame.y.domain.lowerBound / gigabytesPerSecond)
        let end = frame.x.domain.upperBound
        canvas.line(
            frame.point(start, start * gigabytesPerSecond), frame.point(ridge, peakGflops), "roof")
        canvas.line(frame.point(ridge, peakGflops), frame.point(end, peakGflops), "roof")
    }

    private func drawLegend(_ frame: PlotFrame, _ canvas: inout SVGCanvas) {
        for (number, name) in series.enumerated() {
            let place = (x: frame.right + 22, y: frame.top + 20 * Double(number))
            canvas.color(number + 1) { $0.marker(number, at: place, radius: 4, "dot") }
            canvas.text(name, at: (place.x + 12, place.y + 4))
        }
    }
}
