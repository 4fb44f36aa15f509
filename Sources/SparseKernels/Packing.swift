import Tensors
import Transformers

/// Packs weights in the format that runs them fastest.
public enum Packing {
    /// Packs a weight at a level that was measured.
    public static func pack(
        weight: Matrix, bias: [Float], pattern: Pattern, instructionSet: InstructionSet = .best
    ) -> any LinearOperator {
        guard let unit = pattern.unit else {
            return DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
        }
        return SparseLinear(weight: weight, bias: bias, unit: unit, instructionSet: instructionSet)
    }

    /// Packs a weight for what is to be fast: many tokens at once, or one after the other.
    public static func pack(weight: Matrix, bias: [Float], pattern: Pattern, for phase: Workload.Phase)
        -> any LinearOperator
    {
        let wide = pack(weight: weight, bias: bias, pattern: pattern)
        return phase == .prefill ? wide : EightBitLinear(weight: weight, bias: bias, wide: wide)
    }

    /// The pattern that a weight's zeros follow: the largest unit of which as many are zero as there are
    /// zeros, but for one weight in a hundred; dense below the sparsity from which the format pays on
    /// both AVX2 and AVX-512.
    public static func pattern(of weight: Matrix) -> Pattern {
        let sparsity = weight.sparsity
        for pattern in [Pattern.rowBlock16, .block4, .rowBlock8, .rowBlock6, .rowBlock4] {
            guard sparsity >= 0.2, let unit = pattern.unit else { continue }
            let (all, kept) = weight.units(unit)
            if Double(all - kept) / Double(all) >= sparsity - 0.01 { return pattern }
        }
        return sparsity >= 0.5 ? .unstructured : .dense
    }
}
