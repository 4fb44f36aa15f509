import Levels
import Tensors
import Transformers

/// 32-bit weights: dense, or kept units of rows × columns with their places.
public struct FloatFormat: LevelFormat {
    /// Makes the format.
    public init() {}

    /// Patterns that have kernels of their own, or run on those of single weights.
    public static let patterns: [Pattern] = [
        .unstructured, .rowBlock4, .rowBlock6, .rowBlock8, .rowBlock16, .block4, .twoOfFour,
    ]

    /// What messages call it.
    public var name: String { "float32 with any unit of weights, or N:M" }

    /// Every pattern of weights in float32.
    public func makes(_ level: Level) -> Bool {
        level.precision == .float32 && !level.pattern.isStructured
    }

    /// On the kernel of the largest unit that tiles the level's.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        guard let unit = level.pattern.unit else {
            return DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
        }
        return SparseLinear(weight: weight, bias: bias, unit: unit, instructionSet: instructionSet)
    }

    /// 4 for each weight of a kept unit, and 2 for the unit.
    public func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int {
        guard let unit = level.pattern.unit else { return rows * columns * 4 }
        let units = (rows + unit.rows - 1) / unit.rows * ((columns + unit.columns - 1) / unit.columns)
        return SparseLinear.weightBytes(
            keptUnits: units - Int((Double(units) * level.sparsity).rounded()), of: unit)
    }

    /// Colors and marks of their own for the patterns that have kernels of their own.
    public func glyph(_ level: Level) -> LevelGlyph {
        let code = level.pattern.description.replacing("x", with: "×")
        func glyph(_ color: Int, _ hatch: LevelGlyph.Hatch, _ legend: String) -> LevelGlyph {
            LevelGlyph(code: code, legend: "\(code): \(legend)", color: color, hatch: hatch)
        }
        switch level.pattern {
        case .dense: return glyph(8, .plain, "not pruned")
        case .unstructured:
            return LevelGlyph(
                code: "unstr.", legend: "unstructured: zeros anywhere", color: 1, hatch: .points)
        case .rowBlock2: return glyph(3, .bars(width: 1.5, period: 3.5), "two rows share each kept column")
        case .rowBlock4: return glyph(2, .bars(width: 1.8, period: 4), "four rows share each kept column")
        case .rowBlock6: return glyph(7, .bars(width: 2.2, period: 5), "six rows share each kept column")
        case .rowBlock8: return glyph(5, .bars(width: 1.2, period: 3), "eight rows share each kept column")
        case .rowBlock16: return glyph(6, .bars(width: 3, period: 6), "sixteen rows share each kept column")
        case .block4: return glyph(3, .squares(side: 3), "blocks kept or dropped whole")
        case .kept(let count, let of): return glyph(4, .strokes, "\(count) of every \(of) kept")
        case .units(let unit):
            return glyph(
                5, .squares(side: 2), "units of \(unit.rows) rows and \(unit.columns) columns")
        case .heads, .neurons, .block, .sublayer: return glyph(8, .plain, "removed")
        }
    }
}
