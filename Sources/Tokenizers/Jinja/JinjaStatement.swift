/// A part of a template.
indirect enum JinjaStatement: Sendable {
    /// What is set.
    enum Target: Sendable {
        case name(String)
        /// A field of a `namespace`.
        case field(of: String, String)
    }

    /// A parameter of a macro.
    struct Parameter: Sendable {
        let name: String
        let usual: JinjaExpression?
    }

    /// A loop.
    struct Loop: Sendable {
        let targets: [String]
        let list: JinjaExpression
        let condition: JinjaExpression?
        let body: [JinjaStatement]
        let otherwise: [JinjaStatement]
    }

    /// Statements with parameters.
    struct Macro: Sendable {
        let name: String
        let parameters: [Parameter]
        let body: [JinjaStatement]
    }

    case text(String)
    case output(JinjaExpression)
    case set([Target], JinjaExpression)
    /// A text that is made, goes through filters, and is kept under a name.
    case capture(Target, [JinjaUse], [JinjaStatement])
    case loop(Loop)
    case choice([(condition: JinjaExpression?, [JinjaStatement])])
    case macro(Macro)
    /// A macro's call with statements that it may call.
    case call(JinjaExpression, Macro)
    case filter([JinjaUse], [JinjaStatement])
    /// Statements that have their own names.
    case scope([(name: String, JinjaExpression)], [JinjaStatement])
    case leave
    case next
}

/// Reads statements out of pieces.
struct JinjaStatementReader {
    private var pieces: ArraySlice<JinjaPieces.Piece>
    private var depth = 0
    private var loops = 0

    /// The statements of a template.
    static func statements(_ template: String) throws -> [JinjaStatement] {
        var reader = JinjaStatementReader(pieces: try JinjaPieces.cut(template)[...])
        return try reader.body(until: []).statements
    }

    private init(pieces: ArraySlice<JinjaPieces.Piece>) {
        self.pieces = pieces
    }

    /// Statements up to a tag, whose word is taken.
    private mutating func body(until ends: Set<String>) throws
        -> (statements: [JinjaStatement], end: String, rest: JinjaParser?)
    {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JinjaLimits.depth else { throw JinjaError("found statements too deep to follow") }
        var statements: [JinjaStatement] = []
        while let piece = pieces.popFirst() {
            switch piece {
            case .text(let text): statements.append(.text(text))
            case .output(let text): statements.append(.output(try JinjaParser.expression(text)))
            case .tag(let text):
                var parser = try JinjaParser(text)
                let word = try parser.word()
                if ends.contains(word) { return (statements, word, parser) }
                statements.append(try statement(word, &parser))
            }
        }
        guard ends.isEmpty else {
            throw JinjaError("found no '\(ends.sorted().joined(separator: "' or '"))'")
        }
        return (statements, "", nil)
    }

    private mutating func body(until end: String) throws -> [JinjaStatement] {
        let (statements, _, _) = try body(until: [end])
        return statements
    }

    private mutating func statement(_ word: String, _ parser: inout JinjaParser) throws -> JinjaStatement {
        switch word {
        case "set": return try assignment(&parser)
        case "for": return .loop(try loop(&parser))
        case "if": return .choice(try branches(&parser))
        case "macro":
            let name = try parser.word()
            let parameters = try Self.parameters(&parser)
            return .macro(.init(name: name, parameters: parameters, body: try ended("endmacro", parser)))
        case "call":
            let parameters = parser.tokens.first == .symbol("(") ? try Self.parameters(&parser) : []
            let call = try parser.expression()
            return .call(
                call, .init(name: "caller", parameters: parameters, body: try ended("endcall", parser)))
        case "filter":
            let uses = try Self.filters(first: try parser.use(), &parser)
            return .filter(uses, try ended("endfilter", parser))
        case "with":
            var names: [(name: String, JinjaExpression)] = []
            while !parser.isAtEnd {
                let name = try parser.word()
                try parser.require(.symbol("="))
                names.append((name, try parser.expression()))
                guard parser.take(.symbol(",")) || parser.isAtEnd else { throw parser.unexpected }
            }
            return .scope(names, try ended("endwith", parser))
        // What it marks is of interest to training only.
        case "generation": return .scope([], try ended("endgeneration", parser))
        case "break", "continue":
            guard loops > 0 else { throw JinjaError("found '\(word)' outside of a loop") }
            try parser.end()
            return word == "break" ? .leave : .next
        default:
            throw JinjaError(
                "found '\(word)', allowed for, if, set, macro, call, filter, with, generation, break, continue, raw"
            )
        }
    }

