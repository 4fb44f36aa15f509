/// `| …`
enum JinjaFilters {
    private struct Filter: Sendable {
        var parameters: [String] = []
        let body: @Sendable (JinjaValue, JinjaBound) throws -> JinjaValue

        init(
            _ parameters: [String] = [],
            _ body: @escaping @Sendable (JinjaValue, JinjaBound) throws -> JinjaValue
        ) {
            (self.parameters, self.body) = (parameters, body)
        }
    }

    /// Filters of another name, or that are given filters and tests.
    private static let special: Set<String> = ["map", "select", "reject", "selectattr", "rejectattr"]
    private static let sameAs = ["count": "length", "d": "default", "e": "escape"]

    static var names: Set<String> { Set(filters.keys).union(special).union(sameAs.keys) }

    static func apply(_ name: String, to value: JinjaValue, _ given: JinjaGiven) throws -> JinjaValue {
        if special.contains(name) { return try apply(special: name, value, given) }
        guard let filter = filters[sameAs[name] ?? name] else {
            throw JinjaError("found the filter '\(name)', which is not followed here")
        }
        let result = try filter.body(value, given.bound(to: filter.parameters, of: name))
        if case .string(let text) = result { try JinjaText.require(text.utf8.count) }
        return result
    }

    // MARK: Filters that use others

    private static func apply(special name: String, _ value: JinjaValue, _ given: JinjaGiven) throws
        -> JinjaValue
    {
        var rest = given
        switch name {
        case "map":
            if given.positional.isEmpty {
                let bound = try given.bound(to: ["attribute", "default"], of: name)
                guard let path = bound["attribute"] else { throw JinjaError("map: 'attribute' is missing") }
                return .list(
                    try value.elements.map { element in
                        let found = try attribute(path, of: element)
                        return found.isUndefined ? bound["default"] ?? found : found
                    })
            }
            let filter = try rest.positional.removeFirst().text
            return .list(try value.elements.map { try apply(filter, to: $0, rest) })
        case "selectattr", "rejectattr":
            guard !rest.positional.isEmpty else { throw JinjaError("\(name): 'attribute' is missing") }
            let path = rest.positional.removeFirst()
            return .list(
                try value.elements.filter { element in
                    try passes(rest, attribute(path, of: element)) == (name == "selectattr")
                })
        default:
            return .list(try value.elements.filter { try passes(rest, $0) == (name == "select") })
        }
    }

    /// By a test that may be given, or by truth.
    private static func passes(_ given: JinjaGiven, _ value: JinjaValue) throws -> Bool {
        guard let test = given.positional.first else { return value.isTrue }
        return try JinjaTests.passes(test.text, value, Array(given.positional.dropFirst()))
    }

    /// `a.b.0`
    private static func attribute(_ path: JinjaValue, of value: JinjaValue) throws -> JinjaValue {
        if case .integer(let index) = path { return member("\(index)", of: value) }
        return JinjaText.split(try path.text, at: ".", most: -1).reduce(value) { member($1, of: $0) }
    }

    private static func member(_ name: String, of value: JinjaValue) -> JinjaValue {
        switch value {
        case .object(let object): object[name] ?? .undefined(name)
        case .namespace(let namespace): namespace.fields[name] ?? .undefined(name)
        case .list(let elements), .tuple(let elements):
            Int(name).flatMap { elements.indices.contains($0) ? elements[$0] : nil } ?? .undefined(name)
        default: .undefined(name)
        }
    }

    // MARK: Filters of values

    private static func text(_ change: @escaping @Sendable (String) throws -> String) -> Filter {
        Filter { value, _ in .string(try change(value.text)) }
    }

