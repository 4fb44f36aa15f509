import Levels
import Tensors
import Transformers

/// End-to-end latency of a model against another one's, measured in one run, alternating.
public struct EndToEndBenchmark {
    /// Times of one model, in milliseconds.
    public struct Times: Sendable, Codable, Equatable {
        /// Median.
        public let medianMs: Double
        /// Mean; of lengths, what a text takes on average.
        public let meanMs: Double
        /// 95th percentile.
        public let p95Ms: Double
        /// Distance between the quartiles.
        public let spreadMs: Double

        init(_ measured: [Double]) {
            let percentiles = Percentiles(measured)
            medianMs = percentiles.median
            meanMs = measured.reduce(0, +) / Double(measured.count)
            p95Ms = percentiles[95]
            spreadMs = percentiles.spread
        }
    }

    /// What a run gives.
    public struct Result: Sendable, Equatable {
        public let model: Times
        /// The model it is compared with.
        public let reference: Times
        /// Median over the rounds of reference time / model time: of medians of a round, or of lengths, of means.
        public let speedup: Double
    }

    /// Rounds that count.
    public var rounds = 40

    /// Rounds that take about as long as a person waits, when a pass takes so many milliseconds: the present
    /// number for short passes, and fewer, but never under eight, for long ones.
    ///
    /// - Parameter models: how many are measured alternating, the reference included.
    public func rounds(forPassMs passMs: Double, models: Int = 2) -> Int {
        let roundMs = Double(models * PassRepetition(workload, passMs: passMs).count) * passMs
        return max(min(rounds, Int(Self.patienceMs / max(roundMs, 1e-3))), min(rounds, 8))
    }

    private static let patienceMs = 20_000.0

    let workload: Workload
    let pool: ThreadPool

    /// Prepares to measure a workload on the threads of a pool.
    public init(_ workload: Workload, pool: ThreadPool) {
        self.workload = workload
        self.pool = pool
    }

    /// Measures both models in turn.
    public func measure<Model: PrunableModel>(
        _ model: Model, against reference: Model, progress: (Double) -> Void = { _ in }
    ) -> Result {
        measure([model], against: reference, progress: progress)[0]
    }

    /// Measures several models and one that all are compared with, alternating: what slows the machine down
    /// for a while slows them all.
    ///
    /// - Returns: a result for each model.
    public func measure<Model: PrunableModel>(
        _ models: [Model], against reference: Model, progress: (Double) -> Void = { _ in }
    ) -> [Result] {
        // Heads or neurons may have been removed from any: each has memory of its own sizes.
        let measured = ([reference] + models).map {
            ($0, $0.memory(for: workload, threads: pool.threads))
        }
        var times = measured.map { _ in [Double]() }
        var ratios = models.map { _ in [Double]() }
        let repetition = PassRepetition(measured, workload, pool: pool)
        for number in 0..<rounds {
            progress(Double(number) / Double(rounds))
            let round = measured.map { model, memory in
                repetition.times(of: model, memory, pool: pool)
            }
            for (index, passTimes) in round.enumerated() { times[index] += passTimes }
            let medians = round.map { Percentiles(repetition.samples($0)).median }
            for index in models.indices { ratios[index].append(medians[0] / medians[index + 1]) }
        }
        let theirs = Times(times[0])
        return models.indices.map {
            Result(model: Times(times[$0 + 1]), reference: theirs, speedup: Percentiles(ratios[$0]).median)
        }
    }
}
