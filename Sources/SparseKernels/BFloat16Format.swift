import Foundation
import Levels
import ModelFiles
import Tensors
import Transformers

/// Dense weights and activations in bfloat16.
///
/// Passes of several tokens run on ``BFloat16Linear``. One token at a time has no such kernels: there the weights
/// are rounded to bfloat16 and computed with as floats, which take up as much as floats do.
///
/// Weights are rounded to the nearest when they are packed, so that a level database needs none of their own.
public struct BFloat16Format: LevelFormat {
    /// Makes the format.
    public init() {}

    /// What messages call it.
    public var name: String { "bfloat16 without zeros" }

    /// Dense weights in bfloat16.
    public func makes(_ level: Level) -> Bool {
        level.precision == .bfloat16 && level.keepsAll
    }

    /// By what is to be fast.
    public func pack(
        _ level: Level, weight: Matrix, bias: [Float], for phase: Workload.Phase,
        on instructionSet: InstructionSet
    ) -> any LinearOperator {
        switch phase {
        case .prefill: BFloat16Linear(weight: weight, bias: bias, instructionSet: instructionSet)
        case .decode:
            DenseLinear(weight: BFloat16.nearest(to: weight), bias: bias, instructionSet: instructionSet)
        }
    }

    /// 2 for each weight; 4 in decoding.
    public func sizeBytes(_ level: Level, rows: Int, columns: Int, for phase: Workload.Phase) -> Int {
        rows * columns * (phase == .prefill ? 2 : 4)
    }

    /// BF16.
    public func tensors(_ level: Level, name: String, weight: Matrix) -> [SafetensorsTensor] {
        [
            SafetensorsTensor(
                name: name, shape: [weight.rows, weight.columns], elementType: .bf16,
                bytes: BFloat16.bits(of: weight.elements).withUnsafeBytes { Data($0) })
        ]
    }

    /// As dense in float32, with the precision.
    public func glyph(_ level: Level) -> LevelGlyph {
        LevelGlyph(code: "dense bf16", legend: "not pruned, bfloat16", color: 8, hatch: .plain)
    }
}
