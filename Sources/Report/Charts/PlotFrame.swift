/// The axes of a chart: grid, ticks and labels around the area where values are drawn.
public struct PlotFrame: Sendable {
    /// Room around the area.
    public struct Margins: Sendable {
        let left, right, top, bottom: Double

        /// Sets the room on each side.
        public init(left: Double, right: Double, top: Double, bottom: Double) {
            self.left = left
            self.right = right
            self.top = top
            self.bottom = bottom
        }
    }

    /// What an axis shows.
    public struct Axis: Sendable {
        let label: String
        let domain: ClosedRange<Double>
        let spacing: Scale.Spacing
        let ticks: Int

        /// Labels, with the unit, and the values shown.
        public init(
            _ label: String, _ domain: ClosedRange<Double>, spacing: Scale.Spacing = .linear, ticks: Int = 5
        ) {
            self.label = label
            self.domain = domain
            self.spacing = spacing
            self.ticks = ticks
        }
    }

    /// Positions across.
    public let x: Scale
    /// Positions up.
    public let y: Scale
    /// The area.
    public let left, right, top, bottom: Double
    private let axes: (x: Axis, y: Axis)

    /// Lays an area out in a picture, or in a band of it that starts at `offset` and is `height` high.
    public init(
        width: Double, height: Double, offset: Double = 0, margins: Margins, x: Axis, y: Axis
    ) {
        left = margins.left
        right = width - margins.right
        top = offset + margins.top
        bottom = offset + height - margins.bottom
        self.x = Scale(x.domain, from: left, to: right, spacing: x.spacing)
        self.y = Scale(y.domain, from: bottom, to: top, spacing: y.spacing)
        axes = (x, y)
    }

    /// The place of a pair of values.
    public func point(_ horizontal: Double, _ vertical: Double) -> SVGCanvas.Point {
        (x(horizontal), y(vertical))
    }

    /// Draws grid, ticks and labels.
    public func draw(on canvas: inout SVGCanvas) {
        for tick in y.ticks(axes.y.ticks) {
            canvas.line((left, y(tick)), (right, y(tick)), "grid")
            canvas.text(y.label(tick, axes.y.ticks), at: (left - 8, y(tick) + 4), anchor: .end)
        }
        canvas.line((left, bottom), (right, bottom), "axis")
        for tick in x.ticks(axes.x.ticks) {
            canvas.line((x(tick), bottom), (x(tick), bottom + 5), "axis")
            canvas.text(x.label(tick, axes.x.ticks), at: (x(tick), bottom + 19), anchor: .middle)
        }
        canvas.text(axes.y.label, at: (2, top - 14), "label")
        canvas.text(axes.x.label, at: (right, bottom + 38), "label", anchor: .end)
    }
}

/// A chart is drawn for a page's full width and for a phone's, and the page shows the one that fits.
enum ChartSize: CaseIterable {
    case wide
    case narrow

    var width: Double { self == .wide ? 720 : 340 }
    var isNarrow: Bool { self == .narrow }
    var name: String { self == .wide ? "wide" : "narrow" }
}
