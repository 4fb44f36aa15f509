import Testing

@testable import Search

/// Aiming at other predicted latencies brings what is measured to the target, wherever the prediction is off.
@Suite struct AimTests {
    /// Measured fractions of dense are `offset + slope * predicted`.
    @Test(arguments: [
        (0.0, 0.85), (0.0, 0.9), (0.0, 1.13), (0.08, 0.9), (0.12, 0.85), (-0.05, 1.0), (0.35, 0.5),
    ])
    func aimsReachTheTargetAndSpendIt(offset: Double, slope: Double) throws {
        let (target, denseMs) = (0.5, 20.0)
        func speedup(_ predicted: Double) -> Double { 1 / (offset + slope * predicted / denseMs) }
        var predicted = target * denseMs
        #expect(!PolicyChoice.isOnTarget(speedup: speedup(predicted), target: target))
        for _ in 0..<PolicyChoice.corrections
        where !PolicyChoice.isOnTarget(speedup: speedup(predicted), target: target) {
            let aims = PolicyChoice.aims(
                predictedMs: predicted, speedup: speedup(predicted), target: target)
            // Of better quality is what is slower.
            let meeting = aims.filter { PolicyChoice.meets(speedup: speedup($0), target: target) }
            predicted = try #require(meeting.max() ?? aims.min())
        }
        #expect(
            PolicyChoice.isOnTarget(speedup: speedup(predicted), target: target),
            "\(1 / speedup(predicted)) of dense")
    }
}
