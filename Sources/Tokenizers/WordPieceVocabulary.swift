/// WordPiece: a word is its longest known prefix, then the longest known continuation, and so on;
/// a word that cannot be covered is the unknown token as a whole.
/// (Schuster and Nakajima 2012, Japanese and Korean voice search.)
struct WordPieceVocabulary: Sendable {
    private let prefixes: TokenTable
    private let continuations: TokenTable
    private let unknownID: Int32
    private let longestWord: Int

    /// - Parameters:
    ///   - tokens: every token and its id
    ///   - continuationMark: what tokens that continue a word start with, `##`
    ///   - longestWord: words of more characters than this are unknown
    init(tokens: [(text: String, id: Int32)], continuationMark: String, longestWord: Int, unknownID: Int32) {
        let entries = tokens.map { (text: ArraySlice($0.text.utf8), id: $0.id) }
        prefixes = TokenTable(entries)
        let mark = Array(continuationMark.utf8)
        continuations = TokenTable(
            entries.filter { $0.text.starts(with: mark) }.map { ($0.text.dropFirst(mark.count), $0.id) })
        self.unknownID = unknownID
        self.longestWord = longestWord
    }

    /// Appends the ids of the word `text[range]` to `ids`.
    func appendPieces(of text: [UInt8], in range: Range<Int>, to ids: inout [Int32]) {
        let firstPiece = ids.count
        var start = range.lowerBound
        // A word has at most as many characters as bytes, so most need no counting.
        let isTooLong = range.count > longestWord && UTF8Text.scalarCount(text[range]) > longestWord
        while start < range.upperBound, !isTooLong {
            let table = start == range.lowerBound ? prefixes : continuations
            guard let piece = table.longestPrefix(of: text, in: start..<range.upperBound) else { break }
            ids.append(piece.id)
            start = piece.end
        }
        if start < range.upperBound {
            ids.removeSubrange(firstPiece...)
            ids.append(unknownID)
        }
    }
}
