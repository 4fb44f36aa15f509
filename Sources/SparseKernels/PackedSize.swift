import Transformers

/// What a layer's weights take in memory once packed.
public enum PackedSize {
    /// Bytes of a layer at a level: 4 for a weight that is kept, and 2 for a unit that is. The few offsets
    /// for each row, and what fills up bundles, are left out.
    public static func bytes(_ shape: LayerShape, _ level: Level) -> Int {
        let kept = Double(shape.weightCount) * (1 - level.sparsity)
        guard let unit = level.pattern.unit else { return shape.weightCount * 4 }
        return Int(kept * (4 + 2 / Double(unit.count)))
    }
}
