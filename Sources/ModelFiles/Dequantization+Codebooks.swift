/// Types of 1 to 4 bits whose elements are looked up: blocks of 256 elements, in sub-blocks of 32 with scales of
/// their own, and signs apart from magnitudes.
extension Dequantization {
    private static let unevenLevels: [Float] = [
        -127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113,
    ]

    /// Seven signs, and an eighth that makes their number even.
    private static func signs(_ seven: UInt32) -> UInt8 {
        let bits = UInt8(seven & 127)
        return bits | UInt8(bits.nonzeroBitCount & 1) << 7
    }

    /// Writes the elements of an entry, with signs.
    private static func write(
        _ book: Codebook, _ entry: Int, _ signs: UInt8, scale: Float, to out: UnsafeMutablePointer<Float>
    ) {
        for index in 0..<book.width {
            let magnitude = scale * book(entry, index)
            out[index] = signs >> UInt8(index) & 1 == 1 ? -magnitude : magnitude
        }
    }

    /// Sixteen levels, close to each other near zero.
    static func iq4_NL(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        uneven(block + 2, out, scale: half(block, at: 0))
    }

    private static func uneven(_ quants: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>, scale: Float) {
        for index in 0..<16 {
            let pair = byte(quants, index)
            out[index] = scale * unevenLevels[Int(pair & 15)]
            out[index + 16] = scale * unevenLevels[Int(pair >> 4)]
        }
    }

    static func iq4_XS(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let (scale, high) = (half(block, at: 0), word(block, at: 2))
        for part in 0..<8 {
            let low = byte(block, 4 + part / 2) >> UInt8(part % 2 * 4) & 15
            let own = Int(low) | Int(high >> UInt16(2 * part) & 3) << 4
            uneven(block + 8 + part * 16, out + part * 32, scale: scale * Float(own - 32))
        }
    }

    static func iq2_XXS(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            let (entries, rest) = (block + 2 + part * 8, double(block, at: 6 + part * 8))
            let own = scale * (0.5 + Float(rest >> 28)) * 0.25
            for group in 0..<4 {
                write(
                    .iq2XXS, Int(byte(entries, group)), signs(rest >> UInt32(7 * group)), scale: own,
                    to: out + part * 32 + group * 8)
            }
        }
    }

    static func iq2_XS(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            for group in 0..<4 {
                let quant = word(block, at: 2 + (part * 4 + group) * 2)
                write(
                    .iq2XS, Int(quant & 511), signs(UInt32(quant >> 9)),
                    scale: scale * quarterScale(byte(block, 66 + part), group),
                    to: out + part * 32 + group * 8)
            }
        }
    }

    static func iq2_S(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            let high = Int(byte(block, 66 + part))
            for group in 0..<4 {
                let entry = Int(byte(block, 2 + part * 4 + group)) | (high >> (2 * group) & 3) << 8
                write(
                    .iq2S, entry, byte(block, 34 + part * 4 + group),
                    scale: scale * quarterScale(byte(block, 74 + part), group),
                    to: out + part * 32 + group * 8)
            }
        }
    }

    /// Half a byte for two of four groups each.
    private static func quarterScale(_ scales: UInt8, _ group: Int) -> Float {
        (0.5 + Float(group < 2 ? scales & 15 : scales >> 4)) * 0.25
    }

    static func iq3_XXS(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            let rest = double(block, at: 66 + part * 4)
            let own = scale * (0.5 + Float(rest >> 28)) * 0.5
            for group in 0..<4 {
                let signs = signs(rest >> UInt32(7 * group))
                for side in 0..<2 {
                    write(
                        .iq3XXS, Int(byte(block, 2 + part * 8 + group * 2 + side)), signs >> UInt8(4 * side),
                        scale: own, to: out + part * 32 + group * 8 + side * 4)
                }
            }
        }
    }

    static func iq3_S(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            let scales = byte(block, 106 + part / 2)
            let own = scale * Float(1 + 2 * Int(part % 2 == 0 ? scales & 15 : scales >> 4))
            let high = Int(byte(block, 66 + part))
            for pair in 0..<8 {
                let entry = Int(byte(block, 2 + part * 8 + pair)) | (high >> pair & 1) << 8
                write(
                    .iq3S, entry, byte(block, 74 + part * 4 + pair / 2) >> UInt8(pair % 2 * 4), scale: own,
                    to: out + part * 32 + pair * 4)
            }
        }
    }

    private static let shift: Float = 0.125

    static func iq1_S(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 0)
        for part in 0..<8 {
            let high = word(block, at: 34 + part * 2)
            let own = scale * Float(2 * Int(high >> 12 & 7) + 1)
            let delta = high & 0x8000 != 0 ? -shift : shift
            for group in 0..<4 {
                let entry =
                    Int(byte(block, 2 + part * 4 + group)) | Int(high >> UInt16(3 * group) & 7) << 8
                for index in 0..<8 {
                    out[part * 32 + group * 8 + index] = own * (Codebook.iq1S(entry, index) + delta)
                }
            }
        }
    }

    static func iq1_M(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scales = (0..<4).map { word(block, at: 48 + $0 * 2) }
        // The block's scale is spread over the highest four bits of each.
        let scale = FloatConversions.float(
            fromHalf: scales[0] >> 12 | scales[1] >> 8 & 0xF0 | scales[2] >> 4 & 0xF00 | scales[3] & 0xF000)
        for part in 0..<8 {
            for group in 0..<4 {
                let own = scales[part / 2] >> UInt16(part % 2 * 6 + group / 2 * 3) & 7
                let high = byte(block, 32 + part * 2 + group / 2) >> UInt8(group % 2 * 4)
                let entry = Int(byte(block, part * 4 + group)) | Int(high & 7) << 8
                let delta = high & 8 != 0 ? -shift : shift
                for index in 0..<8 {
                    out[part * 32 + group * 8 + index] =
                        scale * Float(2 * Int(own) + 1) * (Codebook.iq1S(entry, index) + delta)
                }
            }
        }
    }

    private static let powersOfThree: [UInt8] = [1, 3, 9, 27, 81]

    /// Five digits of base three in a byte, as a fraction of 256.
    static func tq1_0(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 52)
        var place = 0
        func digits(_ first: Int, _ count: Int, _ digits: Int) {
            for digit in 0..<digits {
                for index in 0..<count {
                    let fraction = byte(block, first + index) &* powersOfThree[digit]
                    out[place] = scale * Float(((Int(fraction) * 3) >> 8) - 1)
                    place += 1
                }
            }
        }
        digits(0, 32, 5)
        digits(32, 16, 5)
        digits(48, 4, 4)
    }

    /// Two bits for each of three values.
    static func tq2_0(_ block: UnsafeRawPointer, _ out: UnsafeMutablePointer<Float>) {
        let scale = half(block, at: 64)
        for part in 0..<8 {
            for index in 0..<32 {
                let quant = byte(block, part / 4 * 32 + index) >> UInt8(part % 4 * 2) & 3
                out[part * 32 + index] = scale * Float(Int(quant) - 1)
            }
        }
    }
}
