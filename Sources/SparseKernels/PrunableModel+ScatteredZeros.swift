import Tensors
import Transformers

extension PrunableModel {
    /// The model with every prunable layer packed at a level, zeros placed at random: as fast as one pruned
    /// to that level, and of no other use.
    ///
    /// - Parameter phase: what is to be fast.
    public func withScatteredZeros(_ level: Level, for phase: Workload.Phase = .prefill) throws -> Self {
        if level == .dense, phase == .prefill { return self }
        var random = CounterBasedRandom(seed: 1)
        var operators: [String: any LinearOperator] = [:]
        for shape in layerShapes {
            var weight = try weight(of: shape.name)
            weight.scatterZeros(level, using: &random)
            operators[shape.name] = SparseKernels.Packing.pack(
                weight: weight, bias: bias(of: shape.name), pattern: level.pattern, for: phase)
        }
        return replacing(operators)
    }
}
