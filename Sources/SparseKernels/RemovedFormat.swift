import Levels
import ModelFiles
import Tensors
import Transformers

/// Layers of sublayers that were removed: no weights are left.
public struct RemovedFormat: LevelFormat {
    /// Makes the format.
    public init() {}

    /// What messages call it.
    public var name: String { "removed sublayers" }

    /// ``Level/removed``.
    public func makes(_ level: Level) -> Bool { level == .removed }

    /// As a layer that gives its bias; a weight that is not zero is kept as it is.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        guard weight.elements.allSatisfy({ $0 == 0 }) else {
            return DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
        }
        return ConstantLinear(columns: weight.columns, bias: bias)
    }

    /// 0
    public func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int { 0 }

    /// In whole numbers of which no column is kept; a weight that is not zero, in 32-bit floating point.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        guard weight.elements.allSatisfy({ $0 == 0 }) else {
            return FloatFormat().tensors(level, name: name, weight: weight)
        }
        return SafetensorsTensor.integers(
            name, kept: [Int8](repeating: 0, count: weight.elements.count),
            scales: [Float](repeating: 1, count: weight.rows), unitRows: max(weight.rows, 1))
    }

    /// An empty cell.
    public func glyph(_ level: Level) -> LevelGlyph {
        LevelGlyph(
            code: "removed", legend: "removed with its sublayer", color: 4, hatch: .bars(width: 1, period: 2))
    }
}
