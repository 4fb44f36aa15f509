import Foundation

/// What Python does with texts, which it counts in Unicode's scalars.
enum JinjaText {
    static func scalars(_ text: some Sequence<Unicode.Scalar>) -> String {
        var view = String.UnicodeScalarView()
        view.append(contentsOf: text)
        return String(view)
    }

    /// Without white space, or some characters, at the ends.
    static func stripped(
        _ text: String, of characters: String? = nil, left: Bool = true, right: Bool = true
    ) -> String {
        let set = characters.map { Set($0.unicodeScalars) }
        func drops(_ scalar: Unicode.Scalar) -> Bool {
            set?.contains(scalar) ?? scalar.properties.isWhitespace
        }
        var rest = Array(text.unicodeScalars)[...]
        if left { rest = rest.drop(while: drops) }
        if right { while let last = rest.last, drops(last) { rest.removeLast() } }
        return scalars(rest)
    }

    /// Where a part first stands, in scalars.
    static func firstPlace(of part: String, in text: String, from start: Int = 0) -> Int? {
        let (part, text) = (Array(part.unicodeScalars), Array(text.unicodeScalars))
        return find(part, in: text, from: start)
    }

    private static func find(_ part: [Unicode.Scalar], in text: [Unicode.Scalar], from start: Int) -> Int? {
        guard start >= 0, start + part.count <= text.count else { return nil }
        guard let first = part.first else { return start }
        for place in start...(text.count - part.count)
        where text[place] == first && text[place...].starts(with: part) { return place }
        return nil
    }

    /// Cut at a separator, as many times as allowed; from the right where asked.
    static func split(_ text: String, at separator: String, most: Int, fromRight: Bool = false) -> [String] {
        var (text, part) = (Array(text.unicodeScalars), Array(separator.unicodeScalars))
        if fromRight { (text, part) = (text.reversed(), part.reversed()) }
        var (pieces, start): ([ArraySlice<Unicode.Scalar>], Int) = ([], 0)
        while most < 0 || pieces.count < most, let place = find(part, in: text, from: start) {
            pieces.append(text[start..<place])
            start = place + part.count
        }
        pieces.append(text[start...])
        return fromRight ? pieces.reversed().map { scalars($0.reversed()) } : pieces.map(scalars)
    }

    /// Cut at runs of white space.
    static func words(_ text: String, most: Int, fromRight: Bool = false) -> [String] {
        var rest = Array(text.unicodeScalars)[...]
        if fromRight { rest = Array(rest.reversed())[...] }
        var pieces: [ArraySlice<Unicode.Scalar>] = []
        rest = rest.drop(while: \.properties.isWhitespace)
        while !rest.isEmpty {
            if most >= 0, pieces.count == most {
                while let last = rest.last, last.properties.isWhitespace { rest.removeLast() }
                pieces.append(rest)
                break
            }
            let word = rest.prefix { !$0.properties.isWhitespace }
            pieces.append(word)
            rest = rest.dropFirst(word.count).drop(while: \.properties.isWhitespace)
        }
        return fromRight ? pieces.reversed().map { scalars($0.reversed()) } : pieces.map(scalars)
    }

    static func replaced(_ text: String, _ old: String, by new: String, most: Int) throws -> String {
        let pieces: [String]
        if old.isEmpty {
            let all = text.unicodeScalars.map { String($0) }
            let count = most < 0 ? all.count + 1 : min(most, all.count + 1)
            guard count > 0 else { return text }
            pieces =
                [""] + all.prefix(count - 1) + (count > all.count ? [""] : [all[(count - 1)...].joined()])
        } else {
            pieces = split(text, at: old, most: most)
        }
        try require(text.utf8.count + (pieces.count - 1) * new.utf8.count)
        return pieces.joined(separator: new)
    }

    /// Each word with a large first letter.
    static func titled(_ text: String) -> String {
        var (result, isInWord) = ("", false)
        for scalar in text.unicodeScalars {
            let isLetter = scalar.properties.isCased || scalar.properties.isAlphabetic
            result +=
                isLetter
                ? isInWord ? scalar.properties.lowercaseMapping : scalar.properties.titlecaseMapping
                : String(scalar)
            isInWord = isLetter
        }
        return result
    }

