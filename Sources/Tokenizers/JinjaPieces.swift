import Foundation

/// What is wrong with a template.
struct JinjaError: Error {
    let message: String

    init(_ message: String) {
        self.message = message
    }
}

/// A template cut into text, `{{ outputs }}` and `{% tags %}`.
///
/// As in the Hugging Face library, a line end after a tag is dropped, and so are spaces before a tag that
/// starts its line; a dash inside a bracket drops all white space on that side.
enum JinjaPieces {
    enum Piece {
        case text(String)
        case output(String)
        case tag(String)
    }

    static func cut(_ template: String) throws -> [Piece] {
        var pieces: [Piece] = []
        var rest = template[...]
        var dropsSpace = false
        var dropsLineEnd = false
        while !rest.isEmpty {
            let start =
                ["{{", "{%", "{#"].compactMap { rest.range(of: $0)?.lowerBound }.min() ?? rest.endIndex
            var text = rest[..<start]
            if dropsSpace { text = text.drop(while: \.isWhitespace) }
            if dropsLineEnd, text.first == "\n" { text = text.dropFirst() }
            guard start < rest.endIndex else {
                pieces.append(.text(String(text)))
                break
            }
            let opening = rest[start...].prefix(2)
            let closing = opening == "{{" ? "}}" : opening == "{%" ? "%}" : "#}"
            let inner = rest[start...].dropFirst(2)
            guard let end = inner.range(of: closing) else {
                throw JinjaError("found '\(opening)' without '\(closing)'")
            }
            var content = inner[..<end.lowerBound]
            if content.first == "-" {
                content = content.dropFirst()
                text = trimmedEnd(text, where: \.isWhitespace)
            } else if opening == "{%" {
                text = withoutIndentation(text, startsLine: pieces.isEmpty)
            }
            dropsSpace = content.last == "-"
            if dropsSpace { content = content.dropLast() }
            dropsLineEnd = opening != "{{"
            if !text.isEmpty { pieces.append(.text(String(text))) }
            let trimmed = content.trimmingCharacters(in: .whitespacesAndNewlines)
            if opening == "{{" { pieces.append(.output(trimmed)) }
            if opening == "{%" { pieces.append(.tag(trimmed)) }
            rest = inner[end.upperBound...]
        }
        return pieces
    }

    private static func trimmedEnd(_ text: Substring, where drops: (Character) -> Bool) -> Substring {
        var text = text
        while let last = text.last, drops(last) { text = text.dropLast() }
        return text
    }

    private static func withoutIndentation(_ text: Substring, startsLine: Bool) -> Substring {
        let trimmed = trimmedEnd(text) { $0 == " " || $0 == "\t" }
        return trimmed.last == "\n" || (trimmed.isEmpty && startsLine) ? trimmed : text
    }
}
