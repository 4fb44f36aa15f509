import Transformers

/// Where the time of a forward pass goes, by operation.
public struct Breakdown: Sendable, Codable, Equatable {
    /// One operation.
    public struct Entry: Sendable, Codable, Equatable {
        /// `matrix products`, `attention`, `gelu`, `LayerNorm`, `embeddings`, or `rest`: what is outside of
        /// all of them, the waiting of threads for each other included.
        public let operation: String
        /// Time in a pass: the median of each call, added up.
        public let ms: Double
        /// Its share of the whole pass.
        public let share: Double
    }

    /// The operations, longest first.
    public let entries: [Entry]

    /// Adds up times noted by passes of a model that took `totalMs` in the median: medians, as one pass in
    /// which the thread had to wait would otherwise make an operation look slow.
    init(_ times: LayerTimes, model: some PrunableModel, passes: Int, totalMs: Double) {
        let layers = Set(model.layerShapes.map(\.name))
        var sums: [String: Double] = [:]
        for (name, measured) in times.milliseconds {
            let operation =
                layers.contains(name) ? "matrix products" : String(name.split(separator: ".").last ?? "")
            let calls = Double(measured.count) / Double(passes)
            sums[operation, default: 0] += calls * Percentiles(measured).median
        }
        sums["rest"] = totalMs - sums.values.reduce(0, +)
        entries = sums.map { Entry(operation: $0.key, ms: $0.value, share: $0.value / totalMs) }
            .sorted { ($1.ms, $0.operation) < ($0.ms, $1.operation) }
    }
}

extension EndToEndBenchmark {
    /// Times every operation of two models' passes, in turn; noting the times takes about one part in a
    /// hundred more.
    public func breakdowns<Model: PrunableModel>(
        _ model: Model, against reference: Model
    ) -> (model: Breakdown, reference: Breakdown) {
        let memory = model.memory(for: workload, threads: pool.threads)
        let models = [model, reference]
        let times = [LayerTimes(), LayerTimes()]
        var totals: [[Double]] = [[], []]
        let repetition = PassRepetition(models.map { ($0, memory) }, workload, pool: pool)
        for _ in 0..<rounds {
            for index in models.indices {
                totals[index] += repetition.samples(
                    repetition.times(of: models[index], memory, pool: pool, layers: times[index]))
            }
        }
        let count = rounds * repetition.layerSamples
        let result = models.indices.map {
            Breakdown(times[$0], model: models[$0], passes: count, totalMs: Percentiles(totals[$0]).median)
        }
        return (result[0], result[1])
    }
}
