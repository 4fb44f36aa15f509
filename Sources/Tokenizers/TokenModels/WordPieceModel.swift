/// WordPiece: a word is its longest known prefix, then the longest known continuation, and so on;
/// a word that cannot be covered is the unknown token as a whole.
/// (Schuster and Nakajima 2012, Japanese and Korean voice search.)
struct WordPieceModel: Sendable {
    private let prefixes: ByteTrie
    private let continuations: ByteTrie
    private let unknownID: Int32
    private let longestWord: Int

    /// - Parameters:
    ///   - entries: every token and its id
    ///   - continuationMark: what tokens that continue a word start with, `##`
    ///   - longestWord: words of more characters than this are unknown
    ///   - file: for errors
    /// - Throws: `Issue` for more tokens than there is room for.
    init(
        _ entries: [VocabularyEntry], continuationMark: String, longestWord: Int, unknownID: Int32,
        file: String
    ) throws {
        var (prefixes, continuations) = (ByteTrie(), ByteTrie())
        let mark = Array(continuationMark.utf8)
        for entry in entries {
            try prefixes.insert(entry.text.utf8, id: entry.id, file: file)
            if entry.text.utf8.starts(with: mark) {
                try continuations.insert(entry.text.utf8.dropFirst(mark.count), id: entry.id, file: file)
            }
        }
        (self.prefixes, self.continuations) = (prefixes, continuations)
        (self.unknownID, self.longestWord) = (unknownID, longestWord)
    }

    /// Appends the tokens of the word `text[range]`.
    func append(_ text: [UInt8], _ range: Range<Int>, to tokens: inout TokenList) {
        let count = tokens.ids.count
        var start = range.lowerBound
        // A word has at most as many characters as bytes, so most need no counting.
        let isTooLong = range.count > longestWord && UTF8Text.scalarCount(text[range]) > longestWord
        while start < range.upperBound, !isTooLong {
            let piece =
                start == range.lowerBound
                ? prefixes.longestPrefix(of: text, in: range)
                : continuations.longestPrefix(of: text, in: start..<range.upperBound)
            guard let piece else { break }
            tokens.append(piece.id, start..<piece.end)
            start = piece.end
        }
        if start < range.upperBound {
            tokens.truncate(to: count)
            tokens.append(unknownID, range)
        }
    }
}
