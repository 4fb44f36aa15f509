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

    /// The character that ends before `index`, which is not 0.
    static func scalar(in text: [UInt8], before index: Int) -> Unicode.Scalar {
        var start = index - 1
        while start > 0, isContinuation(text[start]) { start -= 1 }
        return scalar(in: text, at: start)
    }

    /// The number of characters in `bytes`.
    static func scalarCount(_ bytes: ArraySlice<UInt8>) -> Int {
        bytes.reduce(0) { isContinuation($1) ? $0 : $0 + 1 }
    }

    private static func isContinuation(_ byte: UInt8) -> Bool {
        byte & 0xC0 == 0x80
    }
}
