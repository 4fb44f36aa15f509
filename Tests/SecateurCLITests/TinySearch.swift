import Agents
import Foundation
import Levels
import Runs
import TinyModels

@testable import SparseKernels

/// A search that takes a second or two, as tests start it.
enum TinySearch {
    /// Whether a number of policies is what a budget leaves for them after calibration, sensitivities and
    /// effects.
    static func spends(_ evaluations: Any?, of budget: Int) -> Bool {
        guard let evaluations = evaluations as? Int else { return false }
        return (budget * 2 / 3..<budget).contains(evaluations)
    }

    /// A folder with a model, a text and a latency table.
    ///
    /// - Parameter narrow: levels of narrow sublayers that the table has.
    static func prepared(narrow: [Level] = []) throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(400, to: tool.file("text.txt"), seed: 2)
        try table(narrow).write(to: tool.file("latency.h5"))
        return tool
    }

    /// Latencies that do not depend on what else the machine does, so that 0.8 of dense can always be
    /// reached.
    private static func table(_ narrow: [Level]) -> LatencyTable {
        var entries: [LatencyTable.Key: LatencyTable.Entry] = [:]
        for (rows, cols) in [(32, 32), (64, 32), (32, 64)] {
            for level in LevelSet.standard.levels + narrow {
                let weight: Double
                switch level.pattern {
                case .dense: weight = 1
                case .unstructured: weight = 0.2 + 1.4 * (1 - level.sparsity)
                default: weight = 0.1 + 1.2 * (1 - level.sparsity)
                }
                let ms = Double(rows * cols) * 2e-6 * weight * level.width
                entries[.init(rows: rows, cols: cols, level: level)] = .init([ms])
            }
        }
        return LatencyTable(
            fingerprint: .current, tokens: 32, threads: 1, entries: entries,
            fit: LatencyFit(overheadMs: 0.005, scale: 1, medianError: 0), dense: .init([0.04]))
    }

    /// The arguments of a search into a folder; later ones go before.
    static func arguments(_ tool: CommandLineTool, _ run: String, _ more: [String] = []) -> [String] {
        [
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--target-latency", "0.8", "--tokens", "32", "--threads", "1", "--latency-table",
            tool.file("latency.h5"), "--recover", "none", "--output", tool.file(run),
        ] + more
    }

    /// A row of a trace without its wall-clock time.
    struct Row: Equatable {
        let actions: [Int]
        let reward: UInt64
    }

    /// The rows of a finished run.
    static func rows(_ run: String) throws -> [Row] {
        try TraceFile.read(path: "\(run)/trace.h5").1.map {
            Row(actions: $0.actions, reward: $0.terms.reward.bitPattern)
        }
    }
}
