import Levels
import Tensors
import Transformers

/// 8-bit weights for passes of one token, and 32-bit ones for passes of several.
public struct EightBitFormat: LevelFormat {
    private let wide = FloatFormat()

    /// Makes the format.
    public init() {}

    /// What messages call it.
    public var name: String { "int8 with any unit of weights, or N:M" }

    /// Every pattern of weights in int8.
    public func makes(_ level: Level) -> Bool {
        level.precision == .int8 && wide.makes(level.with(.float32))
    }

    /// One token on 8-bit weights, several on the kernels of ``FloatFormat``.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        EightBitLinear(
            weight: weight, bias: bias,
            wide: wide.pack(
                level.with(.float32), weight: weight, bias: bias, for: phase, on: instructionSet),
            instructionSet: instructionSet)
    }

    /// What is fetched for one token, and the 32-bit weights.
    public func sizeBytes(_ level: Level, rows: Int, columns: Int) -> Int {
        EightBitLinear.weightBytes(rows: rows, columns: columns, sparsity: level.sparsity)
            + wide.sizeBytes(level.with(.float32), rows: rows, columns: columns)
    }

    /// As the pattern in float32, with the precision.
    public func glyph(_ level: Level) -> LevelGlyph {
        let glyph = wide.glyph(level.with(.float32))
        return LevelGlyph(
            code: "\(glyph.code) int8", legend: "\(glyph.legend), 8 bits", color: glyph.color,
            hatch: glyph.hatch)
    }
}
