import Testing

@testable import SparseKernels

@Suite struct LatencyFitTests {
    private let dense = LatencyFit.Sample(layersMs: 8, totalMs: 10)
    private let fit = LatencyFit(overheadMs: 2, scale: 1, medianError: 0.01)

    /// Random policies add up as they should; those near the target are slower than that.
    @Test func aConfirmedFitPredictsTheMedianAsItWasMeasured() {
        let samples = [
            LatencyFit.Sample(layersMs: 4, totalMs: 6.4), .init(layersMs: 3, totalMs: 5.2),
            .init(layersMs: 2, totalMs: 4.4),
        ]
        let confirmed = fit.confirmed(dense: dense, samples: samples)
        func predicted(_ sample: LatencyFit.Sample) -> Double {
            confirmed.overheadMs + confirmed.scale * sample.layersMs
        }
        let errors = samples.map { predicted($0) - $0.totalMs }
        #expect(errors.contains { abs($0) < 1e-12 })
        #expect(errors.contains { $0 > 1e-3 } && errors.contains { $0 < -1e-3 })
        #expect(abs(predicted(dense) - dense.totalMs) < 1e-12)
    }

    /// Other programs may slow a machine down for a while: the layers do not count as nothing then.
    @Test func aConfirmedFitStaysWithinReason() {
        let busy = fit.confirmed(dense: dense, samples: [.init(layersMs: 2, totalMs: 30)])
        #expect(busy.scale == 0.75)
        #expect(fit.confirmed(dense: dense, samples: [dense]) == fit)
    }
}
