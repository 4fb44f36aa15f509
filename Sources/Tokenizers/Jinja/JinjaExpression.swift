/// An expression of a template.
indirect enum JinjaExpression: Sendable {
    case string(String)
    case integer(Int)
    case float(Double)
    case boolean(Bool)
    case none
    case list([JinjaExpression])
    case tuple([JinjaExpression])
    case object([(key: JinjaExpression, value: JinjaExpression)])
    case name(String)
    /// `a.b`
    case attribute(JinjaExpression, String)
    /// `a[b]`
    case item(JinjaExpression, JinjaExpression)
    /// `a[from:to:step]`
    case slice(JinjaExpression, from: JinjaExpression?, to: JinjaExpression?, step: JinjaExpression?)
    case call(JinjaExpression, JinjaArguments)
    case filter(JinjaExpression, JinjaUse)
    case test(JinjaExpression, JinjaUse)
    case not(JinjaExpression)
    case negative(JinjaExpression)
    case positive(JinjaExpression)
    case both(JinjaExpression, JinjaExpression)
    case either(JinjaExpression, JinjaExpression)
    case binary(String, JinjaExpression, JinjaExpression)
    /// `a < b < c`
    case comparison(JinjaExpression, [(sign: String, JinjaExpression)])
    /// `a if condition else b`
    case choice(condition: JinjaExpression, JinjaExpression, otherwise: JinjaExpression?)
}

/// What a call is given.
struct JinjaArguments: Sendable {
    var positional: [JinjaExpression] = []
    var named: [(name: String, JinjaExpression)] = []
}

/// A filter or test by its name, and what it is given.
struct JinjaUse: Sendable {
    let name: String
    let arguments: JinjaArguments
}

/// Reads expressions, by the precedence of Jinja's own parser.
struct JinjaParser {
    private(set) var tokens: ArraySlice<JinjaToken>
    private let text: ArraySlice<Unicode.Scalar>
    private var depth = 0

    /// - Throws: ``JinjaError`` for what has no tokens of Jinja's.
    init(_ text: ArraySlice<Unicode.Scalar>) throws {
        self.text = text
        tokens = try JinjaToken.all(text)[...]
    }

    /// An expression that is all of a text.
    static func expression(_ text: ArraySlice<Unicode.Scalar>) throws -> JinjaExpression {
        var parser = try JinjaParser(text)
        let expression = try parser.tupleOrExpression()
        try parser.end()
        return expression
    }

    var isAtEnd: Bool { tokens.isEmpty }

    var unexpected: JinjaError {
        let shown = String(String.UnicodeScalarView(text.prefix(120)))
        return JinjaError("found '\(shown)', which is not understood")
    }

    func end() throws {
        guard tokens.isEmpty else { throw unexpected }
    }

    mutating func take(_ token: JinjaToken) -> Bool {
        guard tokens.first == token else { return false }
        tokens.removeFirst()
        return true
    }

    mutating func require(_ token: JinjaToken) throws {
        guard take(token) else { throw unexpected }
    }

    mutating func word() throws -> String {
        guard case .word(let word) = tokens.popFirst() else { throw unexpected }
        return word
    }

    private mutating func within<Value>(_ body: (inout JinjaParser) throws -> Value) throws -> Value {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JinjaLimits.depth else { throw JinjaError("found an expression too deep to follow") }
        return try body(&self)
    }

    // MARK: From the loosest to the tightest

    /// Several expressions with commas between are a tuple.
    mutating func tupleOrExpression() throws -> JinjaExpression {
        let first = try expression()
        guard tokens.first == .symbol(",") else { return first }
        var elements = [first]
        while take(.symbol(",")) {
            guard !isAtEnd else { break }
            elements.append(try expression())
        }
        return .tuple(elements)
    }

    mutating func expression() throws -> JinjaExpression {
        try within { parser in
            var result = try parser.disjunction()
            while parser.take(.word("if")) {
                let condition = try parser.disjunction()
                let otherwise = parser.take(.word("else")) ? try parser.expression() : nil
                result = .choice(condition: condition, result, otherwise: otherwise)
            }
            return result
        }
    }

