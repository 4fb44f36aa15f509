import Foundation
import Levels
import ModelFiles
import Runs
import SparseKernels

/// A configuration list of NNI 3's pruners, as JSON: an entry for all layers of a level.
///
/// NNI has no 2:4; such layers get half of their weights pruned anywhere.
enum NNIExport: Exporter {
    static let output = OutputPath.Kind.file

    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 && level.pattern != .twoOfFour && !level.isNarrow
    }

    private struct Entry: Encodable {
        let op_names: [String]
        let target_names = ["weight"]
        let target_settings: [String: Setting]
    }

    private struct Setting: Encodable {
        let sparse_ratio: Double
        /// The units that are pruned, [output rows, input columns]; nil for single weights.
        let granularity: [Int]?
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        try AtomicFile.write(try json(run.policy), to: output)
    }

    static func json(_ policy: Policy) throws -> Data {
        let entries = policy.layersByLevel.map { level, layers in
            let unit = level.pattern.unit.flatMap { $0.count > 1 ? [$0.rows, $0.columns] : nil }
            let setting = Setting(sparse_ratio: level.sparsity, granularity: unit)
            return Entry(op_names: layers, target_settings: ["weight": setting])
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(entries)
    }
}
