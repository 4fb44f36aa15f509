/// A value in a template.
indirect enum JinjaValue: Sendable, Equatable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case list([JinjaValue])
    case object([String: JinjaValue])
    case none
    case undefined

    var isTrue: Bool {
        switch self {
        case .string(let text): !text.isEmpty
        case .integer(let number): number != 0
        case .boolean(let value): value
        case .list(let elements): !elements.isEmpty
        case .object(let members): !members.isEmpty
        case .none, .undefined: false
        }
    }

    var text: String {
        switch self {
        case .string(let text): text
        case .integer(let number): String(number)
        case .boolean(let value): value ? "True" : "False"
        case .none: "None"
        case .list, .object, .undefined: ""
        }
    }

    fileprivate subscript(member: JinjaValue) -> JinjaValue {
        switch (self, member) {
        case (.object(let members), .string(let name)): return members[name] ?? .undefined
        case (.list(let elements), .integer(let index)):
            let place = index < 0 ? elements.count + index : index
            return elements.indices.contains(place) ? elements[place] : .undefined
        default: return .undefined
        }
    }
}

/// An expression of a template.
struct JinjaExpression: Sendable {
    private indirect enum Node: Sendable {
        case value(JinjaValue)
        case name(String)
        case member(Node, Node)
        case trimmed(Node)
        case isDefined(Node)
        case not(Node)
        case binary(String, Node, Node)
    }

    private let root: Node

    /// - Throws: ``JinjaError`` for what is no expression, or one that is not followed here.
    init(_ text: String) throws {
        var parser = Parser(tokens: try Parser.tokens(text)[...], text: text)
        root = try parser.expression()
        guard parser.tokens.isEmpty else { throw parser.unexpected }
    }

    func value(in scope: [String: JinjaValue]) throws -> JinjaValue {
        try Self.value(root, scope)
    }

    private static func value(_ node: Node, _ scope: [String: JinjaValue]) throws -> JinjaValue {
        switch node {
        case .value(let value): return value
        case .name(let name): return scope[name] ?? .undefined
        case .member(let owner, let member): return try value(owner, scope)[value(member, scope)]
        case .trimmed(let inner):
            let text = try value(inner, scope).text.drop(while: \.isWhitespace)
            return .string(String(String(text.reversed()).drop(while: \.isWhitespace).reversed()))
        case .isDefined(let inner): return .boolean(try value(inner, scope) != .undefined)
        case .not(let inner): return .boolean(try !value(inner, scope).isTrue)
        case .binary(let operation, let left, let right):
            let first = try value(left, scope)
            if operation == "and" { return first.isTrue ? try value(right, scope) : first }
            if operation == "or" { return first.isTrue ? first : try value(right, scope) }
            return combine(operation, first, try value(right, scope))
        }
    }

    private static func combine(_ operation: String, _ left: JinjaValue, _ right: JinjaValue) -> JinjaValue {
        switch (operation, left, right) {
        case ("==", _, _): .boolean(left == right)
        case ("!=", _, _): .boolean(left != right)
        case ("in", .string(let part), .string(let whole)): .boolean(part.isEmpty || whole.contains(part))
        case ("in", .string(let key), .object(let members)): .boolean(members[key] != nil)
        case ("in", _, .list(let elements)): .boolean(elements.contains(left))
        case ("in", _, _): .boolean(false)
        case (_, .integer(let a), .integer(let b)): .integer(a &+ b)
        default: .string(left.text + right.text)
        }
    }

    private enum Token: Equatable {
        case string(String)
        case integer(Int)
        case word(String)
        case symbol(String)
    }

    private struct Parser {
        var tokens: ArraySlice<Token>
        let text: String

        var unexpected: JinjaError {
            JinjaError("found '\(text.prefix(120))', of which only a part can be followed here")
        }

