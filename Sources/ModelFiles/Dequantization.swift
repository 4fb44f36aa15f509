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
        case .q8_0: blocks(bytes, of: type, q8_0)
        case .q4_0: blocks(bytes, of: type, q4_0)
        case .q4_1: blocks(bytes, of: type, q4_1)
        case .q4_K: blocks(bytes, of: type, q4_K)
        case .q6_K: blocks(bytes, of: type, q6_K)
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

    private static func half(_ block: UnsafeRawPointer, at offset: Int) -> Float {
        FloatConversions.float(
            fromHalf: UInt16(littleEndian: block.loadUnaligned(fromByteOffset: offset, as: UInt16.self)))
    }

    private static func byte(_ block: UnsafeRawPointer, _ offset: Int) -> UInt8 {
        block.load(fromByteOffset: offset, as: UInt8.self)
    }

    private static func signed(_ block: UnsafeRawPointer, _ offset: Int) -> Float {
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

    /// Eight sub-blocks of 32 elements, each with a scale and a minimum of six bits.
    private static func q4_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = (half(block, at: 0), half(block, at: 2))
        let scales = block + 4
        let quants = block + 16
        for part in 0..<8 {
            let (own, least): (UInt8, UInt8)
            if part < 4 {
                own = byte(scales, part) & 63
                least = byte(scales, part + 4) & 63
            } else {
                own = byte(scales, part + 4) & 15 | (byte(scales, part - 4) >> 6) << 4
                least = byte(scales, part + 4) >> 4 | (byte(scales, part) >> 6) << 4
            }
            let (factor, offset) = (scale * Float(own), minimum * Float(least))
            for index in 0..<32 {
                let pair = byte(quants, part / 2 * 32 + index)
                out[part * 32 + index] = factor * Float(part % 2 == 0 ? pair & 15 : pair >> 4) - offset
            }
        }
    }

    /// Two halves of 128 elements; an element has four low bits in `ql` and two high ones in `qh`.
    private static func q6_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 208)
        for part in 0..<2 {
            let (low, high, scales) = (block + part * 64, block + 128 + part * 32, block + 192 + part * 8)
            for quarter in 0..<4 {
                for index in 0..<32 {
                    let pair = byte(low, quarter % 2 * 32 + index)
                    let lowBits = quarter < 2 ? pair & 15 : pair >> 4
                    let highBits = byte(high, index) >> UInt8(2 * quarter) & 3
                    let quant = Float(Int(lowBits | highBits << 4) - 32)
                    out[part * 128 + quarter * 32 + index] =
                        scale * signed(scales, quarter * 2 + index / 16) * quant
                }
            }
        }
    }
}
