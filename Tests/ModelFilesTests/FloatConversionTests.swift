import Testing

@testable import ModelFiles

/// The compiler's own `Float16` is the reference.
@Suite struct FloatConversionTests {
    @Test func everyHalfWidensAsTheCompilerDoes() {
        for bits in UInt16.min...UInt16.max {
            let expected = Float(Float16(bitPattern: bits))
            let value = FloatConversions.float(fromHalf: bits)
            #expect(value.bitPattern == expected.bitPattern || (value.isNaN && expected.isNaN), "\(bits)")
        }
    }

    @Test func everyHalfSurvivesTheRoundTrip() {
        for bits in UInt16.min...UInt16.max {
            let value = FloatConversions.float(fromHalf: bits)
            let back = FloatConversions.half(value)
            #expect(back == bits || (value.isNaN && Float16(bitPattern: back).isNaN), "\(bits)")
        }
    }

    @Test func floatsNarrowAsTheCompilerDoes() {
        var mismatches = 0
        for bits in stride(from: UInt64(0), through: UInt64(UInt32.max), by: 6_007) {
            let value = Float(bitPattern: UInt32(bits))
            let half = Float16(bitPattern: FloatConversions.half(value))
            let expected = Float16(value)
            if half.bitPattern != expected.bitPattern && !(half.isNaN && expected.isNaN) { mismatches += 1 }
        }
        #expect(mismatches == 0)
    }

    /// Values from IEEE 754: limits, subnormals and ties.
    private static let knownHalves: [(Float, UInt16)] = [
        (0, 0x0000), (-0.0, 0x8000), (1, 0x3C00), (-2, 0xC000), (65_504, 0x7BFF),
        (65_519.996, 0x7BFF), (65_520, 0x7C00), (1e30, 0x7C00), (.infinity, 0x7C00), (-.infinity, 0xFC00),
        (0x1p-14, 0x0400), (0x1p-24, 0x0001), (0x1p-25, 0x0000), (0x1.000002p-25, 0x0001),
        (0x1.8p-24, 0x0002),
        (0x1.FF8p-15, 0x03FF), (0x1.FFCp-15, 0x0400), (1 + 0x1p-11, 0x3C00), (1 + 0x3p-11, 0x3C02),
        (.leastNonzeroMagnitude, 0),
    ]

    @Test(arguments: knownHalves)
    func knownHalf(value: Float, bits: UInt16) {
        #expect(FloatConversions.half(value) == bits)
    }

    @Test func brainFloatsDoublesAndOddAlignment() {
        let bytes: [UInt8] = [0xFF, 0x80, 0x3F, 0x49, 0x40, 0x80, 0xFF]
        let brain = bytes.withUnsafeBytes {
            FloatConversions.floats(UnsafeRawBufferPointer(rebasing: $0[1...6]), from: .bf16)
        }
        #expect(brain == [1, 3.140625, -.infinity])
        let doubles = [0.1, -1e300].withUnsafeBytes { FloatConversions.floats($0, from: .f64) }
        #expect(doubles == [0.1, -.infinity])
    }

    @Test func theFirstThatIsNotFinite() {
        var floats: [Float] = [0, -0.0, .greatestFiniteMagnitude, -.greatestFiniteMagnitude, 1e-45]
        #expect(FloatConversions.firstNotFinite(floats) == nil)
        #expect(FloatConversions.firstNotFinite([]) == nil)
        for wrong in [Float.nan, -.nan, .signalingNaN, .infinity, -.infinity] {
            #expect(FloatConversions.firstNotFinite(floats + [wrong, 1]) == 5)
        }
        floats[3] = .nan
        #expect(FloatConversions.firstNotFinite(floats + [.infinity]) == 3)
    }
}
