/// How the times of single layers add up to the time of a whole forward pass:
///
///     latency(a) = overhead + scale · Σ_l t_l(a_l)
///
/// Layers are timed on one worker, inside passes in which every layer has the same level. What that does
/// not see (the wait for the slower worker, caches shared with neighbours of another level) grows with the
/// layers' own time, and is what `scale` stands for. The line goes through the dense model, so that a
/// fraction of dense means what it says.
public struct LatencyFit: Sendable, Equatable {
    /// A policy's layers, Σ_l t_l(a_l), and a measured pass with it, both in milliseconds.
    public struct Sample: Sendable, Equatable {
        /// Σ_l t_l(a_l).
        public let layersMs: Double
        /// A whole pass.
        public let totalMs: Double

        /// Puts both together.
        public init(layersMs: Double, totalMs: Double) {
            self.layersMs = layersMs
            self.totalMs = totalMs
        }
    }

    /// The median error above which other programs must have disturbed the measurement.
    public static let acceptableError = 0.03

    /// Time of everything but the layers, in milliseconds.
    public let overheadMs: Double
    /// What a layer's own time is multiplied by.
    public let scale: Double
    /// Median of |predicted − measured| / measured over the samples that it was fitted to.
    public let medianError: Double

    /// Fits the scale by least squares of the relative errors.
    ///
    /// - Parameters:
    ///   - dense: the dense model.
    ///   - samples: mixed policies, at least one.
    public init(dense: Sample, samples: [Sample]) {
        precondition(!samples.isEmpty && dense.layersMs > 0)
        // Each sample says: scale · saved = dense total − total, with weight 1 / total².
        var (numerator, denominator) = (0.0, 0.0)
        for sample in samples {
            let saved = dense.layersMs - sample.layersMs
            let weight = 1 / (sample.totalMs * sample.totalMs)
            numerator += weight * saved * (dense.totalMs - sample.totalMs)
            denominator += weight * saved * saved
        }
        let slope = denominator > 0 ? numerator / denominator : 1
        // Nor are they ever all there is.
        let scale = min(
            max(slope, Self.scales.lowerBound), Self.scales.upperBound, dense.totalMs / dense.layersMs)
        let overhead = dense.totalMs - scale * dense.layersMs
        let errors = samples.map { abs(overhead + scale * $0.layersMs - $0.totalMs) / $0.totalMs }
        self.init(overheadMs: overhead, scale: scale, medianError: Percentiles(errors).median)
    }

    /// The line through the dense model that the median of some policies asks for.
    ///
    /// Random policies, to which a fit is made, are no worse than predicted on average; those that a search
    /// proposes are, as it goes for what the table has too fast.
    ///
    /// Other programs may slow down such passes alone: a quarter of the scale is the most that is believed.
    ///
    /// - Parameter samples: policies near the target, at least one.
    public func confirmed(dense: Sample, samples: [Sample]) -> LatencyFit {
        let slopes = samples.compactMap { sample -> Double? in
            let saved = dense.layersMs - sample.layersMs
            return saved > 0 ? (dense.totalMs - sample.totalMs) / saved : nil
        }
        guard !slopes.isEmpty else { return self }
        let asked = min(max(Percentiles(slopes).median, 0.75 * scale), scale / 0.75)
        return LatencyFit(overheadMs: overheadMs, scale: asked, medianError: medianError)
            .moved(through: dense)
    }

    /// However noisy the measurements, layers are never free.
    private static let scales = 0.5...2.0

    /// The same line moved to go through another dense model, of the same layers' kinds.
    func moved(through dense: Sample) -> LatencyFit {
        let scale = min(scale, dense.totalMs / dense.layersMs)
        return LatencyFit(
            overheadMs: dense.totalMs - scale * dense.layersMs, scale: scale, medianError: medianError)
    }

    init(overheadMs: Double, scale: Double, medianError: Double) {
        self.overheadMs = overheadMs
        self.scale = scale
        self.medianError = medianError
    }
}
