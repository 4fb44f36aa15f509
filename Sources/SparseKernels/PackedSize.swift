import Tensors
import Transformers

/// What a layer's weights take in memory once packed: the one count of rewards, summaries and benchmarks.
///
/// It is the same on every CPU, and within one unit of what a layer that was pruned to the level has: what fills up bundles and the few offsets of each row, which differ by kernel, are
/// left out; biases count among everything that no level changes.
public enum PackedSize {
    /// Bytes of a layer at a level. What is packed for decoding has an 8-bit copy.
    public static func bytes(_ shape: LayerShape, _ level: Level, for phase: Workload.Phase) -> Int {
        let count = shape.rows * shape.cols
        let wide =
            level.pattern.unit.map { unit in
                let units =
                    (shape.rows + unit.rows - 1) / unit.rows * ((shape.cols + unit.columns - 1) / unit.columns)
                return bytes(keptUnits: units - Int((Double(units) * level.sparsity).rounded()), of: unit)
            } ?? 4 * count
        guard phase == .decode else { return wide }
        return wide + eightBit(rows: shape.rows, columns: shape.cols, sparsity: level.sparsity)
    }

    /// 4 for each weight of a kept unit, and 2 for the unit.
    static func bytes(keptUnits: Int, of unit: UnitShape) -> Int {
        keptUnits * (4 * unit.count + 2)
    }

    /// 1 for each weight that is stored and a scale of 2 for every group, and a bit for every weight where zeros are
    /// left out.
    static func eightBit(rows: Int, columns: Int, sparsity: Double) -> Int {
        let scales = 2 * rows * QuantizedVector.groups(of: columns)
        guard sparsity >= EightBitLinear.leastSparsity else { return rows * columns + scales }
        return Int(Double(rows * columns) * (1 - sparsity)) + rows * columns / 8 + scales
    }
}
