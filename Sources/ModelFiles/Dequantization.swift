/// Elements of GGUF tensors as floats.
///
/// The layouts are those of ggml-common.h: a block has one or two scales in half precision, then the
/// quants. In the K types the scales of sub-blocks are quantized themselves.
enum Dequantization {
    /// The elements of whole blocks.
    static func floats(_ bytes: UnsafeRawBufferPointer, from type: GGUFElementType) -> [Float] {
        switch type {
        case .f32: FloatConversions.floats(bytes, from: .f32) ?? []
        case .f16: FloatConversions.floats(bytes, from: .f16) ?? []
        case .bf16: FloatConversions.floats(bytes, from: .bf16) ?? []
        case .f64: FloatConversions.floats(bytes, from: .f64) ?? []
        case .i8: blocks(bytes, of: type) { $1[0] = signed($0, 0) }
        case .i16: blocks(bytes, of: type) { $1[0] = Float(Int16(bitPattern: word($0, at: 0))) }
        case .i32: blocks(bytes, of: type) { $1[0] = Float(Int32(bitPattern: double($0, at: 0))) }
        case .i64:
            blocks(bytes, of: type) {
                $1[0] = Float(Int64(littleEndian: $0.loadUnaligned(as: Int64.self)))
            }
        case .q4_0: blocks(bytes, of: type, q4_0)
        case .q4_1: blocks(bytes, of: type, q4_1)
        case .q5_0: blocks(bytes, of: type, q5_0)
        case .q5_1: blocks(bytes, of: type, q5_1)
        case .q8_0: blocks(bytes, of: type, q8_0)
        case .q2_K: blocks(bytes, of: type, q2_K)
        case .q3_K: blocks(bytes, of: type, q3_K)
        case .q4_K: blocks(bytes, of: type, q4_K)
        case .q5_K: blocks(bytes, of: type, q5_K)
        case .q6_K: blocks(bytes, of: type, q6_K)
        case .q8_K: blocks(bytes, of: type, q8_K)
        case .iq1_S: blocks(bytes, of: type, iq1_S)
        case .iq1_M: blocks(bytes, of: type, iq1_M)
        case .iq2_XXS: blocks(bytes, of: type, iq2_XXS)
        case .iq2_XS: blocks(bytes, of: type, iq2_XS)
        case .iq2_S: blocks(bytes, of: type, iq2_S)
        case .iq3_XXS: blocks(bytes, of: type, iq3_XXS)
        case .iq3_S: blocks(bytes, of: type, iq3_S)
        case .iq4_NL: blocks(bytes, of: type, iq4_NL)
        case .iq4_XS: blocks(bytes, of: type, iq4_XS)
        case .tq1_0: blocks(bytes, of: type, tq1_0)
        case .tq2_0: blocks(bytes, of: type, tq2_0)
        case .mxfp4: blocks(bytes, of: type, mxfp4)
        }
    }

    private static func blocks(
        _ bytes: UnsafeRawBufferPointer, of type: GGUFElementType,
        _ dequantize: (UnsafeRawPointer, UnsafeMutablePointer<Float>) -> Void
    ) -> [Float] {
        let count = bytes.count / type.blockBytes
        return [Float](unsafeUninitializedCapacity: count * type.blockElements) { target, initialized in
            guard count > 0, let source = bytes.baseAddress, let out = target.baseAddress else { return }
            for block in 0..<count {
                dequantize(source + block * type.blockBytes, out + block * type.blockElements)
            }
            initialized = count * type.blockElements
        }
    }

    static func word(_ block: UnsafeRawPointer, at offset: Int) -> UInt16 {
        UInt16(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
    }

    static func double(_ block: UnsafeRawPointer, at offset: Int) -> UInt32 {
        UInt32(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
    }

    static func half(_ block: UnsafeRawPointer, at offset: Int) -> Float {
        FloatConversions.float(fromHalf: word(block, at: offset))
    }

    static func byte(_ block: UnsafeRawPointer, _ offset: Int) -> UInt8 {
        block.load(fromByteOffset: offset, as: UInt8.self)
    }

    static func signed(_ block: UnsafeRawPointer, _ offset: Int) -> Float {
        Float(block.load(fromByteOffset: offset, as: Int8.self))
    }

    private static func q8_0(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for index in 0..<32 { out[index] = scale * signed(block, 2 + index) }
    }

    private static func q4_0(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for index in 0..<16 {
            let pair = byte(block, 2 + index)
            out[index] = scale * Float(Int(pair & 15) - 8)
            out[index + 16] = scale * Float(Int(pair >> 4) - 8)
        }
    }

    private static func q4_1(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        let least = half(block, at: 2)
        for index in 0..<16 {
            let pair = byte(block, 4 + index)
            out[index] = scale * Float(pair & 15) + least
            out[index + 16] = scale * Float(pair >> 4) + least
        }
    }

    /// A fifth bit of each element stands in `qh`.
    private static func q5_0(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        // 16 steps below are exact: a half times a whole number of five bits is a float.
        fiveBits(block + 2, out, scale: half(block, at: 0), least: -16 * half(block, at: 0))
    }

    private static func q5_1(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        fiveBits(block + 4, out, scale: half(block, at: 0), least: half(block, at: 2))
    }

    private static func fiveBits(
        _ quants: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>, scale: Float, least: Float
    ) {
        let high = double(quants, at: 0)
        for index in 0..<16 {
            let pair = UInt32(byte(quants, 4 + index))
            out[index] = scale * Float(pair & 15 | (high >> UInt32(index) & 1) << 4) + least
            out[index + 16] = scale * Float(pair >> 4 | (high >> UInt32(index + 16) & 1) << 4) + least
        }
    }

    /// Floating point of four bits with a shared power of two (OCP Microscaling Formats, 2023).
    private static func mxfp4(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let exponent = UInt32(byte(block, 0))
        // Half of 2^(exponent - 127), as the values are doubled.
        let scale = Float(bitPattern: exponent < 2 ? 0x0020_0000 << exponent : (exponent - 1) << 23)
        for index in 0..<16 {
            let pair = byte(block, 1 + index)
            out[index] = scale * doubledFP4[Int(pair & 15)]
            out[index + 16] = scale * doubledFP4[Int(pair >> 4)]
        }
    }

    private static let doubledFP4: [Float] = [0, 1, 2, 3, 4, 6, 8, 12, 0, -1, -2, -3, -4, -6, -8, -12]
}
