/// What is looked for in a text: another text, the words of a known expression, or the matches of a regular one.
enum TextPattern: Sendable, Equatable {
    case text([UInt8])
    case words(ByteLevelWords.Expression)
    case expression(RegularExpression)
    /// Two spaces or more.
    case spaces

    /// A part of a text, and whether it is a match.
    struct Part {
        var range: Range<Int>
        var isMatch: Bool
    }

    /// The pattern of a regular expression, which is matched without one where it is known.
    ///
    /// - Throws: the reason why the expression is not followed.
    init(expression pattern: String) throws(RegularExpression.Refusal) {
        if let words = ByteLevelWords.Expression(pattern: pattern) {
            self = .words(words)
        } else if pattern == " {2,}" {
            self = .spaces
        } else {
            self = .expression(try RegularExpression(pattern))
        }
    }

    /// Calls `body` with the matches in a range of a text and what lies between them, in order, until it returns false.
    ///
    /// - Returns: whether it has been called with all.
    func forEachPart(of text: [UInt8], in range: Range<Int>, _ body: (Part) -> Bool) -> Bool {
        if case .words(let expression) = self {
            // Their matches leave nothing out.
            return ByteLevelWords(text, expression).forEach(in: range) {
                body(Part(range: $0, isMatch: true))
            }
        }
        var start = range.lowerBound
        for match in matches(in: text, range) {
            if start < match.lowerBound {
                guard body(Part(range: start..<match.lowerBound, isMatch: false)) else { return false }
            }
            guard body(Part(range: match, isMatch: true)) else { return false }
            start = match.upperBound
        }
        return start == range.upperBound || body(Part(range: start..<range.upperBound, isMatch: false))
    }

    private func matches(in text: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        switch self {
        case .text(let content): Self.occurrences(of: content, in: text, range)
        case .words: []
        case .expression(let expression): expression.matches(in: text, range)
        case .spaces: Self.spaces(in: text, range)
        }
    }

    private static func occurrences(of content: [UInt8], in text: [UInt8], _ range: Range<Int>) -> [Range<
        Int
    >] {
        guard let first = content.first else { return [] }
        var found: [Range<Int>] = []
        var index = range.lowerBound
        while index + content.count <= range.upperBound {
            if text[index] == first, text[index..<index + content.count].elementsEqual(content) {
                found.append(index..<index + content.count)
                index += content.count
            } else {
                index += 1
            }
        }
        return found
    }

    private static func spaces(in text: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        var found: [Range<Int>] = []
        var index = range.lowerBound
        while index < range.upperBound {
            let end = text[index..<range.upperBound].firstIndex { $0 != 0x20 } ?? range.upperBound
            if end - index > 1 { found.append(index..<end) }
            index = end + 1
        }
        return found
    }

    /// A text with every match replaced; what is put in comes from where the match ends.
    func replacing(in text: AlignedText, with content: String) -> AlignedText {
        var rewriter = TextRewriter(text)
        _ = forEachPart(of: text.bytes, in: text.bytes.indices) { part in
            if part.isMatch {
                rewriter.skip(to: part.range.upperBound)
                for scalar in content.unicodeScalars { rewriter.append(scalar, change: 1) }
            } else {
                rewriter.copy(to: part.range.upperBound)
            }
            return true
        }
        return rewriter.text
    }
}
