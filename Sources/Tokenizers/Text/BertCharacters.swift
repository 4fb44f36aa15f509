/// What BERT's normalizer and pre-tokenizer take a character for.
///
/// The `tokenizers` library has the general categories of Unicode 8.0 built in, while Swift's follow the
/// newest Unicode. So characters that came later have no category here, and the few whose category changed
/// since are named. Found by comparing all 1,112,064 scalars with `tokenizers` 0.23.
enum BertCharacters {
    static func isWhitespace(_ scalar: Unicode.Scalar) -> Bool {
        scalar.properties.isWhitespace
    }

    /// Whether cleaning removes the character: controls but for tab and line ends, formats, private use,
    /// NUL and the replacement character. Unassigned ones stay, as in the library.
    static func isRemovedByCleaning(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar {
        case "\t", "\n", "\r": return false
        case "\u{FFFD}": return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .control, .privateUse: return true
        case .format: return isInUnicode(8, scalar)
        default: return false
        }
    }

    static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return isASCIIPunctuation(UInt8(truncatingIfNeeded: scalar.value)) }
        switch scalar.value {
        case 0x166D, 0x111C9: return true
        default: break
        }
        switch scalar.properties.generalCategory {
        case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation,
            .initialPunctuation, .finalPunctuation, .otherPunctuation:
            return isInUnicode(8, scalar)
        default: return false
        }
    }

    /// Every printing ASCII character but letters and digits, symbols such as `$` and `+` too.
    static func isASCIIPunctuation(_ byte: UInt8) -> Bool {
        switch byte {
        case 0x21...0x2F, 0x3A...0x40, 0x5B...0x60, 0x7B...0x7E: true
        default: false
        }
    }

    /// Whether stripping accents removes the character (category Mn).
    static func isNonspacingMark(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return false }
        switch scalar.value {
        case 0x1734, 0x1171E: return true
        case 0x1885, 0x1886, 0xA9BD, 0x111C9: return false
        default: return scalar.properties.generalCategory == .nonspacingMark && isInUnicode(8, scalar)
        }
    }

    /// The blocks that get spaces around each character. The gap 2B820 to 2B91F is the library's.
    static func isChinese(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x4E00...0x9FFF, 0x3400...0x4DBF, 0x20000...0x2A6DF, 0x2A700...0x2B81F, 0x2B920...0x2CEAF,
            0xF900...0xFAFF, 0x2F800...0x2FA1F:
            true
        default: false
        }
    }

    /// What `\w` matches: letters, marks, decimal digits, connectors and joiners, as of Unicode 16.0.
    static func isWordCharacter(_ scalar: Unicode.Scalar) -> Bool {
        let properties = scalar.properties
        switch properties.generalCategory {
        case .nonspacingMark, .spacingMark, .enclosingMark, .decimalNumber, .connectorPunctuation: break
        default: if !properties.isAlphabetic && !properties.isJoinControl { return false }
        }
        return isInUnicode(16, scalar)
    }

    /// Whether the character was assigned by the given major version of Unicode.
    static func isInUnicode(_ version: Int, _ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return true }
        guard let age = scalar.properties.age else { return false }
        return (age.major, age.minor) <= (version, 0)
    }
}
