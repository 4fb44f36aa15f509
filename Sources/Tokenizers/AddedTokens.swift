/// A token that is found in the text by its letters, before any word is split.
///
/// `lstrip` and `rstrip`, which let a match swallow the spaces beside it, are not kept: spaces
/// make no token of BERT's, so they change offsets only and never an id.
struct AddedToken: Sendable {
    let content: [UInt8]
    let id: Int32
    /// Matches only where no word character stands on either side.
    let isSingleWord: Bool
    /// Is looked for in the normalized text instead of the raw one.
    let isNormalized: Bool
}

/// Finds added tokens: the leftmost match and, of those that start there, the longest.
struct AddedTokenMatcher: Sendable {
    enum Piece {
        case text(Range<Int>)
        case token(Int32)
    }

    /// Tokens by their first byte, the longest first.
    private let tokens: [UInt8: [AddedToken]]

    init(_ tokens: [AddedToken]) {
        self.tokens = Dictionary(grouping: tokens.filter { !$0.content.isEmpty }, by: { $0.content[0] })
            .mapValues { $0.sorted { $0.content.count > $1.content.count } }
    }

    var isEmpty: Bool { tokens.isEmpty }

    /// Cuts `text` into added tokens and what lies between.
    func pieces(of text: [UInt8]) -> [Piece] {
        guard !isEmpty else { return [.text(0..<text.count)] }
        var pieces: [Piece] = []
        var textStart = 0
        var index = 0
        while index < text.count {
            guard let token = token(in: text, at: index) else {
                index += 1
                continue
            }
            let end = index + token.content.count
            if !token.isSingleWord || isSingleWord(index..<end, of: text) {
                if textStart < index { pieces.append(.text(textStart..<index)) }
                pieces.append(.token(token.id))
                textStart = end
            }
            index = end
        }
        if textStart < text.count { pieces.append(.text(textStart..<text.count)) }
        return pieces
    }

    private func token(in text: [UInt8], at index: Int) -> AddedToken? {
        tokens[text[index]]?.first { text[index...].starts(with: $0.content) }
    }

    private func isSingleWord(_ range: Range<Int>, of text: [UInt8]) -> Bool {
        let followsWord =
            range.lowerBound > 0
            && BertCharacters.isWordCharacter(UTF8Text.scalar(in: text, before: range.lowerBound))
        let precedesWord =
            range.upperBound < text.count
            && BertCharacters.isWordCharacter(UTF8Text.scalar(in: text, at: range.upperBound))
        return !followsWord && !precedesWord
    }
}
