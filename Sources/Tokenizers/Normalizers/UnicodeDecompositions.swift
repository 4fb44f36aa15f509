import Foundation

/// What characters decompose into and what they compose to, as of Unicode 9.0.
///
/// Foundation knows; but it takes quadratic time over a long run of marks, so it is asked about single characters, once.
enum UnicodeDecompositions {
    private static let version = 9

    /// Where characters are that decompose; Hangul is computed.
    private static let blocks: [ClosedRange<UInt32>] = [
        0xA0...0x33FF, 0xA600...0xABFF, 0xF900...0xFFFF, 0x11000...0x11FFF, 0x1D100...0x1D7FF,
        0x1EE00...0x1F2FF, 0x2F800...0x2FA1F,
    ]

    private static let canonical = table(isCompatible: false)
    private static let compatible = table(isCompatible: true)

    private static func table(isCompatible: Bool) -> [UInt32: [Unicode.Scalar]] {
        var table: [UInt32: [Unicode.Scalar]] = [:]
        for scalar in blocks.joined().compactMap(Unicode.Scalar.init)
        where BertCharacters.isInUnicode(version, scalar) {
            let text = String(scalar)
            let scalars = Array(
                (isCompatible
                    ? text.decomposedStringWithCompatibilityMapping
                    : text.decomposedStringWithCanonicalMapping).unicodeScalars)
            if scalars != [scalar] { table[scalar.value] = scalars }
        }
        return table
    }

    /// The character that two neighbours compose to, by both.
    private static let compositions: [UInt64: Unicode.Scalar] = {
        var composed: [[Unicode.Scalar]: Unicode.Scalar] = [:]
        for (value, parts) in canonical {
            guard let scalar = Unicode.Scalar(value), parts.count > 1,
                Array(String(scalar).precomposedStringWithCanonicalMapping.unicodeScalars) == [scalar]
            else { continue }
            composed[parts] = scalar
        }
        var pairs: [UInt64: Unicode.Scalar] = [:]
        for (parts, scalar) in composed {
            guard let last = parts.last else { continue }
            let first = parts.count == 2 ? parts[0] : composed[parts.dropLast()]
            if let first { pairs[key(first, last)] = scalar }
        }
        return pairs
    }()

    private static func key(_ first: Unicode.Scalar, _ second: Unicode.Scalar) -> UInt64 {
        UInt64(first.value) << 32 | UInt64(second.value)
    }

    /// The whole decomposition of a character; nil for one that has none.
    static func decomposition(of scalar: Unicode.Scalar, isCompatible: Bool) -> [Unicode.Scalar]? {
        switch scalar.value {
        case 0..<0xA0, 0x3400..<0xA600: return nil
        case Hangul.syllables: return Hangul.decomposition(of: scalar)
        default: return (isCompatible ? compatible : canonical)[scalar.value]
        }
    }

    /// What two characters compose to; nil for nothing.
    static func composition(of first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
        if second.value < UnicodeMarks.first { return nil }
        return Hangul.composition(of: first, second) ?? compositions[key(first, second)]
    }

    /// The arithmetic of Hangul syllables (The Unicode Standard, chapter 3.12).
    private enum Hangul {
        static let syllables: Range<UInt32> = 0xAC00..<0xD7A4
        private static let leads: Range<UInt32> = 0x1100..<0x1113
        private static let vowels: Range<UInt32> = 0x1161..<0x1176
        private static let tails: Range<UInt32> = 0x11A8..<0x11C3
        private static let tailCount: UInt32 = 28
        private static let blockCount: UInt32 = 588

        static func decomposition(of scalar: Unicode.Scalar) -> [Unicode.Scalar] {
            let index = scalar.value - syllables.lowerBound
            let tail = index % tailCount
            let values = [
                leads.lowerBound + index / blockCount, vowels.lowerBound + index % blockCount / tailCount,
            ]
            return (tail == 0 ? values : values + [tails.lowerBound - 1 + tail])
                .compactMap(Unicode.Scalar.init)
        }

        static func composition(of first: Unicode.Scalar, _ second: Unicode.Scalar) -> Unicode.Scalar? {
            if leads.contains(first.value), vowels.contains(second.value) {
                let lead = (first.value - leads.lowerBound) * blockCount
                return Unicode.Scalar(
                    syllables.lowerBound + lead + (second.value - vowels.lowerBound) * tailCount)
            }
            if syllables.contains(first.value), (first.value - syllables.lowerBound) % tailCount == 0,
                tails.contains(second.value)
            {
                return Unicode.Scalar(first.value + second.value - tails.lowerBound + 1)
            }
            return nil
        }
    }
}

/// Marks, as of Unicode 9.0.
enum UnicodeMarks {
    static let first: UInt32 = 0x300
    private static let version = 9

    /// Where a mark goes among those after a character; 0 for what is no such mark.
    static func combiningClass(_ scalar: Unicode.Scalar) -> UInt8 {
        switch scalar.value {
        case 0..<first, 0x3400..<0xA600, 0xAC00..<0xD7A4: return 0
        default: break
        }
        let order = scalar.properties.canonicalCombiningClass.rawValue
        return order != 0 && BertCharacters.isInUnicode(version, scalar) ? order : 0
    }

    /// Whether a character is of category M.
    static func isMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.value < first { return false }
        // Their categories have changed since.
        switch scalar.value {
        case 0x1CF2, 0x1CF3: return true
        case 0x111C9: return false
        default: break
        }
        switch scalar.properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark: return BertCharacters.isInUnicode(version, scalar)
        default: return false
        }
    }
}
