/// A step that cuts a text into the pieces that tokens are looked for in.
enum PreTokenizer: Sendable, Equatable {
    /// At white space and punctuation, as BERT does.
    case bert
    /// At the matches of a pattern.
    case split(TextPattern, SplitBehavior, inverts: Bool)
    /// At characters of a class.
    case characters(ScalarClass, SplitBehavior)
    /// Into runs of word characters and runs of others, without white space.
    case words
    /// At a mark that stands for spaces.
    case metaspace(Metaspace)
    /// Into pieces of so many characters.
    case fixedLength(Int)
    /// At changes of script.
    case scripts
    /// Puts a space before a piece that does not start with one.
    case prefixSpace
    /// Writes bytes as characters.
    case spelledBytes

    /// Whether the step makes another text of the one that it is given.
    var rewrites: Bool {
        switch self {
        case .metaspace, .prefixSpace, .spelledBytes: true
        default: false
        }
    }

    /// Calls `body` with every piece of a range of a text, in order, until it returns false.
    ///
    /// - Returns: whether it has been called with all.
    func forEachPiece(
        of text: AlignedText, in range: Range<Int>, _ body: (_ text: AlignedText, _ range: Range<Int>) -> Bool
    ) -> Bool {
        func all(_ ranges: some Sequence<Range<Int>>) -> Bool {
            for piece in ranges where !piece.isEmpty {
                guard body(text, piece) else { return false }
            }
            return true
        }
        switch self {
        case .bert: return all(BertWords(text.bytes, in: range))
        case .split(let pattern, let behavior, let inverts):
            if behavior == .isolated {
                return pattern.forEachPart(of: text.bytes, in: range) {
                    $0.range.isEmpty || body(text, $0.range)
                }
            }
            var parts: [TextPattern.Part] = []
            _ = pattern.forEachPart(of: text.bytes, in: range) { part in
                parts.append(.init(range: part.range, isMatch: part.isMatch != inverts))
                return true
            }
            return all(behavior.pieces(of: parts))
        case .characters(let kind, let behavior):
            return all(behavior.pieces(of: kind.parts(of: text.bytes, in: range)))
        case .words: return all(WordRuns(text.bytes, in: range))
        case .metaspace(let metaspace): return metaspace.forEachPiece(of: text, in: range, body)
        case .fixedLength(let length): return all(Self.chunks(of: text.bytes, in: range, length))
        case .scripts: return all(UnicodeScripts.runs(of: text.bytes, in: range))
        case .prefixSpace:
            if text.bytes[range.lowerBound] == 0x20 { return body(text, range) }
            let spaced = text.slice(range).prepending(" ")
            return body(spaced, spaced.bytes.indices)
        case .spelledBytes:
            let spelled = ByteAlphabet.spelled(text.slice(range))
            return body(spelled, spelled.bytes.indices)
        }
    }

    private static func chunks(of text: [UInt8], in range: Range<Int>, _ length: Int) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var (start, index, count) = (range.lowerBound, range.lowerBound, 0)
        while index < range.upperBound {
            index = min(index + UTF8Text.width(of: text[index]), range.upperBound)
            count += 1
            if count == length || index == range.upperBound {
                chunks.append(start..<index)
                (start, count) = (index, 0)
            }
        }
        return chunks
    }
}

extension [PreTokenizer] {
    /// Calls `body` with the pieces that are left after all steps, as by one; with the whole where there are none.
    func forEachPiece(
        of text: AlignedText, in range: Range<Int>, _ body: (_ text: AlignedText, _ range: Range<Int>) -> Bool
    ) -> Bool {
        self[...].forEachPiece(of: text, in: range, body)
    }
}

extension ArraySlice<PreTokenizer> {
    fileprivate func forEachPiece(
        of text: AlignedText, in range: Range<Int>, _ body: (_ text: AlignedText, _ range: Range<Int>) -> Bool
    ) -> Bool {
        guard let first else { return range.isEmpty || body(text, range) }
        if range.isEmpty { return true }
        if count == 1 { return first.forEachPiece(of: text, in: range, body) }
        let rest = dropFirst()
        return first.forEachPiece(of: text, in: range) { rest.forEachPiece(of: $0, in: $1, body) }
    }
}
