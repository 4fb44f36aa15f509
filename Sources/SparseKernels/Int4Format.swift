import Levels
import ModelFiles
import Tensors
import Transformers

/// Dense weights in whole numbers of 4 bits, activations in 8, for one token and for several: ``Int4Linear``.
public struct Int4Format: LevelFormat {
    /// Makes the format.
    public init() {}

    /// What messages call it.
    public var name: String { "int4 without zeros" }

    /// int4, and no pattern.
    public func makes(_ level: Level) -> Bool { level.precision == .int4 && level.keepsAll }

    /// As it is, whatever is to be fast.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        Int4Linear(NibbleRows(weight), bias: bias, instructionSet: instructionSet)
    }

    /// Half a byte for a weight, and what its group and its row take.
    public func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int {
        Int4Linear.weightBytes(rows: rows, columns: columns)
    }

    /// Groups of 32 columns.
    public func grid(of level: Level, for phase: Workload.Phase) -> WeightGrid? { .int4 }

    /// In 4 bits.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        let nibbles = NibbleRows(weight)
        return SafetensorsTensor.nibbles(
            name, packed: nibbles.packed, multipliers: nibbles.multipliers, scales: nibbles.scales,
            columns: weight.columns)
    }

    /// Gray as what is not pruned.
    public func glyph(_ level: Level) -> LevelGlyph {
        LevelGlyph(code: "int4", legend: "int4: not pruned, 4 bits", color: 8, hatch: .points)
    }
}
