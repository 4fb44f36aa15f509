/// Unicode's normal forms NFC, NFD, NFKC and NFKD, as of Unicode 9.0, which the `tokenizers` library has built in:
/// later characters are left where they are.
///
/// Takes time n·log n in the longest run of marks, and linear time in the text.
struct NormalForm: Sendable {
    /// Whether what has been decomposed is composed again: the forms with a C.
    let composes: Bool
    /// Whether compatible characters are the same: the forms with a K.
    let isCompatible: Bool

    static let canonicalDecomposition = NormalForm(composes: false, isCompatible: false)

    /// A character of the result, and what becomes of the source there; see ``TextRewriter/append(_:change:)``.
    private struct Part {
        var scalar: Unicode.Scalar
        var change: Int
        var order: UInt8
    }

    /// The first byte of the first character that has to be looked at: U+00A0, U+00C0 or U+0300.
    private var firstByte: UInt8 {
        if isCompatible { return 0xC2 }
        return composes ? 0xCC : 0xC3
    }

    /// The normal form of a text.
    func normalize(_ text: AlignedText) -> AlignedText {
        let bytes = text.bytes
        let firstByte = firstByte
        guard bytes.contains(where: { $0 >= firstByte }) else { return text }
        var rewriter = TextRewriter(text)
        var index = 0
        while index < bytes.count {
            // A mark may be composed with the plain character before it.
            var start = index
            while index < bytes.count, bytes[index] < firstByte {
                start = index
                index += UTF8Text.width(of: bytes[index])
            }
            if index >= bytes.count { break }
            if !composes { start = index }
            while index < bytes.count, bytes[index] >= firstByte { index += UTF8Text.width(of: bytes[index]) }
            rewriter.copy(to: start)
            normalize(start..<min(index, bytes.count), &rewriter, bytes)
        }
        rewriter.copy(to: bytes.count)
        return rewriter.text
    }

    private func normalize(_ range: Range<Int>, _ rewriter: inout TextRewriter, _ bytes: [UInt8]) {
        var parts: [Part] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let (scalar, end) = UTF8Text.character(in: bytes, at: index)
            index = end
            let decomposed = UnicodeDecompositions.decomposition(of: scalar, isCompatible: isCompatible)
            guard let decomposed else {
                parts.append(Part(scalar: scalar, change: 0, order: UnicodeMarks.combiningClass(scalar)))
                continue
            }
            for (number, scalar) in decomposed.enumerated() {
                parts.append(
                    Part(
                        scalar: scalar, change: number == 0 ? 0 : 1,
                        order: UnicodeMarks.combiningClass(scalar)))
            }
        }
        Self.reorder(&parts)
        if composes { parts = Self.composed(parts) }
        for part in parts { rewriter.append(part.scalar, change: part.change) }
    }

    /// Sorts every run of marks by their classes; those of one class keep their order.
    private static func reorder(_ parts: inout [Part]) {
        var start = 0
        while start < parts.count {
            guard parts[start].order != 0 else {
                start += 1
                continue
            }
            var end = start + 1
            var isSorted = true
            while end < parts.count, parts[end].order != 0 {
                if parts[end].order < parts[end - 1].order { isSorted = false }
                end += 1
            }
            if !isSorted {
                let sorted = parts[start..<end].enumerated().sorted {
                    ($0.element.order, $0.offset) < ($1.element.order, $1.offset)
                }
                parts.replaceSubrange(start..<end, with: sorted.map(\.element))
            }
            start = end
        }
    }

    /// Composes every character with the marks after it that nothing blocks (Unicode Standard Annex 15).
    private static func composed(_ parts: [Part]) -> [Part] {
        var result: [Part] = []
        result.reserveCapacity(parts.count)
        /// The place of the last character that marks may be composed with.
        var base: Int?
        /// The class of the last mark after it that was not.
        var last: UInt8?
        for part in parts {
            let isBlocked = last.map { $0 >= part.order } ?? false
            if let place = base, !isBlocked,
                let scalar = UnicodeDecompositions.composition(of: result[place].scalar, part.scalar)
            {
                result[place].scalar = scalar
                result[place].change += part.change - 1
                continue
            }
            if part.order == 0 {
                base = result.count
                last = nil
            } else {
                last = part.order
            }
            result.append(part)
        }
        return result
    }
}
