/// The K types: blocks of 256 elements, whose sub-blocks have scales that are quantized themselves.
extension Dequantization {
    /// Eight sub-blocks of 32 elements, each with a scale and a minimum of six bits.
    static func q4_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = (half(block, at: 0), half(block, at: 2))
        let quants = block + 16
        for part in 0..<8 {
            let (own, least) = sixBits(block + 4, part)
            let (factor, offset) = (scale * Float(own), minimum * Float(least))
            for index in 0..<32 {
                let pair = byte(quants, part / 2 * 32 + index)
                out[part * 32 + index] = factor * Float(part % 2 == 0 ? pair & 15 : pair >> 4) - offset
            }
        }
    }

    /// The scale and the minimum of one of eight sub-blocks, of six bits each in 12 bytes.
    private static func sixBits(_ scales: UnsafeRawPointer, _ part: Int) -> (scale: UInt8, minimum: UInt8) {
        guard part >= 4 else { return (byte(scales, part) & 63, byte(scales, part + 4) & 63) }
        return (
            byte(scales, part + 4) & 15 | (byte(scales, part - 4) >> 6) << 4,
            byte(scales, part + 4) >> 4 | (byte(scales, part) >> 6) << 4
        )
    }

    /// Two halves of 128 elements; an element has four low bits in `ql` and two high ones in `qh`.
    static func q6_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
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

    /// 16 sub-blocks of 16 elements of two bits, each with a scale and a minimum of four bits.
    static func q2_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = (half(block, at: 80), half(block, at: 82))
        for part in 0..<16 {
            let own = byte(block, part)
            let (factor, offset) = (scale * Float(own & 15), minimum * Float(own >> 4))
            // Eight parts share 32 bytes; four pairs of parts have two bits of each.
            let (quants, shift) = (block + 16 + part / 8 * 32 + part % 2 * 16, UInt8(part % 8 / 2 * 2))
            for index in 0..<16 {
                out[part * 16 + index] = factor * Float(byte(quants, index) >> shift & 3) - offset
            }
        }
    }

    /// 16 sub-blocks of 16 elements of three bits, the third in a mask; scales of six bits.
    static func q3_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, scales) = (half(block, at: 108), block + 96)
        for part in 0..<16 {
            let low = part < 8 ? byte(scales, part) & 15 : byte(scales, part - 8) >> 4
            let high = byte(scales, 8 + part % 4) >> UInt8(part / 4 * 2) & 3
            let factor = scale * Float(Int(low | high << 4) - 32)
            let (first, shift) = (part % 2 * 16, UInt8(part % 8 / 2 * 2))
            let bit: UInt8 = 1 << UInt8(part / 2)
            for index in first..<first + 16 {
                let quant = Int(byte(block, 32 + part / 8 * 32 + index) >> shift & 3)
                let isHigh = byte(block, index) & bit != 0
                out[part * 16 + index - first] = factor * Float(quant - (isHigh ? 0 : 4))
            }
        }
    }

    /// As ``q4_K(_:_:)``, with a fifth bit in a mask.
    static func q5_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, minimum) = (half(block, at: 0), half(block, at: 2))
        for part in 0..<8 {
            let (own, least) = sixBits(block + 4, part)
            let (factor, offset) = (scale * Float(own), minimum * Float(least))
            for index in 0..<32 {
                let pair = byte(block, 48 + part / 2 * 32 + index)
                let high = byte(block, 16 + index) >> UInt8(part) & 1
                out[part * 32 + index] =
                    factor * Float((part % 2 == 0 ? pair & 15 : pair >> 4) | high << 4) - offset
            }
        }
    }

    /// What activations are rounded to: a float for 256 elements of eight bits, and sums that are not needed.
    static func q8_K(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = Float(bitPattern: double(block, at: 0))
        for index in 0..<256 { out[index] = scale * signed(block, 4 + index) }
    }
}
