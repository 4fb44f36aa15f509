/// Characters that a text is split at one by one.
enum ScalarClass: Sendable, Equatable {
    /// Numbers of every kind: digits, Roman numerals, fractions.
    case numbers
    /// What BERT takes for punctuation.
    case punctuation
    case whitespace
    case one(Unicode.Scalar)

    /// Whether a character is one of them.
    func contains(_ scalar: Unicode.Scalar) -> Bool {
        switch self {
        case .numbers: return Self.isNumber(scalar)
        case .punctuation: return BertCharacters.isPunctuation(scalar)
        case .whitespace: return scalar.properties.isWhitespace
        case .one(let other): return scalar == other
        }
    }

    private static func isNumber(_ scalar: Unicode.Scalar) -> Bool {
        if scalar.isASCII { return (0x30...0x39).contains(scalar.value) }
        switch scalar.properties.generalCategory {
        case .decimalNumber, .letterNumber, .otherNumber: return true
        default: return false
        }
    }

    /// The characters in a range of a text that are of the class, and what lies between them.
    func parts(of text: [UInt8], in range: Range<Int>) -> [TextPattern.Part] {
        var parts: [TextPattern.Part] = []
        var (start, index) = (range.lowerBound, range.lowerBound)
        while index < range.upperBound {
            let (scalar, end) = UTF8Text.character(in: text, at: index)
            if contains(scalar) {
                if start < index { parts.append(.init(range: start..<index, isMatch: false)) }
                parts.append(.init(range: index..<end, isMatch: true))
                start = end
            }
            index = end
        }
        if start < index { parts.append(.init(range: start..<index, isMatch: false)) }
        return parts
    }
}
