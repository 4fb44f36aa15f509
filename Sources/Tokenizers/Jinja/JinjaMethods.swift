/// Methods of Python's texts, lists and dictionaries; of those that change what they belong to, none, as in the
/// sandbox that the Hugging Face library renders templates in.
enum JinjaMethods {
    /// What a method gives; nil for a value that has no such method.
    static func call(_ name: String, of value: JinjaValue, _ given: JinjaGiven) throws -> JinjaValue? {
        switch value {
        case .string(let text):
            let result = try call(name, of: text, given)
            if case .string(let text) = result { try JinjaText.require(text.utf8.count) }
            return result
        case .object(let object): return try call(name, of: object, given)
        case .list(let elements), .tuple(let elements): return try call(name, of: elements, given)
        default: return nil
        }
    }

    private static func call(_ name: String, of text: String, _ given: JinjaGiven) throws -> JinjaValue? {
        func bound(_ parameters: String...) throws -> JinjaBound { try given.bound(to: parameters, of: name) }
        switch name {
        case "strip", "lstrip", "rstrip":
            return .string(
                JinjaText.stripped(
                    text, of: try bound("chars").text("chars"), left: name != "rstrip",
                    right: name != "lstrip"))
        case "split", "rsplit":
            let given = try bound("sep", "maxsplit")
            let most = try given.integer("maxsplit") ?? -1
            let separator = try given.text("sep")
            guard separator != "" else { throw JinjaError("\(name): found an empty separator") }
            let parts =
                separator.map {
                    JinjaText.split(text, at: $0, most: most, fromRight: name == "rsplit")
                } ?? JinjaText.words(text, most: most, fromRight: name == "rsplit")
            return .list(parts.map { .string($0) })
        case "splitlines":
            var lines = JinjaText.split(text.replacing("\r\n", with: "\n"), at: "\n", most: -1)
            if lines.last == "" { lines.removeLast() }
            return .list(lines.map { .string($0) })
        case "partition", "rpartition":
            let separator = try bound("sep").requiredText("sep")
            let parts = JinjaText.split(text, at: separator, most: 1, fromRight: name == "rpartition")
            guard parts.count == 2 else {
                return .tuple((name == "partition" ? [text, "", ""] : ["", "", text]).map { .string($0) })
            }
            return .tuple([.string(parts[0]), .string(separator), .string(parts[1])])
        case "startswith", "endswith":
            let parts = try bound("prefix")["prefix"].map { value in
                if case .tuple(let all) = value { all } else { [value] }
            }
            let scalars = Array(text.unicodeScalars)
            return .boolean(
                try (parts ?? []).contains { part in
                    let part = Array(try part.text.unicodeScalars)
                    return name == "startswith"
                        ? scalars.starts(with: part) : scalars.suffix(part.count).elementsEqual(part)
                })
        case "upper": return .string(text.uppercased())
        case "lower", "casefold": return .string(text.lowercased())
        case "title": return .string(JinjaText.titled(text))
        case "capitalize": return .string(JinjaText.capitalized(text))
        case "replace":
            let given = try bound("old", "new", "count")
            return .string(
                try JinjaText.replaced(
                    text, given.requiredText("old"), by: given.requiredText("new"),
                    most: given.integer("count") ?? -1))
        case "removeprefix", "removesuffix":
            let part = Array(try bound("part").requiredText("part").unicodeScalars)
            let scalars = Array(text.unicodeScalars)
            if name == "removeprefix" {
                return .string(
                    scalars.starts(with: part) ? JinjaText.scalars(scalars.dropFirst(part.count)) : text)
            }
            return .string(
                scalars.suffix(part.count).elementsEqual(part)
                    ? JinjaText.scalars(scalars.dropLast(part.count)) : text)
        case "find", "rfind", "index":
            let part = try bound("sub").requiredText("sub")
            let parts = JinjaText.split(
                text, at: part.isEmpty ? "\u{0}" : part, most: 1, fromRight: name == "rfind")
            let place = part.isEmpty ? 0 : parts.count == 2 ? parts[0].unicodeScalars.count : -1
            guard place >= 0 || name != "index" else { throw JinjaError("index: found no '\(part)'") }
            return .integer(place)
        case "count":
            let part = try bound("sub").requiredText("sub")
            return .integer(
                part.isEmpty
                    ? text.unicodeScalars.count + 1 : JinjaText.split(text, at: part, most: -1).count - 1)
        case "join":
            return try JinjaFilters.apply(
                "join", to: try bound("iterable")["iterable"] ?? .list([]),
                JinjaGiven(positional: [.string(text)]))
        case "isdigit", "isdecimal", "isnumeric":
            return .boolean(all(text) { $0.properties.numericType == .decimal })
        case "isalpha": return .boolean(all(text) { $0.properties.isAlphabetic })
        case "isalnum":
            return .boolean(all(text) { $0.properties.isAlphabetic || $0.properties.numericType != nil })
        case "isspace": return .boolean(all(text) { $0.properties.isWhitespace })
        case "islower": return .boolean(try JinjaTests.passes("lower", .string(text), []))
        case "isupper": return .boolean(try JinjaTests.passes("upper", .string(text), []))
        default: return nil
        }
    }

    private static func all(_ text: String, _ passes: (Unicode.Scalar) -> Bool) -> Bool {
        !text.isEmpty && text.unicodeScalars.allSatisfy(passes)
    }

    private static func call(_ name: String, of object: JinjaObject, _ given: JinjaGiven) throws
        -> JinjaValue?
    {
        switch name {
        case "items": return try items(of: .object(object))
        case "keys": return .list(object.members.map { .string($0.key) })
        case "values": return .list(object.members.map(\.value))
        case "get":
            let bound = try given.bound(to: ["key", "default"], of: name)
            guard case .string(let key) = bound["key"] else {
                return bound.values["default"] ?? JinjaValue.none
            }
            return object[key] ?? bound.values["default"] ?? JinjaValue.none
        case "copy": return .object(object)
        case "pop", "update", "clear", "setdefault", "popitem":
            throw JinjaError("found '\(name)', which would change an object")
        default: return nil
        }
    }

    /// Pairs of keys and values.
    static func items(of value: JinjaValue) throws -> JinjaValue {
        guard case .object(let object) = value else { throw JinjaError("items: found \(value.kind)") }
        return .list(object.members.map { .tuple([.string($0.key), $0.value]) })
    }

    private static func call(_ name: String, of elements: [JinjaValue], _ given: JinjaGiven) throws
        -> JinjaValue?
    {
        switch name {
        case "index", "count":
            guard let element = given.positional.first else { throw JinjaError("\(name): found nothing") }
            let places = elements.indices.filter { elements[$0].equals(element) }
            if name == "count" { return .integer(places.count) }
            guard let place = places.first else { throw JinjaError("index: found no such element") }
            return .integer(place)
        case "copy": return .list(elements)
        case "append", "extend", "insert", "pop", "remove", "clear", "sort", "reverse":
            throw JinjaError("found '\(name)', which would change a list")
        default: return nil
        }
    }
}
