import Testing

@testable import Search

/// Aiming at another predicted latency brings what is measured to the target, wherever the prediction is off.
@Suite struct AimTests {
    typealias Confirmation = PolicyConfirmation<EncoderModel>

    /// Measured fractions of dense are `offset + slope * predicted`.
    @Test(arguments: [(0.0, 0.9), (0.0, 1.13), (0.08, 0.9), (0.12, 0.85), (-0.05, 1.0)])
    func aimsReachTheTargetAndSpendIt(offset: Double, slope: Double) {
        let (target, denseMs) = (0.5, 20.0)
        var predicted = target * denseMs
        var steps = 0
        func speedup() -> Double { 1 / (offset + slope * predicted / denseMs) }
        #expect(!Confirmation.isOnTarget(speedup: speedup(), target: target))
        while !Confirmation.isOnTarget(speedup: speedup(), target: target), steps < 5 {
            predicted = Confirmation.aimMs(predictedMs: predicted, speedup: speedup(), target: target)
            steps += 1
        }
        #expect(
            Confirmation.isOnTarget(speedup: speedup(), target: target),
            "\(1 / speedup()) after \(steps) steps")
    }
}
