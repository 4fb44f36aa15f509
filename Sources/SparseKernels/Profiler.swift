import Levels
import Tensors
import Transformers

/// Measures a latency table where the kernels will run: inside forward passes of the model.
///
/// For every level the model is packed with all layers at that level, and passes of the workload are
/// timed layer by layer, level after level and round after round, so that a drift of the machine's speed
/// falls on all levels alike and the caches hold what they hold in use. Then whole passes of random
/// policies, alternating with the dense model, tell how such times add up: ``LatencyFit``.
public struct Profiler<Model: PrunableModel> {
    /// Passes over all levels.
    public var rounds = 9
    /// Random policies whose passes are timed.
    public var mixtures = 16

    private let whole: Model
    private let variants: LevelVariants<Model>
    private let pool: ThreadPool
    private let workload: Workload

    private typealias Times = (layers: LayerTimes, totals: [Double])

    /// Prepares to measure a workload on the threads of a pool.
    ///
    /// - Parameters:
    ///   - whole: the dense model, packed for the workload.
    ///   - variants: the same, or its ``PrunableModel/forProfiling``, at every level.
    public init(of whole: Model, variants: LevelVariants<Model>, _ workload: Workload, pool: ThreadPool) {
        self.whole = whole
        self.variants = variants
        self.workload = workload
        self.pool = pool
    }

    /// Measures every layer shape of the model at every level.
    ///
    /// Where other programs disturbed it, so that the fit is off by more than 3 %, it measures again, up to
    /// three times in all, and keeps the best.
    ///
    /// - Parameter progress: is told the fraction done.
    public func measure(progress: (Double) -> Void = { _ in }) -> LatencyTable {
        var best = measureOnce(progress: progress)
        for _ in 0..<2 where best.fit.medianError > LatencyFit.acceptableError {
            let again = measureOnce(progress: progress)
            if again.fit.medianError < best.fit.medianError { best = again }
        }
        return best
    }

    /// Times of all layers together at each level, in the order of the levels: a quick look, without what tells how
    /// they add up.
    ///
    /// - Returns: milliseconds.
    public func compareLevels(progress: (Double) -> Void = { _ in }) -> [Double] {
        timeLevels(progress: progress).map { times in
            times.layers.wholes(of: variants.dense.layerShapes).reduce(0) { sum, alike in
                sum + Double(alike.layers.count) * Percentiles(alike.milliseconds).median
            }
        }
    }

    private func measureOnce(progress: (Double) -> Void) -> LatencyTable {
        let times = timeLevels { progress(0.8 * $0) }
        let entries = entries(times.map(\.layers))
        let dense = LatencyTable.Entry(times[denseLevel].totals)
        let fit = fit(entries, dense) { progress(0.8 + 0.2 * $0) }
        guard variants.dense.layerShapes.count < whole.layerShapes.count else {
            return table(entries, fit, dense)
        }
        // Measured in a part of the model: the line is moved to go through the whole of it.
        let wholeDense = LatencyTable.Entry(timeWhole())
        let layersMs = whole.layerShapes.reduce(0) { sum, shape in
            sum
                + (entries[.init(rows: shape.rows, cols: shape.cols, level: variants.levels[denseLevel])]?
                    .medianMs ?? 0)
        }
        return table(
            entries, fit.moved(through: .init(layersMs: layersMs, totalMs: wholeDense.medianMs)), wholeDense)
    }

    private func table(
        _ entries: [LatencyTable.Key: LatencyTable.Entry], _ fit: LatencyFit, _ dense: LatencyTable.Entry
    ) -> LatencyTable {
        LatencyTable(
            fingerprint: .current, workload: workload, threads: pool.threads, entries: entries, fit: fit,
            dense: dense)
    }

    private func timeWhole() -> [Double] {
        let memory = whole.memory(for: workload, threads: pool.threads)
        let repetition = PassRepetition([(whole, memory)], workload, pool: pool)
        return (0..<rounds).flatMap { _ in
            repetition.samples(repetition.times(of: whole, memory, pool: pool))
        }
    }

    private var denseLevel: Int { variants.levels.dense }

    private func timeLevels(progress: (Double) -> Void) -> [Times] {
        let memory = variants.dense.memory(for: workload, threads: pool.threads)
        let count = variants.models.count
        let repetition = PassRepetition(variants.models.map { ($0, memory) }, workload, pool: pool)
        var times = variants.models.map { _ in Times(LayerTimes(), []) }
        for round in 0..<rounds {
            for (index, variant) in variants.models.enumerated() {
                progress(Double(round * count + index) / Double(rounds * count))
                times[index].totals += repetition.samples(
                    repetition.times(of: variant, memory, pool: pool, layers: times[index].layers))
            }
        }
        return times
    }

    private func entries(_ times: [LayerTimes]) -> [LatencyTable.Key: LatencyTable.Entry] {
        var samples: [LatencyTable.Key: [Double]] = [:]
        for (level, times) in zip(variants.levels, times) {
            for alike in times.wholes(of: variants.dense.layerShapes) {
                let shape = alike.layers[0]
                samples[.init(rows: shape.rows, cols: shape.cols, level: level), default: []] +=
                    alike.milliseconds
            }
        }
        return samples.mapValues(LatencyTable.Entry.init)
    }

    /// Times passes of random policies alternating with the dense model.
    private func fit(
        _ entries: [LatencyTable.Key: LatencyTable.Entry], _ dense: LatencyTable.Entry,
        progress: (Double) -> Void
    ) -> LatencyFit {
        var random = CounterBasedRandom(seed: 2)
        var benchmark = EndToEndBenchmark(workload, pool: pool)
        benchmark.rounds = 7
        let shapes = variants.dense.layerShapes
        func layersMs(_ actions: [Int]) -> Double {
            zip(shapes, actions).reduce(0) { sum, choice in
                let (shape, level) = (choice.0, variants.levels[choice.1])
                return sum + (entries[.init(rows: shape.rows, cols: shape.cols, level: level)]?.medianMs ?? 0)
            }
        }
        let samples = (0..<mixtures).map { mixture in
            progress(Double(mixture) / Double(mixtures))
            let actions = variants.randomPolicy(using: &random)
            let measured = benchmark.measure(variants.model(actions), against: variants.models[denseLevel])
            return LatencyFit.Sample(
                layersMs: layersMs(actions), totalMs: dense.medianMs / measured.speedup)
        }
        return LatencyFit(
            dense: .init(layersMs: layersMs(shapes.map { _ in denseLevel }), totalMs: dense.medianMs),
            samples: samples)
    }
}
