import Transformers

/// What a layer's weights take in memory once packed.
public enum PackedSize {
    /// Bytes of a layer at a level: 4 for a dense weight; 6 for an unstructured one that is kept; 18 for
    /// four that share a column. The few offsets for each row are left out.
    public static func bytes(_ shape: LayerShape, _ level: Level) -> Int {
        let kept = Double(shape.weightCount) * (1 - level.sparsity)
        switch level.pattern {
        case .dense: return shape.weightCount * 4
        case .unstructured: return Int(kept * 6)
        case .rowBlock4: return Int(kept * 4.5)
        }
    }
}
