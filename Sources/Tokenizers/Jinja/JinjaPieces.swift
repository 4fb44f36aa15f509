/// A template cut into text, `{{ outputs }}` and `{% tags %}`.
///
/// As in the Hugging Face library, a line end after a tag is dropped, and so are spaces before a tag that starts its
/// line; a dash inside a bracket drops all white space on that side, a plus keeps it. The template's last line end is
/// dropped.
struct JinjaPieces {
    enum Piece {
        case text(String)
        case output(ArraySlice<Unicode.Scalar>)
        case tag(ArraySlice<Unicode.Scalar>)
    }

    private enum Kind {
        case output, tag, comment

        var closing: [Unicode.Scalar] {
            switch self {
            case .output: ["}", "}"]
            case .tag: ["%", "}"]
            case .comment: ["#", "}"]
            }
        }
    }

    private let scalars: [Unicode.Scalar]
    private var place = 0
    private var pieces: [Piece] = []
    /// Whether what follows stands at the start of a line.
    private var startsLine = true

    static func cut(_ template: String) throws -> [Piece] {
        var scalars: [Unicode.Scalar] = []
        // Python's line ends.
        for scalar in template.unicodeScalars {
            if scalar == "\n", scalars.last == "\r" { scalars.removeLast() }
            scalars.append(scalar)
        }
        if let last = scalars.last, last == "\n" || last == "\r" { scalars.removeLast() }
        var cutter = JinjaPieces(scalars: scalars)
        try cutter.run()
        return cutter.pieces
    }

    private init(scalars: [Unicode.Scalar]) {
        self.scalars = scalars
    }

    private mutating func run() throws {
        while let (kind, start) = nextOpening() {
            let keepsBefore = scalars[place..<start]
            place = start + 2
            let mark = place < scalars.count ? scalars[place] : " "
            if mark == "-" || mark == "+" { place += 1 }
            add(Self.textBefore(keepsBefore, kind, mark, startsLine: startsLine))
            startsLine = false
            let (content, end) = try content(kind)
            let isRaw = kind == .tag && Self.trimmed(content).elementsEqual("raw".unicodeScalars)
            // A line end after `raw` stays.
            close(isRaw ? .output : kind, end)
            switch kind {
            case .output: pieces.append(.output(content))
            case .tag where isRaw: try raw()
            case .tag: pieces.append(.tag(content))
            case .comment: break
            }
        }
        add(scalars[place...])
    }

    private mutating func add(_ text: ArraySlice<Unicode.Scalar>) {
        guard !text.isEmpty else { return }
        pieces.append(.text(String(String.UnicodeScalarView(text))))
    }

    private func nextOpening() -> (Kind, start: Int)? {
        var index = place
        while index + 1 < scalars.count {
            if scalars[index] == "{" {
                switch scalars[index + 1] {
                case "{": return (.output, index)
                case "%": return (.tag, index)
                case "#": return (.comment, index)
                default: break
                }
            }
            index += 1
        }
        return nil
    }

    private static func textBefore(
        _ text: ArraySlice<Unicode.Scalar>, _ kind: Kind, _ mark: Unicode.Scalar, startsLine: Bool
    ) -> ArraySlice<Unicode.Scalar> {
        if mark == "-" { return trimmedEnd(text) { $0.properties.isWhitespace } }
        guard kind != .output, mark != "+" else { return text }
        let trimmed = trimmedEnd(text) { $0 != "\n" && $0.properties.isWhitespace }
        return trimmed.last == "\n" || (trimmed.isEmpty && startsLine) ? trimmed : text
    }

    private static func trimmedEnd(
        _ text: ArraySlice<Unicode.Scalar>, where drops: (Unicode.Scalar) -> Bool
    ) -> ArraySlice<Unicode.Scalar> {
        var text = text
        while let last = text.last, drops(last) { text.removeLast() }
        return text
    }

    private static func trimmed(_ text: ArraySlice<Unicode.Scalar>) -> ArraySlice<Unicode.Scalar> {
        trimmedEnd(text.drop { $0.properties.isWhitespace }) { $0.properties.isWhitespace }
    }

    /// What stands in a bracket, whose end is not looked for in strings and other brackets; and where that is.
    private func content(_ kind: Kind) throws -> (ArraySlice<Unicode.Scalar>, end: Int) {
        var (index, depth) = (place, 0)
        var quote: Unicode.Scalar?
        while index < scalars.count {
            let scalar = scalars[index]
            if let open = quote {
                if scalar == "\\" { index += 1 }
                if scalar == open { quote = nil }
                index += 1
                continue
            }
            let isSigned = scalar == "-" || scalar == "+"
            if depth == 0, scalars[(isSigned ? index + 1 : index)...].starts(with: kind.closing) {
                return (scalars[place..<index], index)
            }
            if kind != .comment {
                switch scalar {
                case "'", "\"": quote = scalar
                case "(", "[", "{": depth += 1
                case ")", "]", "}": depth -= 1
                default: break
                }
                guard depth >= 0 else { throw JinjaError("found '\(scalar)' without what it closes") }
            }
            index += 1
        }
        throw JinjaError(
            quote == nil
                ? "found a bracket without '\(String(String.UnicodeScalarView(kind.closing)))'"
                : "found a string without its end")
    }

    /// Goes behind a bracket's end and the white space that falls with it.
    private mutating func close(_ kind: Kind, _ end: Int) {
        let mark = scalars[end]
        place = end + (mark == "-" || mark == "+" ? 3 : 2)
        if mark == "-" {
            let begin = place
            while place < scalars.count, scalars[place].properties.isWhitespace { place += 1 }
            startsLine = place > begin && scalars[place - 1] == "\n"
        } else if kind != .output, mark != "+", place < scalars.count, scalars[place] == "\n" {
            place += 1
            startsLine = true
        }
    }

    /// What stands before `{% endraw %}`, as it is.
    private mutating func raw() throws {
        let begin = place
        var opening = nextOpening()
        while let (kind, start) = opening {
            place = start + 2
            if kind == .tag {
                let mark = place < scalars.count ? scalars[place] : " "
                if mark == "-" || mark == "+" { place += 1 }
                if let (inner, end) = try? content(.tag),
                    Self.trimmed(inner).elementsEqual("endraw".unicodeScalars)
                {
                    add(Self.textBefore(scalars[begin..<start], .tag, mark, startsLine: false))
                    close(.tag, end)
                    return
                }
            }
            place = start + 1
            opening = nextOpening()
        }
        throw JinjaError("found no 'endraw'")
    }
}
