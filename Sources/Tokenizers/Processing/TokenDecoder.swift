/// The steps that make a text of the spellings of tokens. What they make is put together.
indirect enum TokenDecoder: Sendable {
    /// Characters stand for bytes.
    case byteLevel
    /// Words have spaces before them, but for parts that continue one.
    case wordPiece(prefix: [UInt8], cleansUp: Bool)
    /// Marks are spaces; the first is none where one was put in.
    case metaspace(mark: Unicode.Scalar, dropsFirst: Bool)
    /// A suffix ends words.
    case suffix([UInt8])
    /// `<0x41>` and the like are bytes.
    case byteFallback
    /// Makes one of all.
    case fuse
    /// Leaves out a character at the ends of each.
    case strip(Unicode.Scalar, start: Int, stop: Int)
    case replace(TextPattern, content: [UInt8])
    case sequence([TokenDecoder])

    /// What the spellings of tokens become.
    func decode(_ tokens: [[UInt8]]) -> [[UInt8]] {
        switch self {
        case .byteLevel:
            [tokens.flatMap { ByteAlphabet.bytes(of: String(decoding: $0, as: UTF8.self)) ?? $0 }]
        case .wordPiece(let prefix, let cleansUp):
            tokens.enumerated().map { number, token in
                var token = token
                if number > 0 {
                    token = token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
                }
                return cleansUp ? Self.cleanedUp(token) : token
            }
        case .metaspace(let mark, let dropsFirst):
            tokens.enumerated().map { number, token in
                Self.replaced(
                    Array(String(mark).utf8), by: number == 0 && dropsFirst ? [] : [0x20], in: token)
            }
        case .suffix(let suffix):
            tokens.enumerated().map { number, token in
                Self.replaced(suffix, by: number == tokens.count - 1 ? [] : [0x20], in: token)
            }
        case .byteFallback: Self.bytesDecoded(tokens)
        case .fuse: [Array(tokens.joined())]
        case .strip(let scalar, let start, let stop):
            tokens.map { Self.stripped($0, scalar, start: start, stop: stop) }
        case .replace(let pattern, let content):
            tokens.map { token in
                var result: [UInt8] = []
                _ = pattern.forEachPart(of: token, in: token.indices) { part in
                    result += part.isMatch ? content[...] : token[part.range]
                    return true
                }
                return result
            }
        case .sequence(let steps): steps.reduce(tokens) { $1.decode($0) }
        }
    }

    /// What a token among others stands for, whatever stands beside it.
    func bytes(of token: [UInt8]) -> [UInt8] {
        switch self {
        case .wordPiece(let prefix, _):
            return token.starts(with: prefix) ? Array(token.dropFirst(prefix.count)) : [0x20] + token
        case .metaspace(let mark, _): return Self.replaced(Array(String(mark).utf8), by: [0x20], in: token)
        case .suffix(let suffix): return Self.replaced(suffix, by: [0x20], in: token)
        case .byteFallback: return Self.byte(of: token).map { [$0] } ?? token
        // They are about the ends of the whole text.
        case .strip: return token
        case .sequence(let steps): return steps.reduce(token) { $1.bytes(of: $0) }
        case .byteLevel, .fuse, .replace: return Array(decode([token]).joined())
        }
    }

    private static func byte(of token: [UInt8]) -> UInt8? {
        guard token.count == 6, token.starts(with: [0x3C, 0x30, 0x78]), token[5] == 0x3E else { return nil }
        return UInt8(String(decoding: token[3..<5], as: UTF8.self), radix: 16)
    }

    /// Bytes in a row are a text; each of those that are none becomes a replacement character.
    private static func bytesDecoded(_ tokens: [[UInt8]]) -> [[UInt8]] {
        var result: [[UInt8]] = []
        var bytes: [UInt8] = []
        func endBytes() {
            if String(validating: bytes, as: UTF8.self) != nil {
                if !bytes.isEmpty { result.append(bytes) }
            } else {
                result += Array(repeating: Array("\u{FFFD}".utf8), count: bytes.count)
            }
            bytes = []
        }
        for token in tokens {
            if let byte = byte(of: token) {
                bytes.append(byte)
            } else {
                endBytes()
                result.append(token)
            }
        }
        endBytes()
        return result
    }

    private static func stripped(_ token: [UInt8], _ scalar: Unicode.Scalar, start: Int, stop: Int) -> [UInt8]
    {
        var scalars = String(decoding: token, as: UTF8.self).unicodeScalars[...]
        for _ in 0..<start where scalars.first == scalar { scalars.removeFirst() }
        for _ in 0..<stop where scalars.last == scalar { scalars.removeLast() }
        return Array(String(scalars).utf8)
    }

    private static func replaced(_ content: [UInt8], by other: [UInt8], in token: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        _ = TextPattern.text(content).forEachPart(of: token, in: token.indices) { part in
            result += part.isMatch ? other[...] : token[part.range]
            return true
        }
        return result
    }

    /// Spaces that English does not write.
    private static let cleanings: [(from: String, to: String)] = [
        (" .", "."), (" ?", "?"), (" !", "!"), (" ,", ","), (" ' ", "'"), (" n't", "n't"), (" 'm", "'m"),
        (" do not", " don't"), (" 's", "'s"), (" 've", "'ve"), (" 're", "'re"),
    ]

    private static func cleanedUp(_ token: [UInt8]) -> [UInt8] {
        cleanings.reduce(token) { replaced(Array($1.from.utf8), by: Array($1.to.utf8), in: $0) }
    }
}
