/// The pieces of text that byte-level BPE merges within.
///
/// GPT-2's are the matches of `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
/// (Radford et al., 2019). SmolLM cuts every digit out first, and applies it to what lies between.
struct ByteLevelWords {
    private enum Kind {
        case letter, number, space, other
    }

    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.utf8) }

    private let text: [UInt8]
    private let digitsStandAlone: Bool

    init(_ text: [UInt8], digitsStandAlone: Bool) {
        self.text = text
        self.digitsStandAlone = digitsStandAlone
    }

    /// Calls `body` with every word of a range of the text, in order.
    func forEach(in range: Range<Int>, _ body: (Range<Int>) -> Void) {
        guard digitsStandAlone else { return split(range, body) }
        var start = range.lowerBound
        var position = start
        while position < range.upperBound {
            let (kind, end) = character(at: position)
            if kind == .number {
                split(start..<position, body)
                body(position..<end)
                start = end
            }
            position = end
        }
        split(start..<position, body)
    }

    private func split(_ range: Range<Int>, _ body: (Range<Int>) -> Void) {
        var position = range.lowerBound
        while position < range.upperBound {
            let end = wordEnd(from: position, limit: range.upperBound)
            body(position..<end)
            position = end
        }
    }

    private func wordEnd(from start: Int, limit: Int) -> Int {
        if let contraction = Self.contractions.first(where: {
            start + $0.count <= limit && text[start..<start + $0.count].elementsEqual($0)
        }) {
            return start + contraction.count
        }
        let (kind, next) = character(at: start)
        if kind != .space { return runEnd(of: kind, from: next, limit: limit) }
        if text[start] == 0x20, next < limit {
            let (following, afterNext) = character(at: next)
            if following != .space { return runEnd(of: following, from: afterNext, limit: limit) }
        }
        return spacesEnd(from: start, limit: limit)
    }

    private func runEnd(of kind: Kind, from start: Int, limit: Int) -> Int {
        var position = start
        while position < limit {
            let (next, end) = character(at: position)
            if next != kind { break }
            position = end
        }
        return position
    }

    /// All white space up to the end of the text; else all but its last character, which may begin a word.
    private func spacesEnd(from start: Int, limit: Int) -> Int {
        var position = start
        var last = start
        while position < limit {
            let (kind, end) = character(at: position)
            if kind != .space { break }
            last = position
            position = end
        }
        return position == limit || last == start ? position : last
    }

    private func character(at index: Int) -> (Kind, end: Int) {
        let first = text[index]
        switch first {
        case 0x41...0x5A, 0x61...0x7A: return (.letter, index + 1)
        case 0x30...0x39: return (.number, index + 1)
        case 0x20, 0x09...0x0D: return (.space, index + 1)
        case 0..<0x80: return (.other, index + 1)
        default: break
        }
        let scalar = UTF8Text.scalar(in: text, at: index)
        let end = index + UTF8.width(scalar)
        if scalar.properties.isWhitespace { return (.space, end) }
        switch scalar.properties.generalCategory {
        case .uppercaseLetter, .lowercaseLetter, .titlecaseLetter, .modifierLetter, .otherLetter:
            return (.letter, end)
        case .decimalNumber, .letterNumber, .otherNumber: return (.number, end)
        default: return (.other, end)
        }
    }
}
