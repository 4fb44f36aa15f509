/// The runs of word characters and the runs of other ones in a range of a text, without white space: the matches of
/// `\w+|[^\w\s]+`.
struct WordRuns: Sequence, IteratorProtocol {
    private enum Kind {
        case word, space, other
    }

    private let text: [UInt8]
    private let end: Int
    private var position: Int

    init(_ text: [UInt8], in range: Range<Int>) {
        (self.text, position, end) = (text, range.lowerBound, range.upperBound)
    }

    mutating func next() -> Range<Int>? {
        var (start, kind) = (position, Kind.space)
        while position < end {
            let (found, next) = character(at: position)
            if found != kind {
                if kind != .space { break }
                (start, kind) = (position, found)
            }
            position = next
        }
        return kind == .space ? nil : start..<position
    }

    private func character(at index: Int) -> (Kind, end: Int) {
        let (scalar, end) = UTF8Text.character(in: text, at: index)
        if BertCharacters.isWordCharacter(scalar) { return (.word, end) }
        return (scalar.properties.isWhitespace ? .space : .other, end)
    }
}
