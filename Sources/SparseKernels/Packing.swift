import Tensors
import Transformers

/// Packs weights in the format that runs them fastest.
public enum Packing {
    /// Packs a weight at a level that was measured.
    public static func pack(weight: Matrix, bias: [Float], pattern: Pattern) -> any LinearOperator {
        switch pattern {
        case .dense: DenseLinear(weight: weight, bias: bias)
        case .unstructured: UnstructuredLinear(weight: weight, bias: bias)
        case .rowBlock4: RowBlockLinear(weight: weight, bias: bias)
        }
    }

    /// Packs a weight for what is to be fast: many tokens at once, or one after the other.
    public static func pack(weight: Matrix, bias: [Float], pattern: Pattern, for phase: Workload.Phase)
        -> any LinearOperator
    {
        let wide = pack(weight: weight, bias: bias, pattern: pattern)
        return phase == .prefill ? wide : EightBitLinear(weight: weight, bias: bias, wide: wide)
    }

    /// The pattern that a weight's zeros follow: `4x1` when rows of each group of four are zero in the
    /// same columns, but for one weight in a hundred; dense below the sparsity from which the format
    /// pays on both AVX2 and AVX-512.
    public static func pattern(of weight: Matrix) -> Pattern {
        let groupSparsity = fractionOfZeroGroups(weight)
        let sparsity = weight.sparsity
        if groupSparsity >= 0.2, groupSparsity >= sparsity - 0.01 { return .rowBlock4 }
        return sparsity >= 0.5 ? .unstructured : .dense
    }

    private static func fractionOfZeroGroups(_ weight: Matrix) -> Double {
        guard weight.rows > 0, weight.columns > 0 else { return 0 }
        let group = RowBlockLinear.groupRows
        let groups = (weight.rows + group - 1) / group
        var zero = 0
        weight.elements.withUnsafeBufferPointer { elements in
            for first in stride(from: 0, to: weight.rows, by: group) {
                let rows = first..<min(first + group, weight.rows)
                for column in 0..<weight.columns
                where rows.allSatisfy({ elements[$0 * weight.columns + column] == 0 }) {
                    zero += 1
                }
            }
        }
        return Double(zero) / Double(groups * weight.columns)
    }
}