        static func tokens(_ text: String) throws -> [Token] {
            var tokens: [Token] = []
            var rest = text[...]
            while let first = rest.first {
                if first.isWhitespace {
                    rest = rest.dropFirst()
                } else if first == "'" || first == "\"" {
                    tokens.append(.string(try string(&rest, quote: first)))
                } else if first.isLetter || first == "_" {
                    let word = rest.prefix { $0.isLetter || $0.isNumber || $0 == "_" }
                    tokens.append(.word(String(word)))
                    rest = rest.dropFirst(word.count)
                } else if first.isASCII, first.isNumber {
                    let digits = rest.prefix { $0.isASCII && $0.isNumber }
                    guard let number = Int(digits) else { throw JinjaError("found the number \(digits)") }
                    tokens.append(.integer(number))
                    rest = rest.dropFirst(digits.count)
                } else {
                    let symbol =
                        rest.hasPrefix("==") || rest.hasPrefix("!=") ? rest.prefix(2) : rest.prefix(1)
                    tokens.append(.symbol(String(symbol)))
                    rest = rest.dropFirst(symbol.count)
                }
            }
            return tokens
        }

        private static func string(_ rest: inout Substring, quote: Character) throws -> String {
            var result = ""
            rest = rest.dropFirst()
            while let next = rest.first {
                rest = rest.dropFirst()
                if next == quote { return result }
                guard next == "\\", let escaped = rest.first else {
                    result.append(next)
                    continue
                }
                rest = rest.dropFirst()
                result.append(escaped == "n" ? "\n" : escaped == "t" ? "\t" : escaped)
            }
            throw JinjaError("found a string without its end")
        }

        private mutating func take(_ token: Token) -> Bool {
            guard tokens.first == token else { return false }
            tokens = tokens.dropFirst()
            return true
        }

        mutating func expression() throws -> Node {
            var left = try conjunction()
            while take(.word("or")) { left = .binary("or", left, try conjunction()) }
            return left
        }

        private mutating func conjunction() throws -> Node {
            var left = try negation()
            while take(.word("and")) { left = .binary("and", left, try negation()) }
            return left
        }

        private mutating func negation() throws -> Node {
            take(.word("not")) ? .not(try negation()) : try comparison()
        }

        private mutating func comparison() throws -> Node {
            let left = try sum()
            for operation in ["==", "!="] where take(.symbol(operation)) {
                return .binary(operation, left, try sum())
            }
            if take(.word("in")) { return .binary("in", left, try sum()) }
            if take(.word("is")) {
                let isNegated = take(.word("not"))
                guard take(.word("defined")) else { throw unexpected }
                return isNegated ? .not(.isDefined(left)) : .isDefined(left)
            }
            guard tokens.starts(with: [.word("not"), .word("in")]) else { return left }
            tokens = tokens.dropFirst(2)
            return .not(.binary("in", left, try sum()))
        }

        private mutating func sum() throws -> Node {
            var left = try postfix()
            while take(.symbol("+")) || take(.symbol("~")) { left = .binary("+", left, try postfix()) }
            return left
        }

        private mutating func postfix() throws -> Node {
            var node = try primary()
            while true {
                if take(.symbol(".")) {
                    guard case .word(let name) = tokens.popFirst() else { throw unexpected }
                    node = .member(node, .value(.string(name)))
                } else if take(.symbol("[")) {
                    node = .member(node, try expression())
                    guard take(.symbol("]")) else { throw unexpected }
                } else if take(.symbol("|")) {
                    guard take(.word("trim")) else { throw unexpected }
                    node = .trimmed(node)
                } else {
                    return node
                }
            }
        }

        private mutating func primary() throws -> Node {
            switch tokens.popFirst() {
            case .string(let text): return .value(.string(text))
            case .integer(let number): return .value(.integer(number))
            case .word("true"), .word("True"): return .value(.boolean(true))
            case .word("false"), .word("False"): return .value(.boolean(false))
            case .word("none"), .word("None"): return .value(.none)
            case .word(let name): return .name(name)
            case .symbol("("):
                let inner = try expression()
                guard take(.symbol(")")) else { throw unexpected }
                return inner
            default: throw unexpected
            }
        }
    }
}
