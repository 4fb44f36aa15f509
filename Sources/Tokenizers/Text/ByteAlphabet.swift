/// The characters that byte-level BPE writes bytes as (Radford et al., 2019): printing characters of
/// Latin-1 stand for themselves, the other bytes for characters from U+0100 on.
enum ByteAlphabet {
    /// The character of each byte.
    static let characters: [Unicode.Scalar] = {
        var next: UInt32 = 0x100
        return (0...UInt8.max).map { byte in
            if isPrinting(byte) { return Unicode.Scalar(byte) }
            defer { next += 1 }
            return Unicode.Scalar(next) ?? "\u{FFFD}"
        }
    }()

    /// The byte that a character stands for, by its number; -1 for none.
    private static let bytes: [Int16] = {
        var bytes = [Int16](repeating: -1, count: Int(characters.map(\.value).max() ?? 0) + 1)
        for (byte, character) in characters.enumerated() { bytes[Int(character.value)] = Int16(byte) }
        return bytes
    }()

    private static func isPrinting(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x7E, 0xA1...0xAC, 0xAE...0xFF: true
        default: false
        }
    }

    /// The bytes that a token stands for; nil when it has a character that stands for none, as special
    /// tokens may.
    static func bytes(of token: String) -> [UInt8]? {
        var result: [UInt8] = []
        result.reserveCapacity(token.utf8.count)
        for scalar in token.unicodeScalars {
            guard scalar.value < UInt32(bytes.count) else { return nil }
            let byte = bytes[Int(scalar.value)]
            guard byte >= 0 else { return nil }
            result.append(UInt8(byte))
        }
        return result
    }

    /// A text with its bytes written as characters.
    static func spelled(_ text: AlignedText) -> AlignedText {
        var rewriter = TextRewriter(text)
        while let next = rewriter.next {
            for (number, byte) in text.bytes[rewriter.position..<next.end].enumerated() {
                rewriter.append(characters[Int(byte)], change: number == 0 ? 0 : 1)
            }
        }
        return rewriter.text
    }
}