    private static let filters: [String: Filter] = [
        "trim": Filter(["chars"]) { value, given in
            .string(JinjaText.stripped(try value.text, of: try given.text("chars")))
        },
        "length": Filter { value, _ in .integer(try value.count) },
        "upper": text { $0.uppercased() },
        "lower": text { $0.lowercased() },
        "capitalize": text(JinjaText.capitalized),
        "title": text(JinjaText.titled),
        "string": text { $0 },
        "safe": text { $0 },
        "escape": text { text in
            [("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("'", "&#39;"), ("\"", "&#34;")]
                .reduce(text) { $0.replacing($1.0, with: $1.1) }
        },
        "wordcount": Filter { value, _ in .integer(JinjaText.words(try value.text, most: -1).count) },
        "default": Filter(["default_value", "boolean"]) { value, given in
            value.isUndefined || (given.isTrue("boolean") && !value.isTrue)
                ? given.values["default_value"] ?? .string("") : value
        },
        "replace": Filter(["old", "new", "count"]) { value, given in
            .string(
                try JinjaText.replaced(
                    value.text, given.requiredText("old"), by: given.requiredText("new"),
                    most: given.integer("count") ?? -1))
        },
        "join": Filter(["d", "attribute"]) { value, given in
            let elements = try value.elements
            let parts = try given["attribute"].map { path in try elements.map { try attribute(path, of: $0) }
            }
            let texts = try (parts ?? elements).map { try $0.text }
            let separator = try given.text("d") ?? ""
            try JinjaText.require(
                texts.reduce(0) { $0 + $1.utf8.count } + texts.count * separator.utf8.count)
            return .string(texts.joined(separator: separator))
        },
        "first": Filter { value, _ in try value.elements.first ?? .undefined("the first element") },
        "last": Filter { value, _ in try value.elements.last ?? .undefined("the last element") },
        "list": Filter { value, _ in .list(try value.elements) },
        "reverse": Filter { value, _ in
            if case .string(let text) = value {
                return .string(JinjaText.scalars(text.unicodeScalars.reversed()))
            }
            return .list(try value.elements.reversed())
        },
        "items": Filter { value, _ in
            if value.isUndefined { return .list([]) }
            return try JinjaMethods.items(of: value)
        },
        "dictsort": Filter(["case_sensitive", "by", "reverse"]) { value, given in
            let byValue = try given.text("by") == "value"
            let pairs = try JinjaMethods.items(of: value).elements
            return .list(
                try sorted(pairs, isReversed: given.isTrue("reverse")) { pair in
                    folded(try pair.elements[byValue ? 1 : 0], given.isTrue("case_sensitive"))
                })
        },
        "sort": Filter(["reverse", "case_sensitive", "attribute"]) { value, given in
            .list(
                try sorted(try value.elements, isReversed: given.isTrue("reverse")) { element in
                    folded(
                        try given["attribute"].map { try attribute($0, of: element) } ?? element,
                        given.isTrue("case_sensitive"))
                })
        },
        "unique": Filter(["case_sensitive", "attribute"]) { value, given in
            var (seen, result): ([JinjaValue], [JinjaValue]) = ([], [])
            for element in try value.elements {
                let key = folded(
                    try given["attribute"].map { try attribute($0, of: element) } ?? element,
                    given.isTrue("case_sensitive"))
                guard !seen.contains(where: { $0.equals(key) }) else { continue }
                guard seen.count < 10_000 else { throw JinjaError("unique: found too many elements") }
                seen.append(key)
                result.append(element)
            }
            return .list(result)
        },
        "min": Filter(["case_sensitive", "attribute"]) { value, given in
            try extreme(value, given, isMost: false)
        },
        "max": Filter(["case_sensitive", "attribute"]) { value, given in
            try extreme(value, given, isMost: true)
        },
        "sum": Filter(["attribute", "start"]) { value, given in
            try value.elements.reduce(given["start"] ?? .integer(0)) { sum, element in
                try JinjaArithmetic.value(
                    of: "+", sum, given["attribute"].map { try attribute($0, of: element) } ?? element)
            }
        },
        "int": Filter(["default", "base"]) { value, given in
            if let number = value.integer { return .integer(number) }
            if let number = value.number, let whole = Int(exactly: number.rounded(.towardZero)) {
                return .integer(whole)
            }
            guard case .string(let text) = value else { return given["default"] ?? .integer(0) }
            let stripped = JinjaText.stripped(text)
            let radix = try given.integer("base") ?? 10
            guard (2...36).contains(radix) else { throw JinjaError("int: found base \(radix)") }
            if let number = Int(stripped, radix: radix) { return .integer(number) }
            let whole = Double(stripped).flatMap { Int(exactly: $0.rounded(.towardZero)) }
            return whole.map { .integer($0) } ?? given["default"] ?? .integer(0)
        },
        "float": Filter(["default"]) { value, given in
            if let number = value.number { return .float(number) }
            guard case .string(let text) = value, let number = Double(JinjaText.stripped(text)) else {
                return given["default"] ?? .float(0)
            }
            return .float(number)
        },
        "abs": Filter { value, _ in
            if let number = value.integer, number != .min { return .integer(abs(number)) }
            guard let number = value.number else { throw JinjaError("abs: found \(value.kind)") }
            return .float(abs(number))
        },
        "round": Filter(["precision", "method"]) { value, given in
            guard let number = value.number, case let places = try given.integer("precision") ?? 0,
                (0...15).contains(places)
            else { throw JinjaError("round: found \(value.kind)") }
            var scale = 1.0
            for _ in 0..<places { scale *= 10 }
            switch try given.text("method") ?? "common" {
            case "ceil": return .float((number * scale).rounded(.up) / scale)
            case "floor": return .float((number * scale).rounded(.down) / scale)
            default: return .float((number * scale).rounded(.toNearestOrEven) / scale)
            }
        },
        "indent": Filter(["width", "first", "blank"]) { value, given in
            let text = try value.text
            let width: String
            if case .string(let own) = given["width"] {
                width = own
            } else {
                let spaces = try given.integer("width") ?? 4
                guard (0...JinjaLimits.indentation).contains(spaces) else {
                    throw JinjaError(
                        "indent: found \(spaces) spaces, allowed 0 to \(JinjaLimits.indentation)")
                }
                width = String(repeating: " ", count: spaces)
            }
            let lines = JinjaText.split(text, at: "\n", most: -1)
            try JinjaText.require(text.utf8.count + lines.count * width.utf8.count)
            let indented = lines.enumerated().map { number, line in
                (number == 0 ? given.isTrue("first") : !line.isEmpty || given.isTrue("blank"))
                    ? width + line : line
            }
            return .string(indented.joined(separator: "\n"))
        },
        "tojson": Filter(["ensure_ascii", "indent", "separators", "sort_keys"]) { value, given in
            var json = JinjaJSON()
            json.isASCII = given.isTrue("ensure_ascii")
            json.sortsKeys = given.isTrue("sort_keys")
            if let width = try given.integer("indent") {
                guard (0...JinjaLimits.indentation).contains(width) else {
                    throw JinjaError("tojson: found \(width) spaces, allowed 0 to \(JinjaLimits.indentation)")
                }
                json.indentation = width
            }
            if let separators = try given["separators"]?.elements {
                guard separators.count == 2 else { throw JinjaError("tojson: found separators, allowed two") }
                (json.elementSeparator, json.memberSeparator) = (
                    try separators[0].text, try separators[1].text
                )
            }
            return .string(try json.text(of: value))
        },
    ]

    /// Letters in one case, where case does not matter.
    private static func folded(_ value: JinjaValue, _ isExact: Bool) -> JinjaValue {
        if case .string(let text) = value, !isExact { .string(text.lowercased()) } else { value }
    }

    /// In order; equal ones keep theirs.
    private static func sorted(
        _ elements: [JinjaValue], isReversed: Bool, by key: (JinjaValue) throws -> JinjaValue
    ) throws -> [JinjaValue] {
        let keyed = try elements.enumerated().map { (place: $0.offset, key: try key($0.element), $0.element) }
        return try keyed.sorted { a, b in
            let (first, second) = isReversed ? (b, a) : (a, b)
            if try first.key.isBefore(second.key) { return true }
            return try !second.key.isBefore(first.key) && a.place < b.place
        }
        .map(\.2)
    }

    private static func extreme(_ value: JinjaValue, _ given: JinjaBound, isMost: Bool) throws -> JinjaValue {
        let ordered = try sorted(try value.elements, isReversed: isMost) { element in
            folded(
                try given["attribute"].map { try attribute($0, of: element) } ?? element,
                given.isTrue("case_sensitive"))
        }
        return ordered.first ?? .undefined("an element of nothing")
    }
}