    private mutating func ended(_ end: String, _ parser: JinjaParser) throws -> [JinjaStatement] {
        try parser.end()
        return try body(until: end)
    }

    private mutating func assignment(_ parser: inout JinjaParser) throws -> JinjaStatement {
        var targets = [try Self.target(&parser)]
        while parser.take(.symbol(",")) { targets.append(try Self.target(&parser)) }
        if parser.take(.symbol("=")) {
            let value = try parser.tupleOrExpression()
            try parser.end()
            return .set(targets, value)
        }
        var uses: [JinjaUse] = []
        if parser.take(.symbol("|")) { uses = try Self.filters(first: try parser.use(), &parser) }
        guard targets.count == 1 else { throw parser.unexpected }
        return .capture(targets[0], uses, try ended("endset", parser))
    }

    private static func target(_ parser: inout JinjaParser) throws -> JinjaStatement.Target {
        let name = try parser.word()
        return parser.take(.symbol(".")) ? .field(of: name, try parser.word()) : .name(name)
    }

    private static func filters(first: JinjaUse, _ parser: inout JinjaParser) throws -> [JinjaUse] {
        var uses = [first]
        while parser.take(.symbol("|")) { uses.append(try parser.use()) }
        return uses
    }

    private static func parameters(_ parser: inout JinjaParser) throws -> [JinjaStatement.Parameter] {
        try parser.require(.symbol("("))
        var parameters: [JinjaStatement.Parameter] = []
        while !parser.take(.symbol(")")) {
            let name = try parser.word()
            parameters.append(
                .init(name: name, usual: parser.take(.symbol("=")) ? try parser.expression() : nil))
            guard parser.take(.symbol(",")) || parser.tokens.first == .symbol(")") else {
                throw parser.unexpected
            }
        }
        return parameters
    }

    private mutating func loop(_ parser: inout JinjaParser) throws -> JinjaStatement.Loop {
        let hasBrackets = parser.take(.symbol("("))
        var targets = [try parser.word()]
        while parser.take(.symbol(",")) { targets.append(try parser.word()) }
        if hasBrackets { try parser.require(.symbol(")")) }
        try parser.require(.word("in"))
        let list = try parser.disjunction()
        let condition = parser.take(.word("if")) ? try parser.expression() : nil
        guard !parser.take(.word("recursive")) else { throw JinjaError("found a recursive loop") }
        try parser.end()
        loops += 1
        defer { loops -= 1 }
        let (body, end, _) = try self.body(until: ["else", "endfor"])
        return .init(
            targets: targets, list: list, condition: condition, body: body,
            otherwise: end == "else" ? try self.body(until: "endfor") : [])
    }

    private mutating func branches(_ first: inout JinjaParser) throws
        -> [(condition: JinjaExpression?, [JinjaStatement])]
    {
        var branches: [(condition: JinjaExpression?, [JinjaStatement])] = []
        var condition: JinjaExpression? = try first.tupleOrExpression()
        try first.end()
        while true {
            let (statements, end, rest) = try body(until: ["elif", "else", "endif"])
            branches.append((condition, statements))
            guard end == "elif", var parser = rest else {
                if end == "else" { branches.append((nil, try body(until: "endif"))) }
                return branches
            }
            condition = try parser.tupleOrExpression()
            try parser.end()
        }
    }
}
