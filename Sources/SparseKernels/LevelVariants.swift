import Levels
import Tensors
import Transformers

/// A model packed once at every level, every layer alike, from which any policy's model is put together.
///
/// For measuring only: which weights are zero does not matter to a kernel, so zeros are placed at random.
public struct LevelVariants<Model: PrunableModel> {
    public let levels: LevelSet
    /// The model with all layers at each level.
    public let models: [Model]
    /// The dense model.
    public let dense: Model
    private let operators: [[String: any LinearOperator]]

    /// Packs a dense model at every level.
    ///
    /// - Parameters:
    ///   - phase: what is to be fast.
    ///   - progress: is told the fraction done.
    /// - Throws: `Issue` for a level that no format makes.
    public init(
        of dense: Model, levels: LevelSet, for phase: Workload.Phase = .prefill,
        formats: LevelFormats = .standard, progress: (Double) -> Void = { _ in }
    ) throws {
        self.dense = dense
        self.levels = levels
        models = try levels.enumerated().map { index, level in
            progress(Double(index) / Double(levels.count))
            return try dense.withScatteredZeros(level, for: phase, formats: formats)
        }
        operators = models.map(\.operators)
    }

    /// The model in which each layer is at the level of a policy.
    public func model(_ actions: [Int]) -> Model {
        precondition(actions.count == dense.layerShapes.count)
        var mixed: [String: any LinearOperator] = [:]
        for (shape, level) in zip(dense.layerShapes, actions) {
            mixed[shape.name] = operators[level][shape.name]
        }
        return dense.replacing(mixed)
    }

    /// A random policy around a sparsity that differs from policy to policy, so that policies spread over
    /// the whole range of latencies.
    ///
    /// The mean sparsity is uniform in [0, 1); each sublayer takes a random width, and each layer a random level of it
    /// within 0.25 of that sparsity.
    public func randomPolicy(using random: inout CounterBasedRandom) -> [Int] {
        let (mean, widths) = (random.nextUniform(), levels.widths)
        return dense.layerShapes.sublayers.flatMap { sublayer in
            let width = widths.count > 1 ? widths.randomElement(using: &random) : widths.first
            let own = levels.indices.filter { levels[$0].width == width }
            let near = own.filter { abs(levels[$0].sparsity - mean) <= 0.25 }
            return sublayer.map { _ in (near.isEmpty ? own : near).randomElement(using: &random) ?? own[0] }
        }
    }
}
