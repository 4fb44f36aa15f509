import Agents
import Report
import Search

/// The best reward so far over what was spent, the mean over seeds, for the searchers of each cell.
struct BestSoFarChart {
    let cells: [StudyCell]

    private static let width = 760.0
    private static let height = 330.0
    private static let legendWidth = 170.0
    /// Places along the axis at which curves have a point.
    private static let steps = 100

    private struct Curve {
        let agent: String
        /// Which color and marker it has, the same in every cell.
        let style: Int
        /// Pairs of spent evaluations and reward.
        let points: [(spent: Double, reward: Double)]
    }

    var svg: String {
        get throws {
            var canvas = SVGCanvas(width: Self.width, height: Self.height * Double(cells.count))
            for (number, cell) in cells.enumerated() {
                try draw(cell, offset: Self.height * Double(number), &canvas)
            }
            return canvas.document(title: "Best reward so far over what was spent")
        }
    }

    private func draw(_ cell: StudyCell, offset: Double, _ canvas: inout SVGCanvas) throws {
        let curves = try AgentRegistry.standard.names.enumerated()
            .filter { cell.agents.contains($0.element) }
            .compactMap { try curve($0.element, style: $0.offset, cell) }
            .sorted { $0.points.last?.reward ?? 0 > $1.points.last?.reward ?? 0 }
        let rewards = curves.flatMap { $0.points.map(\.reward) }
        guard let least = rewards.min(), let most = rewards.max(), least < most else { return }
        // What is far below the ends of all curves would press them together.
        let ends = curves.compactMap { $0.points.last?.reward }
        let floor = max(least, (ends.min() ?? least) - 0.5 * (most - (ends.min() ?? least)))
        let margin = 0.04 * (most - floor)
        let frame = PlotFrame(
            width: Self.width, height: Self.height, offset: offset,
            margins: .init(left: 60, right: Self.legendWidth, top: 60, bottom: 54),
            x: .init("spent, in evaluations; preparation included", 0...Double(cell.budget), ticks: 8),
            y: .init("best reward so far", floor - margin...most + margin, ticks: 5))
        canvas.text(cell.title, at: (12, offset + 26), "label")
        frame.draw(on: &canvas)
        for (number, curve) in curves.enumerated() {
            canvas.color(curve.style % 8 + 1) { canvas in
                let visible = curve.points.filter { frame.y.domain.contains($0.reward) }
                canvas.path(visible.map { frame.point($0.spent, $0.reward) }, "frontier")
                if let end = visible.last {
                    canvas.marker(
                        curve.style, at: frame.point(end.spent, end.reward), radius: 4, "dot", fill: 1)
                }
                let place = (x: frame.right + 24, y: frame.top + 18 * Double(number))
                canvas.marker(curve.style, at: place, radius: 4, "dot", fill: 1)
                canvas.text(curve.agent, at: (place.x + 12, place.y + 4))
            }
        }
    }

    private func curve(_ agent: String, style: Int, _ cell: StudyCell) throws -> Curve? {
        var traces: [[(spent: Double, reward: Double)]] = []
        for search in cell.searches(of: agent) where try search.summary() != nil {
            guard let costs = try search.files.storedCosts(), let trace = try search.files.trace() else {
                continue
            }
            let unit = Double(costs.accounting.tokensPerEvaluation)
            traces.append(trace.rows.map { (Double($0.tokenPasses) / unit, $0.terms.reward) })
        }
        guard !traces.isEmpty else { return nil }
        let points = (0...Self.steps).compactMap { step -> (Double, Double)? in
            let spent = Double(cell.budget * step) / Double(Self.steps)
            let bests = traces.compactMap { $0.prefix { $0.spent <= spent }.map(\.reward).max() }
            // A mean is of all seeds or of none.
            guard bests.count == traces.count else { return nil }
            return (spent, bests.mean)
        }
        return Curve(agent: agent, style: style, points: points.map { (spent: $0.0, reward: $0.1) })
    }
}
