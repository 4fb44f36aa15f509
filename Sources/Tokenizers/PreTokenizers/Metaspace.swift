/// sentencepiece's way with spaces: each becomes a mark, which starts a piece.
struct Metaspace: Sendable, Equatable {
    /// What has a mark put before it, by the names of `tokenizer.json`.
    enum Prefix: String, Sendable {
        /// Every text that does not start with one.
        case always
        /// Only what starts the whole text.
        case first
        case never
    }

    /// The mark, `▁`.
    let mark: Unicode.Scalar
    let prefix: Prefix
    /// Whether marks start pieces; else the text stays whole.
    let splits: Bool

    static let usualMark: Unicode.Scalar = "\u{2581}"

    /// Calls `body` with every piece; see ``PreTokenizer/forEachPiece(of:in:_:)``.
    func forEachPiece(
        of text: AlignedText, in range: Range<Int>, _ body: (_ text: AlignedText, _ range: Range<Int>) -> Bool
    ) -> Bool {
        let isFirst = text.start(of: range) == 0
        var marked = TextPattern.text([0x20]).replacing(in: text.slice(range), with: String(mark))
        let needsPrefix = prefix == .always || (prefix == .first && isFirst)
        if needsPrefix, !marked.bytes.isEmpty,
            UTF8Text.scalar(in: marked.bytes, at: 0) != mark
        {
            marked = marked.prepending(String(mark))
        }
        guard splits else { return body(marked, marked.bytes.indices) }
        let bytes = marked.bytes
        let markBytes = Array(String(mark).utf8)
        var (start, index) = (0, 0)
        while index < bytes.count {
            let isMark =
                bytes[index] == markBytes[0] && bytes[index...].starts(with: markBytes)
            if isMark, index > start {
                guard body(marked, start..<index) else { return false }
                start = index
            }
            index += UTF8Text.width(of: bytes[index])
        }
        return start == bytes.count || body(marked, start..<bytes.count)
    }
}
