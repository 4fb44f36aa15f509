import Levels
import Tensors
import Transformers

extension PrunableModel {
    /// The model with every prunable layer packed at a level, zeros placed at random: as fast as one pruned
    /// to that level, and of no other use.
    ///
    /// - Parameter phase: what is to be fast. Default: ``PrunableModel/usualPhase``.
    /// - Throws: `Issue` when no format makes the level.
    public func withScatteredZeros(
        _ level: Level, for phase: Workload.Phase = Self.usualPhase, formats: LevelFormats = .standard
    ) throws -> Self {
        if level == .dense { return self }
        let format = try formats.format(of: level)
        var random = CounterBasedRandom(seed: 1)
        var operators: [String: any LinearOperator] = [:]
        for shape in layerShapes {
            var weight = try weight(of: shape.name)
            weight.scatterZeros(level, using: &random)
            operators[shape.name] = format.pack(
                level, weight: weight, bias: bias(of: shape.name), for: phase, on: .best)
        }
        return replacing(operators)
    }
}
