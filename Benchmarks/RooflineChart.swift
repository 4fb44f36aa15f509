import Foundation

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
    private static let margin = (left: 70.0, right: 190.0, top: 50.0, bottom: 60.0)
    private static let colours = ["#1b6ca8", "#d1495b", "#2e933c", "#edae49", "#66507d", "#444444"]
    private static let intensities = (low: 0.5, high: 200.0)
    private static let rates = (low: 5.0, high: 500.0)

    private var series: [String] {
        points.reduce(into: []) { names, point in
            if !names.contains(point.series) { names.append(point.series) }
        }
    }

    /// The whole picture.
    var svg: String {
        let size = "width=\"\(Int(Self.width))\" height=\"\(Int(Self.height))\""
        let head =
            "<svg xmlns=\"http://www.w3.org/2000/svg\" \(size) font-family=\"sans-serif\" font-size=\"12\">"
        return
            ([head, "<rect width=\"100%\" height=\"100%\" fill=\"white\"/>", text(title, 20, 26, size: 14)]
            + axes + roof + marks + legend + ["</svg>"]).joined(separator: "\n") + "\n"
    }

    private func x(_ intensity: Double) -> Double {
        let inner = Self.width - Self.margin.left - Self.margin.right
        return Self.margin.left + inner * Self.fraction(intensity, Self.intensities)
    }

    private func y(_ rate: Double) -> Double {
        let inner = Self.height - Self.margin.top - Self.margin.bottom
        return Self.height - Self.margin.bottom - inner * Self.fraction(rate, Self.rates)
    }

    private static func fraction(_ value: Double, _ range: (low: Double, high: Double)) -> Double {
        log(value / range.low) / log(range.high / range.low)
    }

    private var axes: [String] {
        let bottom = y(Self.rates.low)
        let vertical = [0.5, 1, 2, 5, 10, 20, 50, 100, 200].flatMap { value in
            [
                line((x(value), bottom), (x(value), y(Self.rates.high)), "#e5e5e5"),
                text(String(format: "%g", value), x(value) - 6, bottom + 18),
            ]
        }
        let horizontal = [5.0, 10, 20, 50, 100, 200, 500].flatMap { value in
            [
                line((x(Self.intensities.low), y(value)), (x(Self.intensities.high), y(value)), "#e5e5e5"),
                text(String(format: "%g", value), Self.margin.left - 34, y(value) + 4),
            ]
        }
        return vertical + horizontal + [
            text("FLOP per byte of weights, inputs and outputs", Self.margin.left + 110, bottom + 42),
            text("GFLOP/s", 12, Self.margin.top - 4),
        ]
    }

    private var roof: [String] {
        let ridge = peakGflops / gigabytesPerSecond
        let start = max(Self.intensities.low, Self.rates.low / gigabytesPerSecond)
        return [
            line((x(start), y(start * gigabytesPerSecond)), (x(ridge), y(peakGflops)), "#000000"),
            line((x(ridge), y(peakGflops)), (x(Self.intensities.high), y(peakGflops)), "#000000"),
        ]
    }

    private var marks: [String] {
        points.map { point in
            let place = String(format: "cx=\"%.1f\" cy=\"%.1f\"", x(point.intensity), y(point.gflops))
            return
                "<circle \(place) r=\"4\" fill=\"\(colour(point.series))\"><title>\(point.name)</title></circle>"
        }
    }

    private var legend: [String] {
        series.enumerated().flatMap { number, name in
            let top = Self.margin.top + 20 * Double(number)
            let left = Self.width - Self.margin.right + 20
            return [
                String(
                    format: "<circle cx=\"%.0f\" cy=\"%.0f\" r=\"4\" fill=\"%@\"/>", left, top, colour(name)),
                text(name, left + 12, top + 4),
            ]
        }
    }

    private func colour(_ name: String) -> String {
        Self.colours[(series.firstIndex(of: name) ?? 0) % Self.colours.count]
    }

    private func line(_ from: (Double, Double), _ to: (Double, Double), _ colour: String) -> String {
        String(
            format: "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"%@\"/>", from.0, from.1,
            to.0, to.1, colour)
    }

    private func text(_ text: String, _ x: Double, _ y: Double, size: Int = 12) -> String {
        String(format: "<text x=\"%.0f\" y=\"%.0f\" font-size=\"%d\">%@</text>", x, y, size, text)
    }
}