    static func capitalized(_ text: String) -> String {
        guard let first = text.unicodeScalars.first else { return "" }
        return first.properties.titlecaseMapping + scalars(text.unicodeScalars.dropFirst()).lowercased()
    }

    /// Stops texts that are too long.
    static func require(_ count: Int) throws {
        guard count <= JinjaLimits.characters else {
            throw JinjaError("found a text of more than \(JinjaLimits.characters) characters")
        }
    }

    /// The time now, as `strftime` writes it.
    static func now(_ format: String) throws -> String {
        var now = time(nil)
        var parts = tm()
        localtime_r(&now, &parts)
        guard !format.isEmpty else { return "" }
        var buffer = [CChar](repeating: 0, count: 1024)
        let count = strftime(&buffer, buffer.count, format, &parts)
        guard count > 0 else { throw JinjaError("strftime_now: found '\(format.prefix(40))'") }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

/// A value as JSON, as Python's `json.dumps` writes it.
struct JinjaJSON {
    var indentation: Int?
    var elementSeparator = ", "
    var memberSeparator = ": "
    var sortsKeys = false
    var isASCII = false

    func text(of value: JinjaValue) throws -> String {
        var result = ""
        try write(value, level: 0, to: &result)
        return result
    }

    private func write(_ value: JinjaValue, level: Int, to result: inout String) throws {
        guard level < JinjaLimits.depth else { throw JinjaError("tojson: found a value too deep to write") }
        try JinjaText.require(result.utf8.count)
        switch value {
        case .string(let text): write(text, to: &result)
        case .integer(let number): result += String(number)
        case .float(let number):
            result +=
                number.isNaN ? "NaN" : number.isInfinite ? number < 0 ? "-Infinity" : "Infinity" : "\(number)"
        case .boolean(let value): result += value ? "true" : "false"
        case .none: result += "null"
        case .list(let elements), .tuple(let elements):
            try writeAll(elements.count, brackets: ("[", "]"), level, &result) { number, result in
                try write(elements[number], level: level + 1, to: &result)
            }
        case .object(let object):
            var members = object.members
            if sortsKeys {
                members.sort { $0.key.unicodeScalars.lexicographicallyPrecedes($1.key.unicodeScalars) }
            }
            try writeAll(members.count, brackets: ("{", "}"), level, &result) { number, result in
                write(members[number].key, to: &result)
                result += memberSeparator
                try write(members[number].value, level: level + 1, to: &result)
            }
        case .undefined, .namespace, .loop, .macro: throw JinjaError("tojson: found \(value.kind)")
        }
    }

    private func writeAll(
        _ count: Int, brackets: (String, String), _ level: Int, _ result: inout String,
        _ element: (Int, inout String) throws -> Void
    ) throws {
        result += brackets.0
        for number in 0..<count {
            if number > 0 { result += indentation == nil ? elementSeparator : trimmedSeparator }
            breakLine(level + 1, &result)
            try element(number, &result)
        }
        if count > 0 { breakLine(level, &result) }
        result += brackets.1
    }

    private var trimmedSeparator: String { JinjaText.stripped(elementSeparator, left: false) }

    private func breakLine(_ level: Int, _ result: inout String) {
        guard let indentation else { return }
        result += "\n" + String(repeating: " ", count: indentation * level)
    }

    private func write(_ text: String, to result: inout String) {
        result += "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\r": result += "\\r"
            case "\t": result += "\\t"
            case "\u{8}": result += "\\b"
            case "\u{C}": result += "\\f"
            case _ where scalar.value < 0x20 || (isASCII && scalar.value > 0x7E):
                for unit in String(scalar).utf16 { result += "\\u" + Self.hexadecimal(unit) }
            default: result.unicodeScalars.append(scalar)
            }
        }
        result += "\""
    }

    private static func hexadecimal(_ unit: UInt16) -> String {
        let digits = String(unit, radix: 16)
        return String(repeating: "0", count: 4 - digits.count) + digits
    }
}
