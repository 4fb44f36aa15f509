import Levels
import Tensors

extension Level {
    /// The level that a weight's zeros follow, in a precision: removed where there is nothing else; else the largest unit of which as many are zero as
    /// there are zeros, but for one weight in a hundred; dense below the sparsity from which the format pays
    /// on both AVX2 and AVX-512.
    public init(ofZerosIn weight: Matrix, precision: Precision = .float32) {
        guard weight.elements.contains(where: { $0 != 0 }) else {
            self = .removed
            return
        }
        let pattern = precision == .float32 ? Self.pattern(of: weight) : Self.blocks(of: weight)
        self.init(
            pattern: pattern, sparsity: pattern == .dense ? 0 : min(weight.sparsity, 1.0.nextDown),
            precision: precision)
    }

    /// Rounding makes zeros of its own: those that rows share tell what was pruned.
    private static func blocks(of weight: Matrix) -> Pattern {
        func sparsity(_ pattern: Pattern) -> Double {
            guard let unit = pattern.unit else { return 0 }
            let (all, kept) = weight.units(unit)
            return Double(all - kept) / Double(all)
        }
        let least = sparsity(.rowBlock4)
        guard least >= 0.1 else { return weight.sparsity >= 0.5 ? .unstructured : .dense }
        return [Pattern.rowBlock16, .rowBlock8].first { sparsity($0) >= least - 0.02 } ?? .rowBlock4
    }

    private static func pattern(of weight: Matrix) -> Pattern {
        let sparsity = weight.sparsity
        for pattern in [Pattern.rowBlock16, .block4, .rowBlock8, .rowBlock6, .rowBlock4] {
            guard sparsity >= 0.2, let unit = pattern.unit else { continue }
            let (all, kept) = weight.units(unit)
            if Double(all - kept) / Double(all) >= sparsity - 0.01 { return pattern }
        }
        return sparsity >= 0.5 ? .unstructured : .dense
    }
}
