import Levels
import SparseKernels
import Synchronization
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
    /// - Returns: weights [rows × cols] by layer name; dense layers are left out.
    /// - Throws: `Issue` for a layer that cannot be pruned.
    public static func prune(
        layers: [LayerShape], to levels: [Level], weight: (String) throws -> Matrix,
        covariance: (LayerShape) throws -> InputCovariance?, score: PruningScore,
        grid: (Level) throws -> WeightGrid? = { _ in nil }, pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws -> [String: Matrix] {
        precondition(layers.count == levels.count)
        let grids = try levels.map(grid)
        let chosen = layers.indices.filter { !levels[$0].keepsAll || grids[$0] != nil }
        var weights: [String: Matrix] = [:]
        for first in stride(from: 0, to: chosen.count, by: pool.threads) {
            progress(Double(first) / Double(chosen.count))
            let group = try chosen[first..<min(first + pool.threads, chosen.count)].map { index in
                (
                    layers[index].name, levels[index], grids[index], try weight(layers[index].name),
                    try covariance(layers[index])
                )
            }
            let results = Mutex<[String: Result<Matrix, any Error>]>([:])
            pool.forEach(count: group.count) { number in
                let (name, level, grid, weight, covariance) = group[number]
                let result = Result {
                    try PrunableLayer(name: name, weight: weight, covariance: covariance, score: score)
                        .pruned(to: level, on: grid)
                }
                results.withLock { $0[name] = result }
            }
            for (name, result) in results.withLock({ $0 }) {
                weights[name] = try withPositiveZeros(result.get())
            }
        }
        return weights
    }

    /// A database has no signs of zeros.
    private static func withPositiveZeros(_ weight: Matrix) -> Matrix {
        Matrix(
            rows: weight.rows, columns: weight.columns, elements: weight.elements.map { $0 == 0 ? 0 : $0 })
    }
}
