/// The words of a normalized text, as ranges of its UTF-8 bytes: white space separates words, and every
/// punctuation character is a word of its own.
struct BertWords: Sequence, IteratorProtocol {
    private let text: [UInt8]
    private let end: Int
    private var position: Int

    init(_ text: [UInt8], in range: Range<Int>) {
        self.text = text
        position = range.lowerBound
        end = range.upperBound
    }

    mutating func next() -> Range<Int>? {
        var start = position
        while position < end {
            let (kind, byteCount) = character(at: position)
            switch kind {
            case .letter:
                position += byteCount
            case .whitespace:
                defer { position += byteCount }
                if position > start { return start..<position }
                start = position + byteCount
            case .punctuation:
                if position > start { return start..<position }
                position += byteCount
                return start..<position
            }
        }
        return position > start ? start..<position : nil
    }

    private enum Kind {
        case letter, whitespace, punctuation
    }

    private func character(at index: Int) -> (Kind, byteCount: Int) {
        let first = text[index]
        switch first {
        case 0x61...0x7A: return (.letter, 1)
        case 0x20, 0x09...0x0D: return (.whitespace, 1)
        case 0..<0x80: return (BertCharacters.isASCIIPunctuation(first) ? .punctuation : .letter, 1)
        default: break
        }
        let scalar = UTF8Text.scalar(in: text, at: index)
        let byteCount = UTF8.width(scalar)
        if BertCharacters.isWhitespace(scalar) { return (.whitespace, byteCount) }
        return (BertCharacters.isPunctuation(scalar) ? .punctuation : .letter, byteCount)
    }
}
