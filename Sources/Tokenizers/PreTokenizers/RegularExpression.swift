import Foundation

/// A regular expression in the syntax of Oniguruma, which the `tokenizers` library uses, matched by ICU.
///
/// Where both spell a thing differently it is spelled for ICU; what ICU does not have is refused.
struct RegularExpression: Sendable, Equatable {
    /// Why an expression is not followed.
    struct Refusal: Error {
        let reason: String
    }

    /// As it was written.
    let pattern: String
    private let compiled: NSRegularExpression

    /// Compiles an expression.
    ///
    /// - Throws: the reason why it is not followed.
    init(_ pattern: String) throws(Refusal) {
        guard pattern.utf8.count <= Self.longestPattern else {
            throw Refusal(reason: "a pattern of \(pattern.utf8.count) bytes")
        }
        let translated = try Self.translated(pattern)
        do {
            // In Oniguruma `^` and `$` match at every line feed.
            compiled = try NSRegularExpression(
                pattern: translated, options: [.anchorsMatchLines, .useUnixLineSeparators])
        } catch {
            throw Refusal(reason: "a pattern that cannot be compiled")
        }
        self.pattern = pattern
    }

    static func == (first: RegularExpression, second: RegularExpression) -> Bool {
        first.pattern.utf8.elementsEqual(second.pattern.utf8)
    }

    private static let longestPattern = 20_000

    /// The matches in a range of a text, in order.
    func matches(in text: [UInt8], _ range: Range<Int>) -> [Range<Int>] {
        let string = String(decoding: text[range], as: UTF8.self)
        let units = string.utf16.count
        let found = compiled.matches(in: string, range: NSRange(location: 0, length: units))
        // Both kinds of offsets grow together.
        var byte = range.lowerBound
        var unit = 0
        func advance(to location: Int) -> Int {
            while unit < location, byte < range.upperBound {
                let width = UTF8Text.width(of: text[byte])
                unit += width == 4 ? 2 : 1
                byte += width
            }
            return min(byte, range.upperBound)
        }
        return found.map { match in
            let start = advance(to: match.range.location)
            return start..<advance(to: match.range.location + match.range.length)
        }
    }

    /// `\s`, `\w` and `\d` mean what they mean in Oniguruma, and what means something else in ICU is refused.
    private static func translated(_ pattern: String) throws(Refusal) -> String {
        var result = ""
        var scalars = pattern.unicodeScalars[...]
        /// Brackets that are open: there, `\b` is a backspace.
        var depth = 0
        while let scalar = scalars.popFirst() {
            if scalar == "[", startsWith(scalars, ":punct:]") {
                // Symbols too are punctuation to Oniguruma.
                result += #"[\p{P}\p{S}]"#
                scalars = scalars.dropFirst(":punct:]".unicodeScalars.count)
                continue
            }
            if scalar == "[", startsWith(scalars, ":^") {
                throw Refusal(reason: "the class '[:^', which is not followed")
            }
            if scalar == "(", let refused = refusedGroups.first(where: { startsWith(scalars, $0) }) {
                throw Refusal(reason: "the group '(\(refused)', which is not followed")
            }
            guard scalar == "\\", let escaped = scalars.popFirst() else {
                if scalar == "[" { depth += 1 }
                if scalar == "]" { depth -= 1 }
                result.unicodeScalars.append(scalar)
                continue
            }
            if depth <= 0, let boundary = boundaries[escaped] {
                result += boundary
                continue
            }
            if refusedEscapes.contains(escaped) {
                throw Refusal(reason: "the escape '\\\(escaped)', which is not followed")
            }
            if escaped == "p" || escaped == "P", startsWith(scalars, "{^") {
                throw Refusal(reason: "the escape '\\\(escaped){^', which is not followed")
            }
            result += classes[escaped] ?? "\\\(escaped)"
        }
        return result
    }

    private static func startsWith(_ scalars: Substring.UnicodeScalarView, _ text: String) -> Bool {
        scalars.starts(with: text.unicodeScalars)
    }

    /// Superscripts and fractions of Latin-1 are of words there.
    private static let word = #"\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u00B2\u00B3\u00B9\u00BC-\u00BE"#
    /// ICU's own look past marks.
    private static let boundaries: [Unicode.Scalar: String] = [
        "b": "(?:(?<=[\(word)])(?![\(word)])|(?<![\(word)])(?=[\(word)]))",
        "B": "(?:(?<=[\(word)])(?=[\(word)])|(?<![\(word)])(?![\(word)]))",
    ]
    private static let classes: [Unicode.Scalar: String] = [
        "s": #"\p{White_Space}"#, "S": #"\P{White_Space}"#, "d": #"\p{Nd}"#, "D": #"\P{Nd}"#,
        "w": "[\(word)]", "W": "[^\(word)]",
    ]
    /// Hexadecimal digits, what a match keeps, calls, and others that ICU spells otherwise.
    private static let refusedEscapes: Set<Unicode.Scalar> = [
        "h", "H", "K", "g", "y", "Y", "O", "N", "M", "C", "c",
    ]
    /// `m` is another mode there; the others are unknown to ICU.
    private static let refusedGroups = ["?m", "?im", "?xm", "?mi", "?mx", "?s", "?~", "?("]
}
