import Tensors
import Transformers

extension BERT {
    /// The model with every prunable layer packed at a level, zeros placed at random: as fast as one pruned
    /// to that level, and of no other use.
    public func withScatteredZeros(_ level: Level) -> BERT {
        guard level != .dense else { return self }
        var random = CounterBasedRandom(seed: 1)
        var operators: [String: any LinearOperator] = [:]
        for shape in layerShapes {
            guard var weight = weights[shape.name], let bias = biases[shape.name] else { continue }
            weight.scatterZeros(level, using: &random)
            operators[shape.name] = SparseKernels.Packing.pack(
                weight: weight, bias: bias, pattern: level.pattern)
        }
        return replacing(operators)
    }
}
