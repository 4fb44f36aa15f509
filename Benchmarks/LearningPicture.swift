import Agents
import ArgumentParser
import Foundation
import Levels
import Report
import Runs
import Search
import SparseKernels

/// Draws how the agent of a finished search learned.
struct LearningPicture: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "learning",
        abstract:
            "Draw how a search's agent learned: rewards, what it expected, and how undecided its policy was.")

    @Argument(help: "The folder of a run.")
    var folder: String

    @Option(help: "The SVG file to write.")
    var output = "docs/learning.svg"

    func run() throws {
        guard let rows = try RunFiles(folder: folder).trace()?.rows, rows.count > 1 else {
            throw Issue(.missing, .path(folder), found: "no trace of two policies or more")
        }
        try LearningHistory(rows: rows).svg.write(toFile: output, atomically: true, encoding: .utf8)
        let best = rows.map(\.terms.reward).max() ?? .nan
        print("\(rows.count) policies, best reward " + String(format: "%.4f", best))
    }
}

/// Two charts, one above the other, over the policies in the order of their evaluation.
private struct LearningHistory {
    let rows: [TraceRow]

    private static let width = 760.0
    private static let rewardHeight = 300.0
    private static let entropyHeight = 200.0

    var svg: String {
        var canvas = SVGCanvas(width: Self.width, height: Self.rewardHeight + Self.entropyHeight)
        drawRewards(&canvas)
        drawEntropy(&canvas)
        return canvas.document(title: "How the agent learned")
    }

    private func frame(_ label: String, _ values: [Double], offset: Double, height: Double) -> PlotFrame {
        PlotFrame(
            width: Self.width, height: height, offset: offset,
            margins: .init(left: 60, right: 150, top: 44, bottom: 54),
            x: .init("evaluated policies", 0...Double(rows.count), ticks: 8),
            y: .init(label, Scale.around(values), ticks: 4))
    }

    private func places(_ values: [Double], _ frame: PlotFrame) -> [SVGCanvas.Point] {
        zip(rows, values).filter { $1.isFinite && frame.y.domain.contains($1) }
            .map { frame.point(Double($0.evaluation), $1) }
    }

    private func drawRewards(_ canvas: inout SVGCanvas) {
        let rewards = rows.map(\.terms.reward)
        // A few wild tries would press all others together.
        let floor = Percentiles(rewards)[5]
        let frame = frame(
            "reward", rewards.filter { $0 >= floor }, offset: 0, height: Self.rewardHeight)
        frame.draw(on: &canvas)
        var best = -Double.infinity
        let bests = rewards.map { reward in
            best = max(best, reward)
            return best
        }
        canvas.path(places(rows.map(\.baseline), frame), "expected")
        canvas.color(1) { canvas in
            for place in places(rewards, frame) {
                canvas.marker(0, at: place, radius: 2.4, "dot", fill: 0.35)
            }
            canvas.path(places(bests, frame), "frontier")
        }
        legend(["dots: one policy each", "line: best so far", "dashed: expected"], frame, &canvas)
    }

    private func drawEntropy(_ canvas: inout SVGCanvas) {
        let entropies = rows.map(\.learning.entropy)
        let frame = frame(
            "entropy of the policy at a layer, nats", entropies, offset: Self.rewardHeight,
            height: Self.entropyHeight)
        frame.draw(on: &canvas)
        canvas.color(2) { $0.path(places(entropies, frame), "frontier") }
        legend(["high: undecided", "low: decided"], frame, &canvas)
    }

    private func legend(_ lines: [String], _ frame: PlotFrame, _ canvas: inout SVGCanvas) {
        for (number, line) in lines.enumerated() {
            canvas.text(line, at: (frame.right + 12, frame.top + 6 + 20 * Double(number)))
        }
    }
}
