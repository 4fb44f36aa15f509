/// Conversions between `Float` and the shorter formats of model files, written without branches on the
/// value so that the compiler vectorises the loops around them.
///
/// `Float16` is not used because it calls a library routine per element on CPUs built for without F16C.
enum FloatConversions {
    /// Bytes of `type`, at any alignment and little-endian, as floats; nil for types that are not floats.
    static func floats(_ bytes: UnsafeRawBufferPointer, from type: ElementType) -> [Float]? {
        switch type {
        case .f32: map(bytes, of: UInt32.self) { Float(bitPattern: $0) }
        case .f16: map(bytes, of: UInt16.self, float(fromHalf:))
        case .bf16: map(bytes, of: UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
        case .f64: map(bytes, of: UInt64.self) { Float(Double(bitPattern: $0)) }
        case .bool, .u8, .i8, .f8e5m2, .f8e4m3, .i16, .u16, .i32, .u32, .i64, .u64: nil
        }
    }

    @inline(__always)
    private static func map<Bits: FixedWidthInteger & BitwiseCopyable>(
        _ bytes: UnsafeRawBufferPointer, of bits: Bits.Type, _ convert: (Bits) -> Float
    ) -> [Float] {
        let stride = MemoryLayout<Bits>.size
        let count = bytes.count / stride
        guard count > 0, let source = bytes.baseAddress else { return [] }
        return [Float](unsafeUninitializedCapacity: count) { target, initializedCount in
            for index in 0..<count {
                let value = source.loadUnaligned(fromByteOffset: index &* stride, as: Bits.self)
                target.initializeElement(at: index, to: convert(Bits(littleEndian: value)))
            }
            initializedCount = count
        }
    }

    /// The place of the first infinity or NaN.
    static func firstNotFinite(_ floats: [Float]) -> Int? {
        // Both have the highest magnitudes, as signed integers a maximum that is one instruction everywhere.
        let highest = floats.withUnsafeBufferPointer { floats in
            var highest: Int32 = 0
            for value in floats { highest = max(highest, Int32(bitPattern: value.bitPattern & 0x7FFF_FFFF)) }
            return highest
        }
        return highest < 0x7F80_0000 ? nil : floats.firstIndex { !$0.isFinite }
    }

    /// IEEE 754 binary16 to binary32, exact. Subnormals are renormalized by a subtraction of normal
    /// numbers, so the result does not depend on the CPU's denormals-are-zero mode.
    @inline(__always)
    static func float(fromHalf half: UInt16) -> Float {
        let sign = UInt32(half & 0x8000) << 16
        let magnitude = UInt32(half & 0x7FFF) << 13
        let smallestNormal: UInt32 = 113 << 23
        let normal = magnitude &+ (112 << 23)
        let subnormal =
            (Float(bitPattern: magnitude &+ smallestNormal) - Float(bitPattern: smallestNormal)).bitPattern
        let infinityOrNaN = magnitude | 0x7F80_0000
        let finite = magnitude < 0x0080_0000 ? subnormal : normal
        return Float(bitPattern: sign | (magnitude >= 0x0F80_0000 ? infinityOrNaN : finite))
    }

    /// IEEE 754 binary32 to binary16, rounding to nearest, ties to even; NaN stays NaN.
    @inline(__always)
    static func half(_ value: Float) -> UInt16 {
        let sign = UInt16(truncatingIfNeeded: value.bitPattern >> 16) & 0x8000
        let magnitude = value.bitPattern & 0x7FFF_FFFF
        let isOdd = (magnitude >> 13) & 1
        let normal = (magnitude &- (112 << 23) &+ 0xFFF &+ isOdd) >> 13
        // Adding 0.5 leaves the half's subnormal bits, rounded by the hardware, at the bottom.
        let subnormal = (Float(bitPattern: magnitude) + 0.5).bitPattern &- Float(0.5).bitPattern
        let finite = magnitude < 0x3880_0000 ? subnormal : normal
        let infinityOrNaN: UInt32 = magnitude > 0x7F80_0000 ? 0x7E00 : 0x7C00
        let result = magnitude >= 0x4780_0000 ? infinityOrNaN : finite
        return sign | UInt16(truncatingIfNeeded: result)
    }
}
