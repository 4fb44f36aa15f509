/// Single characters of a text held as valid UTF-8 bytes.
enum UTF8Text {
    /// The character that starts at `index`.
    static func scalar(in text: [UInt8], at index: Int) -> Unicode.Scalar {
        let first = text[index]
        let (bits, continuationCount): (UInt8, Int) =
            switch first {
            case 0..<0x80: (first, 0)
            case 0x80..<0xE0: (first & 0x1F, 1)
            case 0xE0..<0xF0: (first & 0x0F, 2)
            default: (first & 0x07, 3)
            }
        var value = UInt32(bits)
        for byte in text[(index + 1)...].prefix(continuationCount) {
            value = value << 6 | UInt32(byte & 0x3F)
        }
        return Unicode.Scalar(value) ?? "\u{FFFD}"
    }

    /// The character that starts at `index`, and where it ends.
    static func character(in text: [UInt8], at index: Int) -> (scalar: Unicode.Scalar, end: Int) {
        let first = text[index]
        if first < 0x80 { return (Unicode.Scalar(first), index + 1) }
        return (scalar(in: text, at: index), min(index + width(of: first), text.count))
    }

    /// The character that ends before `index`, which is not 0.
    static func scalar(in text: [UInt8], before index: Int) -> Unicode.Scalar {
        scalar(in: text, at: start(in: text, before: index))
    }

    /// Where the character starts that ends before `index`, which is not 0.
    static func start(in text: [UInt8], before index: Int) -> Int {
        var start = index - 1
        while start > 0, isContinuation(text[start]) { start -= 1 }
        return start
    }

    /// The bytes of a character, by its first.
    static func width(of first: UInt8) -> Int {
        switch first {
        case 0..<0x80: 1
        case 0x80..<0xE0: 2
        case 0xE0..<0xF0: 3
        default: 4
        }
    }

    /// Appends the bytes of a character.
    static func append(_ scalar: Unicode.Scalar, to text: inout [UInt8]) {
        let value = scalar.value
        func last(_ shift: UInt32) -> UInt8 { UInt8(truncatingIfNeeded: value >> shift & 0x3F | 0x80) }
        switch value {
        case 0..<0x80: text.append(UInt8(truncatingIfNeeded: value))
        case 0x80..<0x800:
            text.append(UInt8(truncatingIfNeeded: value >> 6 | 0xC0))
            text.append(last(0))
        case 0x800..<0x10000:
            text.append(UInt8(truncatingIfNeeded: value >> 12 | 0xE0))
            text.append(last(6))
            text.append(last(0))
        default:
            text.append(UInt8(truncatingIfNeeded: value >> 18 | 0xF0))
            text.append(last(12))
            text.append(last(6))
            text.append(last(0))
        }
    }

    /// The number of characters in `bytes`.
    static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { isContinuation($1) ? $0 : $0 + 1 }
    }

    static func isContinuation(_ byte: UInt8) -> Bool {
        byte & 0xC0 == 0x80
    }
}