    /// An expression without `if … else`, as the list of a loop is, whose own condition may follow.
    mutating func disjunction() throws -> JinjaExpression {
        var left = try conjunction()
        while take(.word("or")) { left = .either(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws -> JinjaExpression {
        var left = try negation()
        while take(.word("and")) { left = .both(left, try negation()) }
        return left
    }

    private mutating func negation() throws -> JinjaExpression {
        guard take(.word("not")) else { return try comparison() }
        return .not(try within { try $0.negation() })
    }

    private static let comparisons = ["==", "!=", "<", "<=", ">", ">="]

    private mutating func comparison() throws -> JinjaExpression {
        let left = try sum()
        var others: [(sign: String, JinjaExpression)] = []
        while true {
            if case .symbol(let sign) = tokens.first, Self.comparisons.contains(sign) {
                tokens.removeFirst()
                others.append((sign, try sum()))
            } else if take(.word("in")) {
                others.append(("in", try sum()))
            } else if tokens.starts(with: [.word("not"), .word("in")]) {
                tokens.removeFirst(2)
                others.append(("not in", try sum()))
            } else {
                return others.isEmpty ? left : .comparison(left, others)
            }
        }
    }

    private mutating func sum() throws -> JinjaExpression {
        try chain(["+", "-"]) { parser in try parser.chain(["~"]) { try $0.product() } }
    }

    private mutating func product() throws -> JinjaExpression {
        try chain(["*", "/", "//", "%"]) { parser in try parser.chain(["**"]) { try $0.unary() } }
    }

    private mutating func chain(
        _ signs: [String], of part: (inout JinjaParser) throws -> JinjaExpression
    ) throws -> JinjaExpression {
        var left = try part(&self)
        while case .symbol(let sign) = tokens.first, signs.contains(sign) {
            tokens.removeFirst()
            left = .binary(sign, left, try part(&self))
        }
        return left
    }

    private mutating func unary(takesFilters: Bool = true) throws -> JinjaExpression {
        var node: JinjaExpression
        if take(.symbol("-")) {
            node = .negative(try within { try $0.unary(takesFilters: false) })
        } else if take(.symbol("+")) {
            node = .positive(try within { try $0.unary(takesFilters: false) })
        } else {
            node = try postfix(try primary())
        }
        return takesFilters ? try filters(node) : node
    }

    private mutating func postfix(_ primary: JinjaExpression) throws -> JinjaExpression {
        var node = primary
        while true {
            if take(.symbol(".")) {
                switch tokens.popFirst() {
                case .word(let name): node = .attribute(node, name)
                case .integer(let index): node = .item(node, .integer(index))
                default: throw unexpected
                }
            } else if take(.symbol("[")) {
                node = try subscripted(node)
            } else if tokens.first == .symbol("(") {
                node = .call(node, try arguments())
            } else {
                return node
            }
        }
    }

    private mutating func subscripted(_ owner: JinjaExpression) throws -> JinjaExpression {
        func isEnd(_ parser: JinjaParser) -> Bool {
            parser.tokens.first == .symbol(":") || parser.tokens.first == .symbol("]")
        }
        let first = isEnd(self) ? nil : try expression()
        guard take(.symbol(":")) else {
            guard let first else { throw unexpected }
            try require(.symbol("]"))
            return .item(owner, first)
        }
        let to = isEnd(self) ? nil : try expression()
        let step = take(.symbol(":")) && !isEnd(self) ? try expression() : nil
        try require(.symbol("]"))
        return .slice(owner, from: first, to: to, step: step)
    }

    mutating func arguments() throws -> JinjaArguments {
        try require(.symbol("("))
        var arguments = JinjaArguments()
        while !take(.symbol(")")) {
            if case .word(let name) = tokens.first, tokens.dropFirst().first == .symbol("=") {
                tokens.removeFirst(2)
                arguments.named.append((name, try expression()))
            } else {
                arguments.positional.append(try expression())
            }
            guard take(.symbol(",")) || tokens.first == .symbol(")") else { throw unexpected }
        }
        return arguments
    }

    /// Filters and tests, which bind as tightly as calls.
    mutating func filters(_ subject: JinjaExpression) throws -> JinjaExpression {
        var node = subject
        while true {
            if take(.symbol("|")) {
                node = .filter(node, try use())
            } else if take(.word("is")) {
                node = try test(node)
            } else if tokens.first == .symbol("(") {
                node = .call(node, try arguments())
            } else {
                return node
            }
        }
    }

    /// A filter's name and arguments.
    mutating func use() throws -> JinjaUse {
        var name = try word()
        while take(.symbol(".")) { name += ".\(try word())" }
        return JinjaUse(
            name: name, arguments: tokens.first == .symbol("(") ? try arguments() : JinjaArguments())
    }

    /// Words that no test is given without brackets.
    private static let joints: Set<String> = ["else", "or", "and", "if", "is", "in", "not"]

    private mutating func test(_ subject: JinjaExpression) throws -> JinjaExpression {
        let isNegated = take(.word("not"))
        let name = try word()
        var arguments = JinjaArguments()
        switch tokens.first {
        case .symbol("("): arguments = try self.arguments()
        case .string, .integer, .float, .symbol("["), .symbol("{"):
            arguments.positional = [try postfix(try primary())]
        case .word(let word) where !Self.joints.contains(word):
            arguments.positional = [try postfix(try primary())]
        default: break
        }
        let test = JinjaExpression.test(subject, JinjaUse(name: name, arguments: arguments))
        return isNegated ? .not(test) : test
    }

    private mutating func primary() throws -> JinjaExpression {
        switch tokens.popFirst() {
        case .string(var text):
            // Neighbours are one, as in Python.
            while case .string(let more) = tokens.first {
                tokens.removeFirst()
                text += more
            }
            return .string(text)
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        case .word("true"), .word("True"): return .boolean(true)
        case .word("false"), .word("False"): return .boolean(false)
        case .word("none"), .word("None"): return .none
        case .word(let name): return .name(name)
        case .symbol("("):
            if take(.symbol(")")) { return .tuple([]) }
            let inner = try within { try $0.elements(until: ")") }
            return inner.isTuple ? .tuple(inner.all) : inner.all[0]
        case .symbol("["):
            if take(.symbol("]")) { return .list([]) }
            return .list(try within { try $0.elements(until: "]").all })
        case .symbol("{"): return .object(try within { try $0.members() })
        default: throw unexpected
        }
    }

    private mutating func elements(until end: String) throws -> (all: [JinjaExpression], isTuple: Bool) {
        var (all, isTuple) = ([try expression()], false)
        while !take(.symbol(end)) {
            try require(.symbol(","))
            isTuple = true
            if take(.symbol(end)) { break }
            all.append(try expression())
        }
        return (all, isTuple)
    }

    private mutating func members() throws -> [(key: JinjaExpression, value: JinjaExpression)] {
        var members: [(key: JinjaExpression, value: JinjaExpression)] = []
        while !take(.symbol("}")) {
            let key = try expression()
            try require(.symbol(":"))
            members.append((key, try expression()))
            guard take(.symbol(",")) || tokens.first == .symbol("}") else { throw unexpected }
        }
        return members
    }
}
