import Levels
import SparseKernels
import Tensors
import Transformers

/// Prunes each layer to one level of its own: what a known policy needs, where a search needs them all.
public enum PolicyPruning {
    /// Prunes layers, shared out among the threads.
    ///
    /// Gives the weights, bit for bit, that a ``LevelDatabase`` of the same model, calibration and score
    /// holds at these levels.
    ///
    /// - Parameters:
    ///   - levels: one for each layer.
    ///   - weight: gives the dense weight of a layer by its name, asked for one layer after the other.
    ///   - covariance: gives that of a layer's inputs, asked for likewise; nil where there is none.
    ///   - grid: the numbers that the weights of a level are rounded to; nil where they are not.
    ///   - progress: is told the fraction done, on the calling thread.
    /// - Returns: what is left of weights, by layer name; dense layers are left out.
    /// - Throws: `Issue` for a layer that cannot be pruned.
    public static func prune(
        layers: [LayerShape], to levels: [Level], weight: (String) throws -> Matrix,
        covariance: (LayerShape) throws -> InputCovariance?, score: PruningScore,
        grid: (Level) throws -> WeightGrid? = { _ in nil }, pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws -> [String: PrunedWeight] {
        precondition(layers.count == levels.count)
        let grids = try levels.map(grid)
        let chosen = layers.indices.filter { !levels[$0].keepsAll || grids[$0] != nil }
        let rankings = try UnitRanking.rankings(
            of: layers, narrowing: Set(levels.indices.filter { levels[$0].isNarrow }), weight: weight,
            covariance: covariance, score: score)
        var weights: [String: PrunedWeight] = [:]
        for first in stride(from: 0, to: chosen.count, by: pool.threads) {
            progress(Double(first) / Double(chosen.count))
            let group = try chosen[first..<min(first + pool.threads, chosen.count)].map { index in
                (
                    shape: layers[index], level: levels[index], grid: grids[index],
                    weight: try weight(layers[index].name), covariance: try covariance(layers[index]),
                    ranking: rankings[index]
                )
            }
            let results = try pool.map(count: group.count) { number in
                let (shape, level, grid, weight, covariance, ranking) = group[number]
                let layer = try PrunableLayer(
                    name: shape.name, weight: weight, covariance: covariance, score: score
                ).narrowed(to: level.width, of: shape, by: ranking)
                return layer.placed(withPositiveZeros(try layer.pruned(to: level, on: grid)))
            }
            for (layer, result) in zip(group, results) { weights[layer.shape.name] = result }
        }
        return weights
    }

    /// A database has no signs of zeros.
    private static func withPositiveZeros(_ weight: Matrix) -> Matrix {
        Matrix(
            rows: weight.rows, columns: weight.columns, elements: weight.elements.map { $0 == 0 ? 0 : $0 })
    }
}
