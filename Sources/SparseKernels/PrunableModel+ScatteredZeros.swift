import Levels
import Tensors
import Transformers

extension PrunableModel {
    /// The model with every prunable layer packed at a level, zeros placed at random and the first heads and neurons
    /// left: as fast as one pruned to that level, and of no other use.
    ///
    /// - Parameter phase: what is to be fast. Default: ``PrunableModel/usualPhase``.
    /// - Throws: `Issue` when no format makes the level.
    public func withScatteredZeros(
        _ level: Level, for phase: Workload.Phase = Self.usualPhase, formats: LevelFormats = .standard
    ) throws -> Self {
        if level == .dense { return self }
        guard Self.supportsStructure || !level.isNarrow else {
            throw Issue(
                .unsupported, .other("level '\(level)'"), found: "of a language model",
                allowed: "of an encoder")
        }
        var random = CounterBasedRandom(seed: 1)
        var operators: [String: any LinearOperator] = [:]
        for shape in layerShapes {
            let left = shape.narrowed(to: level.width)
            var weight = try weight(of: shape.name)
            if level.isNarrow {
                weight = weight.selectingRows(Array(0..<left.rows)).selectingColumns(Array(0..<left.cols))
            }
            weight.scatterZeros(level, using: &random)
            operators[shape.name] = try formats.pack(
                level, weight: weight, bias: Array(bias(of: shape.name).prefix(left.rows)), for: phase)
        }
        return replacing(operators)
    }
}
