/// The words that byte-level BPE merges within: the matches of expressions that published models share, found without a
/// regular expression.
struct ByteLevelWords {
    /// The expressions that are known.
    enum Expression: Sendable, Equatable {
        /// GPT-2's (Radford et al., 2019).
        case gpt2
        /// Qwen2's, with words that start with any symbol and numbers of at most so many digits: 1; 3 in Llama 3's.
        case qwen2(digits: Int)

        /// The expression that a pattern spells; nil for another one.
        init?(pattern: String) {
            guard let known = Self.patterns.first(where: { $0.pattern == pattern }) else { return nil }
            self = known.expression
        }

        /// How it is spelled.
        var pattern: String { Self.patterns.first { $0.expression == self }?.pattern ?? "" }

        private static let contraction = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
        private static let symbols = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
        /// The first spelling of an expression is the one that is written.
        private static let patterns: [(pattern: String, expression: Expression)] = [
            (
                #"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2
            ),
            (
                #"'(?:[sdmt]|ll|ve|re)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2
            ),
            (contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}|"# + symbols, .qwen2(digits: 1)),
            (contraction + #"|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}|"# + symbols, .qwen2(digits: 3)),
            (
                #"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?+\p{L}+|\p{N}{1,3}|"#
                    + #" ?[^\s\p{L}\p{N}]++[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#, .qwen2(digits: 3)
            ),
        ]
    }

    private enum Kind {
        case letter, number, space, other
    }

    private static let contractions = ["'s", "'t", "'re", "'ve", "'m", "'ll", "'d"].map { Array($0.utf8) }

    private let text: [UInt8]
    private let expression: Expression

    init(_ text: [UInt8], _ expression: Expression) {
        (self.text, self.expression) = (text, expression)
    }

    /// Calls `body` with every word of a range of the text, in order, until it returns false.
    ///
    /// - Returns: whether it has been called with all.
    func forEach(in range: Range<Int>, _ body: (Range<Int>) -> Bool) -> Bool {
        var position = range.lowerBound
        while position < range.upperBound {
            let end =
                switch expression {
                case .gpt2: gpt2WordEnd(from: position, limit: range.upperBound)
                case .qwen2(let digits): qwen2WordEnd(from: position, limit: range.upperBound, digits)
                }
            guard body(position..<end) else { return false }
            position = end
        }
        return true
    }

    private func gpt2WordEnd(from start: Int, limit: Int) -> Int {
        if let end = contractionEnd(from: start, limit: limit, ignoringCase: false) { return end }
        let (kind, next) = character(at: start)
        if kind != .space { return runEnd(of: kind, from: next, limit: limit) }
        if text[start] == 0x20, next < limit {
            let (following, afterNext) = character(at: next)
            if following != .space { return runEnd(of: following, from: afterNext, limit: limit) }
        }
        return spacesEnd(from: start, limit: limit)
    }

    private func qwen2WordEnd(from start: Int, limit: Int, _ digits: Int) -> Int {
        if let end = contractionEnd(from: start, limit: limit, ignoringCase: true) { return end }
        let (kind, next) = character(at: start)
        if kind == .letter { return runEnd(of: .letter, from: next, limit: limit) }
        if kind == .number { return numberEnd(from: next, limit: limit, most: digits - 1) }
        let following = next < limit ? character(at: next) : nil
        if let following, following.0 == .letter, !isLineEnd(start) {
            return runEnd(of: .letter, from: following.end, limit: limit)
        }
        if kind == .other { return symbolsEnd(from: next, limit: limit) }
        if text[start] == 0x20, let following, following.0 == .other {
            return symbolsEnd(from: following.end, limit: limit)
        }
        return linesEnd(from: start, limit: limit) ?? spacesEnd(from: start, limit: limit)
    }

    /// At most so many more digits.
    private func numberEnd(from start: Int, limit: Int, most: Int) -> Int {
        var position = start
        for _ in 0..<most where position < limit {
            let (kind, end) = character(at: position)
            guard kind == .number else { break }
            position = end
        }
        return position
    }

    /// Symbols, and the ends of lines after them.
    private func symbolsEnd(from start: Int, limit: Int) -> Int {
        var position = runEnd(of: .other, from: start, limit: limit)
        while position < limit, isLineEnd(position) { position += 1 }
        return position
    }

    /// White space up to the last end of a line in it; nil where no line ends in it.
    private func linesEnd(from start: Int, limit: Int) -> Int? {
        let spaces = start..<runEnd(of: .space, from: start, limit: limit)
        return spaces.last(where: isLineEnd).map { $0 + 1 }
    }

    private func isLineEnd(_ index: Int) -> Bool { text[index] == 0x0A || text[index] == 0x0D }

    /// `(?i:…)` sees 'ſ as 's too.
    private func contractionEnd(from start: Int, limit: Int, ignoringCase: Bool) -> Int? {
        guard text[start] == 0x27 else { return nil }
        let ends = Self.contractions.lazy.filter { contraction in
            start + contraction.count <= limit
                && zip(text[start..<start + contraction.count], contraction).allSatisfy {
                    $0 == $1 || (ignoringCase && $0 | 0x20 == $1 && $1 >= 0x61)
                }
        }
        if let contraction = ends.first { return start + contraction.count }
        let longS: [UInt8] = [0x27, 0xC5, 0xBF]
        return ignoringCase && text[start..<limit].starts(with: longS) ? start + longS.count : nil
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
