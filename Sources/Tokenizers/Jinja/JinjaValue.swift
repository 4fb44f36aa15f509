/// A value in a template, as Python has it.
indirect enum JinjaValue {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    case list([JinjaValue])
    case tuple([JinjaValue])
    case object(JinjaObject)
    case none
    /// Nothing has this name.
    case undefined(String)
    /// What `namespace(…)` makes, whose fields can be set.
    case namespace(JinjaNamespace)
    case loop(JinjaLoop)
    case macro(JinjaMacro)

    var isTrue: Bool {
        switch self {
        case .string(let text): !text.isEmpty
        case .integer(let number): number != 0
        case .float(let number): number != 0
        case .boolean(let value): value
        case .list(let elements), .tuple(let elements): !elements.isEmpty
        case .object(let object): !object.members.isEmpty
        case .none, .undefined: false
        case .namespace, .loop, .macro: true
        }
    }

    var isUndefined: Bool {
        if case .undefined = self { true } else { false }
    }

    /// What it is, for errors.
    var kind: String {
        switch self {
        case .string: "a text"
        case .integer, .float: "a number"
        case .boolean: "a truth value"
        case .list: "a list"
        case .tuple: "a tuple"
        case .object: "an object"
        case .none: "none"
        case .undefined(let name): "'\(name)', which is undefined"
        case .namespace: "a namespace"
        case .loop: "a loop"
        case .macro: "a macro"
        }
    }

    /// As Python's `str` has it.
    var text: String {
        get throws {
            switch self {
            case .string(let text): text
            case .undefined: ""
            case .integer, .float, .boolean, .none, .list, .tuple, .object: try literal
            case .namespace, .loop, .macro: throw JinjaError("found \(kind) where a text is to be")
            }
        }
    }

    /// As Python's `repr` has it.
    private var literal: String {
        get throws {
            switch self {
            case .string(let text): Self.quoted(text)
            case .integer(let number): String(number)
            case .float(let number): Self.text(of: number)
            case .boolean(let value): value ? "True" : "False"
            case .none: "None"
            case .list(let elements): "[\(try elements.map { try $0.literal }.joined(separator: ", "))]"
            case .tuple(let elements):
                "(\(try elements.map { try $0.literal }.joined(separator: ", "))\(elements.count == 1 ? "," : ""))"
            case .object(let object):
                "{\(try object.members.map { "\(Self.quoted($0.key)): \(try $0.value.literal)" }.joined(separator: ", "))}"
            case .undefined, .namespace, .loop, .macro: try text
            }
        }
    }

    static func text(of number: Double) -> String {
        number.isNaN ? "nan" : number.isInfinite ? number < 0 ? "-inf" : "inf" : "\(number)"
    }

    private static func quoted(_ text: String) -> String {
        let quote = text.contains("'") && !text.contains("\"") ? "\"" : "'"
        var result = quote
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case "\r": result += "\\r"
            case "\\": result += "\\\\"
            case _ where String(scalar) == quote: result += "\\\(quote)"
            default: result.unicodeScalars.append(scalar)
            }
        }
        return result + quote
    }

    /// A number; truth values count as 0 and 1, as in Python.
    var number: Double? {
        switch self {
        case .integer(let number): Double(number)
        case .float(let number): number
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// A whole number.
    var integer: Int? {
        switch self {
        case .integer(let number): number
        case .boolean(let value): value ? 1 : 0
        default: nil
        }
    }

    /// The elements of a list, the keys of an object, the characters of a text; none of what is undefined.
    var elements: [JinjaValue] {
        get throws {
            switch self {
            case .list(let elements), .tuple(let elements): elements
            case .object(let object): object.members.map { .string($0.key) }
            case .string(let text): text.unicodeScalars.map { .string(String($0)) }
            case .undefined: []
            default: throw JinjaError("found \(kind), allowed a list")
            }
        }
    }

    /// As Python's `len` has it.
    var count: Int {
        get throws {
            switch self {
            case .list(let elements), .tuple(let elements): elements.count
            case .object(let object): object.members.count
            case .string(let text): text.unicodeScalars.count
            case .undefined: 0
            default: throw JinjaError("found \(kind), which has no length")
            }
        }
    }

    // MARK: Comparisons

    func equals(_ other: JinjaValue) -> Bool {
        switch (self, other) {
        case (.string(let a), .string(let b)): a.unicodeScalars.elementsEqual(b.unicodeScalars)
        case (.integer(let a), .integer(let b)): a == b
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            a.count == b.count && zip(a, b).allSatisfy { $0.equals($1) }
        case (.object(let a), .object(let b)):
            a.members.count == b.members.count
                && a.members.allSatisfy { member in b[member.key].map { $0.equals(member.value) } ?? false }
        case (.none, .none), (.undefined, .undefined): true
        case (.namespace(let a), .namespace(let b)): a === b
        default:
            if let a = number, let b = other.number { a == b } else { false }
        }
    }

    /// Whether it comes before another in order.
    func isBefore(_ other: JinjaValue) throws -> Bool {
        if let a = number, let b = other.number { return a < b }
        switch (self, other) {
        case (.string(let a), .string(let b)):
            return a.unicodeScalars.lexicographicallyPrecedes(b.unicodeScalars)
        case (.list(let a), .list(let b)), (.tuple(let a), .tuple(let b)):
            for (first, second) in zip(a, b) where !first.equals(second) { return try first.isBefore(second) }
            return a.count < b.count
        default: throw JinjaError("found \(kind) and \(other.kind), which have no order")
        }
    }

    /// Whether it has something as an element, a key or a part.
    func contains(_ part: JinjaValue) throws -> Bool {
        switch self {
        case .string(let text):
            guard case .string(let letters) = part else {
                throw JinjaError("found \(part.kind) in a text, allowed a text")
            }
            return letters.isEmpty || JinjaText.firstPlace(of: letters, in: text) != nil
        case .object(let object):
            guard case .string(let key) = part else { return false }
            return object[key] != nil
        default: return try elements.contains { $0.equals(part) }
        }
    }
}

/// An object's members, in the order in which they were added.
struct JinjaObject {
    struct Member {
        let key: String
        var value: JinjaValue
    }

    private(set) var members: [Member] = []
    private var places: [String: Int] = [:]

    subscript(key: String) -> JinjaValue? {
        get { places[key].map { members[$0].value } }
        set {
            guard let newValue else { return }
            if let place = places[key] {
                members[place].value = newValue
            } else {
                places[key] = members.count
                members.append(Member(key: key, value: newValue))
            }
        }
    }
}

/// Fields that statements of inner scopes can set.
final class JinjaNamespace {
    var fields: JinjaObject

    init(_ fields: JinjaObject) {
        self.fields = fields
    }
}

/// What a loop's body knows of where it is.
struct JinjaLoop {
    let index0: Int
    let count: Int
    let previous: JinjaValue?
    let next: JinjaValue?

    subscript(name: String) -> JinjaValue? {
        switch name {
        case "index0": .integer(index0)
        case "index": .integer(index0 + 1)
        case "revindex0": .integer(count - index0 - 1)
        case "revindex": .integer(count - index0)
        case "first": .boolean(index0 == 0)
        case "last": .boolean(index0 == count - 1)
        case "length": .integer(count)
        case "previtem": previous ?? .undefined("loop.previtem")
        case "nextitem": next ?? .undefined("loop.nextitem")
        // Of loops that call themselves alone.
        case "depth": .integer(1)
        case "depth0": .integer(0)
        default: nil
        }
    }
}

/// A macro, and the names that it sees.
struct JinjaMacro {
    let definition: JinjaStatement.Macro
    let scope: JinjaScope
}

/// Names and what they stand for, over those outside.
final class JinjaScope {
    private var values: [String: JinjaValue]
    private let outer: JinjaScope?

    init(_ values: [String: JinjaValue] = [:], in outer: JinjaScope? = nil) {
        (self.values, self.outer) = (values, outer)
    }

    subscript(name: String) -> JinjaValue? {
        get { values[name] ?? outer?[name] }
        set { values[name] = newValue }
    }

    func removeAll() { values = [:] }
}
