/// A word, number, string or sign of an expression.
enum JinjaToken: Equatable {
    case string(String)
    case integer(Int)
    case float(Double)
    case word(String)
    case symbol(String)

    private static let symbols = ["**", "//", "==", "!=", "<=", ">="]

    /// The tokens of what stands in a bracket.
    static func all(_ text: ArraySlice<Unicode.Scalar>) throws -> [JinjaToken] {
        var tokens: [JinjaToken] = []
        var rest = text
        while let first = rest.first {
            if first.properties.isWhitespace {
                rest.removeFirst()
            } else if first == "'" || first == "\"" {
                tokens.append(.string(try string(&rest)))
            } else if first.properties.isXIDStart || first == "_" {
                let word = rest.prefix { $0.properties.isXIDContinue }
                tokens.append(.word(String(String.UnicodeScalarView(word))))
                rest = rest.dropFirst(word.count)
            } else if isDigit(first) {
                tokens.append(try number(&rest))
            } else {
                let pair = String(String.UnicodeScalarView(rest.prefix(2)))
                let symbol = symbols.contains(pair) ? pair : String(first)
                tokens.append(.symbol(symbol))
                rest = rest.dropFirst(symbol.unicodeScalars.count)
            }
        }
        return tokens
    }

    private static func isDigit(_ scalar: Unicode.Scalar) -> Bool { ("0"..."9").contains(scalar) }

    private static func number(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> JinjaToken {
        func digits() -> String {
            let digits = rest.prefix { isDigit($0) || $0 == "_" }
            rest = rest.dropFirst(digits.count)
            return String(String.UnicodeScalarView(digits.filter { $0 != "_" }))
        }
        var text = digits()
        var isFloat = false
        if rest.first == ".", let next = rest.dropFirst().first, isDigit(next) {
            rest.removeFirst()
            text += ".\(digits())"
            isFloat = true
        }
        if rest.first == "e" || rest.first == "E" {
            var exponent = rest.dropFirst()
            var sign = ""
            if let first = exponent.first, first == "-" || first == "+" {
                sign = String(first)
                exponent.removeFirst()
            }
            if let first = exponent.first, isDigit(first) {
                rest = exponent
                text += "e\(sign)\(digits())"
                isFloat = true
            }
        }
        if !isFloat, let number = Int(text) { return .integer(number) }
        guard isFloat, let number = Double(text) else { throw JinjaError("found the number \(text)") }
        return .float(number)
    }

    private static func string(_ rest: inout ArraySlice<Unicode.Scalar>) throws -> String {
        let quote = rest.removeFirst()
        var result = String.UnicodeScalarView()
        while let next = rest.popFirst() {
            if next == quote { return String(result) }
            guard next == "\\", let escaped = rest.popFirst() else {
                result.append(next)
                continue
            }
            switch escaped {
            case "n": result.append("\n")
            case "t": result.append("\t")
            case "r": result.append("\r")
            case "b": result.append("\u{8}")
            case "f": result.append("\u{C}")
            case "v": result.append("\u{B}")
            case "a": result.append("\u{7}")
            case "\\", "'", "\"": result.append(escaped)
            case "\n": break
            case "x": result.append(try scalar(&rest, digits: 2))
            case "u": result.append(try scalar(&rest, digits: 4))
            case "U": result.append(try scalar(&rest, digits: 8))
            case "0"..."7", "N": throw JinjaError("found the escape '\\\(escaped)' in a string")
            // As Python has it.
            default: result.append(contentsOf: ["\\", escaped])
            }
        }
        throw JinjaError("found a string without its end")
    }

    private static func scalar(
        _ rest: inout ArraySlice<Unicode.Scalar>, digits: Int
    ) throws -> Unicode.Scalar {
        let text = String(String.UnicodeScalarView(rest.prefix(digits)))
        guard text.unicodeScalars.count == digits, let value = UInt32(text, radix: 16),
            let scalar = Unicode.Scalar(value)
        else {
            throw JinjaError(
                "found the escape of '\(text)' in a string, allowed \(digits) digits of a character")
        }
        rest = rest.dropFirst(digits)
        return scalar
    }
}
