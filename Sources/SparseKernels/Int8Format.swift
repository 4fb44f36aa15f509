import Levels
import ModelFiles
import Tensors
import Transformers

/// Weights and activations in whole numbers of 8 bits.
///
/// Passes of several tokens: dense, or blocks of 1, 2, 4, 8 or 16 rows that share each kept column. Passes of
/// one token: any pattern of weights, as ``EightBitLinear``.
public struct Int8Format: LevelFormat {
    private let wide = FloatFormat()

    /// Makes the format.
    public init() {}

    /// What messages call it.
    public var name: String { "int8 with any unit of weights, or N:M" }

    /// Every pattern of weights in int8.
    public func makes(_ level: Level) -> Bool {
        level.precision == .int8 && wide.makes(level.with(.float32))
    }

    /// How many rows of a level share a kept column on the kernels of several tokens; nil for dense ones, which
    /// are faster where single rows keep half of their weights or more.
    private func groupRows(_ level: Level) -> Int? {
        guard let unit = level.pattern.unit, unit.columns == 1, level.pattern.kept == nil else { return nil }
        let rows = [16, 8, 4, 2].first { unit.rows % $0 == 0 }
        return rows ?? (level.sparsity > Self.leastSparsityOfSingleRows ? 1 : nil)
    }

    /// Where the kernel of single rows overtakes the dense one (`scripts/bench-int8.sh`, Zen 4).
    private static let leastSparsityOfSingleRows = 0.52

    /// The weights of several tokens are rounded as a whole; those of one token in groups, when packed.
    public func grid(of level: Level, for phase: Workload.Phase) -> WeightGrid? {
        phase == .prefill ? .int8 : nil
    }

    /// By what is to be fast.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        switch phase {
        case .prefill:
            Int8Linear(
                weight: weight, bias: bias, groupRows: groupRows(level), instructionSet: instructionSet)
        case .decode:
            EightBitLinear(
                weight: weight, bias: bias,
                wide: wide.pack(
                    level.with(.float32), weight: weight, bias: bias, for: phase, on: instructionSet),
                instructionSet: instructionSet)
        }
    }

    /// A byte for a kept weight and what its place and its row take; in decoding also the 32-bit weights.
    public func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int {
        switch phase {
        case .prefill:
            let groupRows = groupRows(level)
            let groups = groupRows.map { (rows + $0 - 1) / $0 * columns } ?? 0
            return Int8Linear.weightBytes(
                rows: rows, columns: columns, groupRows: groupRows,
                keptUnits: groups - Int((Double(groups) * level.sparsity).rounded()))
        case .decode:
            return EightBitLinear.weightBytes(rows: rows, columns: columns, sparsity: level.sparsity)
                + wide.sizeBytes(level.with(.float32), rows: rows, columns: columns, for: phase)
        }
    }

    /// In 8 bits, without the columns that units of rows drop.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        let integers = IntegerRows(weight)
        guard let unit = level.pattern.unit else {
            return SafetensorsTensor.integers(name, integers.values, scales: integers.scales)
        }
        return SafetensorsTensor.integers(
            name, kept: integers.values, scales: integers.scales, unitRows: unit.rows)
    }

    /// As the pattern in float32, with the precision.
    public func glyph(_ level: Level) -> LevelGlyph {
        let glyph = wide.glyph(level.with(.float32))
        return LevelGlyph(
            code: "\(glyph.code) int8", legend: "\(glyph.legend), 8 bits", color: glyph.color,
            hatch: glyph.hatch)
    }
}
