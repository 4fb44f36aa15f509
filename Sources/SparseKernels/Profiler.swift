import Dispatch
import Tensors
import Transformers

/// Measures a latency table where the kernels will run: inside forward passes of the model.
///
/// For every level the model is packed with all layers at that level, and passes over one sequence are
/// timed layer by layer, level after level and round after round, so that a drift of the machine's speed
/// falls on all levels alike and the caches hold what they hold in use. Which weights are zero does not
/// matter to a kernel, so zeros are placed at random.
public struct Profiler {
    /// Passes over all levels.
    public var rounds = 9
    /// Timed passes of one level in one round, after one to warm up.
    public var passes = 3

    private let model: BERT
    private let pool: ThreadPool
    private let tokens: Int

    /// Prepares to measure sequences of `tokens` tokens on the threads of a pool.
    public init(model: BERT, tokens: Int, pool: ThreadPool) {
        self.model = model
        self.tokens = tokens
        self.pool = pool
    }

    /// Measures every layer shape of the model at every level.
    ///
    /// - Parameter progress: is told the fraction done.
    public func measure(levels: [Level], progress: (Double) -> Void = { _ in }) -> LatencyTable {
        let variants = levels.enumerated().map { index, level in
            progress(0.3 * Double(index) / Double(levels.count))
            return model.withScatteredZeros(level)
        }
        let batch = TokenBatch([[Int32](repeating: 100, count: tokens)])
        let workspace = BERTWorkspace(
            model.dimensions, tokens: tokens, threads: pool.threads, longest: tokens)
        var layerTimes = levels.map { _ in LayerTimes() }
        var totals = [[Double]](repeating: [], count: levels.count)
        for round in 0...rounds {
            for (index, variant) in variants.enumerated() {
                progress(
                    0.3 + 0.7 * Double(round * levels.count + index) / Double((rounds + 1) * levels.count))
                variant.forward(batch, workspace: workspace, pool: pool)
                for _ in 0..<passes {
                    let start = DispatchTime.now().uptimeNanoseconds
                    variant.forward(batch, workspace: workspace, pool: pool, times: layerTimes[index])
                    totals[index].append(Double(DispatchTime.now().uptimeNanoseconds - start) / 1e6)
                }
            }
            // The first round also fetches weights from memory for the first time: it is not counted.
            if round == 0 {
                layerTimes = levels.map { _ in LayerTimes() }
                totals = [[Double]](repeating: [], count: levels.count)
            }
        }
        return table(levels, layerTimes.map(\.milliseconds), totals)
    }

    private func table(_ levels: [Level], _ times: [[String: [Double]]], _ totals: [[Double]]) -> LatencyTable
    {
        var samples: [LatencyTable.Key: [Double]] = [:]
        var overheads: [Double] = []
        for (index, level) in levels.enumerated() {
            var rest = totals[index]
            for shape in model.layerShapes {
                let measured = times[index][shape.name] ?? []
                samples[.init(rows: shape.rows, cols: shape.cols, level: level), default: []] += measured
                for pass in rest.indices { rest[pass] -= measured[pass] }
            }
            overheads += rest
        }
        let dense = levels.firstIndex(of: .dense).map { totals[$0] } ?? overheads
        return LatencyTable(
            fingerprint: .current, tokens: tokens, threads: pool.threads,
            entries: samples.mapValues(LatencyTable.Entry.init), overhead: .init(overheads),
            dense: .init(dense))
    }
}
