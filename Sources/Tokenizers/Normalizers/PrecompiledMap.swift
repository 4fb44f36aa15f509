import Foundation

/// The map of characters that a sentencepiece model carries with it (`precompiled_charsmap`): a double-array trie of
/// what is replaced, and the texts that replace it.
///
/// The `tokenizers` library looks up whole grapheme clusters of fewer than six bytes, then single characters, and
/// takes the shortest entry that the text starts with; so does this.
struct PrecompiledMap: Sendable {
    private let units: [UInt32]
    private let texts: [UInt8]

    private static let longestCluster = 5

    /// Reads a map; nil for a malformed one.
    init?(_ data: [UInt8]) {
        func word(_ index: Int) -> UInt32 {
            data[index..<index + 4].enumerated().reduce(0) { $0 | UInt32($1.element) << (8 * $1.offset) }
        }
        guard data.count >= 4 else { return nil }
        let size = Int(word(0))
        guard size % 4 == 0, size > 0, size <= data.count - 4 else { return nil }
        units = (0..<size / 4).map { word(4 + $0 * 4) }
        texts = Array(data[(4 + size)...])
    }

    /// Reads a map in base 64; nil for a malformed one.
    init?(base64: String) {
        guard let data = Data(base64Encoded: base64) else { return nil }
        self.init(Array(data))
    }

    /// The normal form of a text.
    func normalize(_ text: AlignedText) -> AlignedText {
        let bytes = text.bytes
        var rewriter = TextRewriter(text)
        var parts: [(scalar: Unicode.Scalar, change: Int)] = []
        var isModified = false
        func appendCharacters(of range: Range<Int>) {
            var index = range.lowerBound
            while index < range.upperBound {
                let (scalar, end) = UTF8Text.character(in: bytes, at: index)
                if let replacement = replacement(of: bytes[index..<end]) {
                    isModified = true
                    Self.append(replacement, for: 1, to: &parts)
                } else {
                    parts.append((scalar, 0))
                }
                index = end
            }
        }
        for cluster in Self.clusters(bytes) {
            if cluster.count <= Self.longestCluster, let replacement = replacement(of: bytes[cluster]) {
                isModified = true
                Self.append(replacement, for: UTF8Text.scalarCount(bytes[cluster]), to: &parts)
            } else {
                appendCharacters(of: cluster)
            }
        }
        guard isModified else { return text }
        for part in parts { rewriter.append(part.scalar, change: part.change) }
        return rewriter.text
    }

    /// Appends a text that stands for `count` characters; what is left over is put to its last one.
    private static func append(
        _ replacement: ArraySlice<UInt8>, for count: Int,
        to parts: inout [(scalar: Unicode.Scalar, change: Int)]
    ) {
        let scalars = Array(String(decoding: replacement, as: UTF8.self).unicodeScalars)
        parts += scalars.enumerated().map { ($1, $0 < count ? 0 : 1) }
        if scalars.count < count, !parts.isEmpty { parts[parts.count - 1].change -= count - scalars.count }
    }

    /// The text of the shortest entry that a text starts with; nil where there is none.
    private func replacement(of text: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        var node = Int(Self.offset(units[0]))
        for byte in text {
            if byte == 0 { return nil }
            node ^= Int(byte)
            guard units.indices.contains(node) else { return nil }
            let unit = units[node]
            guard unit & 0x8000_00FF == UInt32(byte) else { return nil }
            node ^= Int(Self.offset(unit))
            guard unit >> 8 & 1 == 1 else { continue }
            guard units.indices.contains(node) else { return nil }
            let start = Int(units[node] & 0x7FFF_FFFF)
            guard start <= texts.count else { return nil }
            return texts[start...].prefix { $0 != 0 }
        }
        return nil
    }

    private static func offset(_ unit: UInt32) -> UInt32 {
        (unit >> 10) << ((unit & 0x200) >> 6)
    }

    /// The grapheme clusters of a text.
    private static func clusters(_ bytes: [UInt8]) -> [Range<Int>] {
        var ranges: [Range<Int>] = []
        var index = 0
        while index < bytes.count {
            // Between two characters of ASCII a cluster ends, but between carriage return and line feed.
            let next = index + 1
            if bytes[index] < 0x80, bytes[index] != 0x0D, next == bytes.count || bytes[next] < 0x80 {
                ranges.append(index..<next)
                index = next
                continue
            }
            var end = next
            while end < bytes.count, !(bytes[end] < 0x80 && bytes[end - 1] < 0x80 && bytes[end - 1] != 0x0D) {
                end += 1
            }
            for character in String(decoding: bytes[index..<end], as: UTF8.self) {
                let width = character.utf8.count
                ranges.append(index..<index + width)
                index += width
            }
        }
        return ranges
    }
}
