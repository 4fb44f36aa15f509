import Testing

@testable import Export

@Suite struct ActivationRangesTests {
    private typealias Rounding = ActivationRanges.Rounding

    /// As ONNX has it: value = scale · (number − zero), numbers from 0 to 255.
    private func nearest(_ value: Float, _ rounding: Rounding) -> Float {
        let number = (value / rounding.scale).rounded() + Float(rounding.zero)
        return rounding.scale * (max(0, min(255, number)) - Float(rounding.zero))
    }

    @Test(arguments: [(-1, 3), (-0.17, 20), (-8, 6), (0, 5), (-2, 0), (1, 2), (-3, -1)] as [(Float, Float)])
    func everyValueOfASpanIsNearAWholeNumber(span: (least: Float, greatest: Float)) {
        let rounding = Rounding(least: span.least, greatest: span.greatest)
        #expect(nearest(0, rounding) == 0)
        for step in 0...100 {
            let value = span.least + (span.greatest - span.least) * Float(step) / 100
            // Half a step, and as much at the ends, which the zero point may move.
            #expect(abs(nearest(value, rounding) - value) <= 1.01 * rounding.scale)
        }
        #expect(rounding.scale <= (max(span.greatest, 0) - min(span.least, 0)) / 254)
    }

    @Test func inputsThatAreAlwaysZeroHaveAScaleToDivideBy() {
        let rounding = Rounding(least: 0, greatest: 0)
        #expect(rounding.scale == 1 && rounding.zero == 0)
    }

    @Test(arguments: [1, 511, 512, 513, 5000])
    func sentencesAreTakenEvenly(count: Int) {
        let taken = ActivationRanges.evenly((0..<count).map { "\($0)" }).compactMap { Int($0) }
        #expect(taken.count <= 512 && taken.count >= min(count, 257))
        let steps = Set(zip(taken, taken.dropFirst()).map { $1 - $0 })
        #expect(steps.count <= 1 && taken.first == 0)
        #expect((count - 1) - (taken.last ?? 0) < max(steps.first ?? 1, 1))
    }
}
