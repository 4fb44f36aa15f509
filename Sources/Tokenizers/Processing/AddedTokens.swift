/// A token that is found in the text by its letters, before any word is split.
struct AddedToken: Sendable, Equatable {
    let content: [UInt8]
    let id: Int32
    /// Whether it stands for no text: it is left out where a reader asks for text alone.
    var isSpecial = true
    /// Matches only where no word character stands on either side.
    var isSingleWord = false
    /// A match takes the white space before it along.
    var stripsLeft = false
    /// A match takes the white space after it along.
    var stripsRight = false
    /// Is looked for in the normalized text instead of the raw one.
    var isNormalized = false

    /// A special token that is found as it stands.
    init(_ text: String, id: Int32) {
        (content, self.id) = (Array(text.utf8), id)
    }

    init(content: [UInt8], id: Int32) {
        (self.content, self.id) = (content, id)
    }
}

/// Finds added tokens: the leftmost match and, of those that start there, the longest.
struct AddedTokenMatcher: Sendable {
    enum Piece {
        case text(Range<Int>)
        case token(Int32, Range<Int>)
    }

    /// Tokens by their first byte, the longest first.
    private let tokens: [UInt8: [AddedToken]]
    /// Whether some token starts with a byte.
    private let starts: [Bool]

    init(_ tokens: [AddedToken]) {
        self.tokens = Dictionary(grouping: tokens.filter { !$0.content.isEmpty }, by: { $0.content[0] })
            .mapValues { $0.sorted { $0.content.count > $1.content.count } }
        var starts = [Bool](repeating: false, count: 256)
        for byte in self.tokens.keys { starts[Int(byte)] = true }
        self.starts = starts
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Cuts a range of `text` into added tokens and what lies between.
    func pieces(of text: [UInt8], in range: Range<Int>) -> [Piece] {
        guard !isEmpty else { return [.text(range)] }
        var pieces: [Piece] = []
        var textStart = range.lowerBound
        var index = range.lowerBound
        while index < range.upperBound {
            guard starts[Int(text[index])], let token = token(in: text, at: index, range.upperBound) else {
                index += 1
                continue
            }
            var match = index..<index + token.content.count
            index = match.upperBound
            if match.lowerBound < textStart || token.isSingleWord && !isSingleWord(match, of: text, range) {
                continue
            }
            if token.stripsLeft { match = spacesStart(before: match, of: text, textStart)..<match.upperBound }
            if token.stripsRight { match = match.lowerBound..<spacesEnd(after: match, of: text, range) }
            if textStart < match.lowerBound { pieces.append(.text(textStart..<match.lowerBound)) }
            pieces.append(.token(token.id, match))
            textStart = match.upperBound
        }
        if textStart < range.upperBound { pieces.append(.text(textStart..<range.upperBound)) }
        return pieces
    }

    private func token(in text: [UInt8], at index: Int, _ end: Int) -> AddedToken? {
        tokens[text[index]]?.first { text[index..<end].starts(with: $0.content) }
    }

    private func isSingleWord(_ match: Range<Int>, of text: [UInt8], _ range: Range<Int>) -> Bool {
        let followsWord =
            match.lowerBound > range.lowerBound
            && BertCharacters.isWordCharacter(UTF8Text.scalar(in: text, before: match.lowerBound))
        let precedesWord =
            match.upperBound < range.upperBound
            && BertCharacters.isWordCharacter(UTF8Text.scalar(in: text, at: match.upperBound))
        return !followsWord && !precedesWord
    }

    private func spacesStart(before match: Range<Int>, of text: [UInt8], _ limit: Int) -> Int {
        var start = match.lowerBound
        while start > limit {
            let previous = UTF8Text.start(in: text, before: start)
            guard previous >= limit, UTF8Text.scalar(in: text, at: previous).properties.isWhitespace else {
                break
            }
            start = previous
        }
        return start
    }

    private func spacesEnd(after match: Range<Int>, of text: [UInt8], _ range: Range<Int>) -> Int {
        var end = match.upperBound
        while end < range.upperBound {
            let (scalar, next) = UTF8Text.character(in: text, at: end)
            guard scalar.properties.isWhitespace else { break }
            end = next
        }
        return end
    }
}
