/// Computes a template's statements and expressions.
final class JinjaRenderer {
    private enum Flow {
        case on, leave, next
    }

    private var steps = 0
    private var depth = 0
    private var macroScopes: [JinjaScope] = []

    /// The text of a template, with names and what they stand for.
    static func text(of statements: [JinjaStatement], _ names: [String: JinjaValue]) throws -> String {
        let renderer = JinjaRenderer()
        // Macros and the scopes that they stand in hold each other.
        defer { for scope in renderer.macroScopes { scope.removeAll() } }
        var text = ""
        _ = try renderer.render(statements, JinjaScope(in: JinjaScope(names)), to: &text)
        return text
    }

    private func step() throws {
        steps += 1
        guard steps <= JinjaLimits.steps else {
            throw JinjaError("found more than \(JinjaLimits.steps) steps to compute")
        }
    }

    private func within<Value>(_ body: () throws -> Value) throws -> Value {
        depth += 1
        defer { depth -= 1 }
        guard depth <= JinjaLimits.depth else { throw JinjaError("found calls too deep to follow") }
        return try body()
    }

    // MARK: Statements

    private func render(_ statements: [JinjaStatement], _ scope: JinjaScope, to text: inout String) throws
        -> Flow
    {
        for statement in statements {
            try step()
            let flow = try render(statement, scope, to: &text)
            guard flow == .on else { return flow }
        }
        return .on
    }

    private func text(of statements: [JinjaStatement], _ scope: JinjaScope) throws -> String {
        var text = ""
        _ = try within { try render(statements, scope, to: &text) }
        return text
    }

    private func render(_ statement: JinjaStatement, _ scope: JinjaScope, to text: inout String) throws
        -> Flow
    {
        switch statement {
        case .text(let part): try append(part, to: &text)
        case .output(let expression): try append(value(expression, scope).text, to: &text)
        case .set(let targets, let expression):
            try assign(try value(expression, scope), to: targets, scope)
        case .capture(let target, let uses, let body):
            let inner = try self.text(of: body, JinjaScope(in: scope))
            try assign(try filtered(.string(inner), uses, scope), to: [target], scope)
        case .loop(let loop): try render(loop, scope, to: &text)
        case .choice(let branches):
            for (condition, body) in branches
            where try condition.map({ try value($0, scope).isTrue }) ?? true {
                return try within { try render(body, scope, to: &text) }
            }
        case .macro(let macro):
            scope[macro.name] = .macro(JinjaMacro(definition: macro, scope: scope))
            macroScopes.append(scope)
        case .call(let call, let body):
            guard case .call(let macro, let arguments) = call else {
                throw JinjaError("call: found no call of a macro")
            }
            let caller = JinjaValue.macro(JinjaMacro(definition: body, scope: scope))
            try append(try self.call(macro, arguments, scope, caller: caller).text, to: &text)
        case .filter(let uses, let body):
            let inner = try self.text(of: body, JinjaScope(in: scope))
            try append(try filtered(.string(inner), uses, scope).text, to: &text)
        case .scope(let names, let body):
            let inner = JinjaScope(in: scope)
            for (name, expression) in names { inner[name] = try value(expression, scope) }
            return try within { try render(body, names.isEmpty ? scope : inner, to: &text) }
        case .leave: return .leave
        case .next: return .next
        }
        return .on
    }

    private func append(_ part: String, to text: inout String) throws {
        try JinjaText.require(text.utf8.count + part.utf8.count)
        text += part
    }

    private func filtered(_ value: JinjaValue, _ uses: [JinjaUse], _ scope: JinjaScope) throws -> JinjaValue {
        try uses.reduce(value) { try filter($1, $0, scope) }
    }

    private func assign(_ value: JinjaValue, to targets: [JinjaStatement.Target], _ scope: JinjaScope) throws
    {
        let values = try Self.unpacked(value, targets.count)
        for (target, value) in zip(targets, values) {
            switch target {
            case .name(let name): scope[name] = value
            case .field(let owner, let name):
                guard case .namespace(let namespace) = scope[owner] else {
                    throw JinjaError("set: found '\(owner).\(name)', allowed a field of a namespace")
                }
                namespace.fields[name] = value
            }
        }
    }

    /// As many values as there are names for them.
    private static func unpacked(_ value: JinjaValue, _ count: Int) throws -> [JinjaValue] {
        guard count > 1 else { return [value] }
        let values = try value.elements
        guard values.count == count else {
            throw JinjaError("found \(values.count) values for \(count) names")
        }
        return values
    }

    private func render(_ loop: JinjaStatement.Loop, _ scope: JinjaScope, to text: inout String) throws {
        func named(_ element: JinjaValue) throws -> JinjaScope {
            let inner = JinjaScope(in: scope)
            for (name, value) in zip(loop.targets, try Self.unpacked(element, loop.targets.count)) {
                inner[name] = value
            }
            return inner
        }
        var elements = try value(loop.list, scope).elements
        if let condition = loop.condition {
            elements = try elements.filter { try value(condition, named($0)).isTrue }
        }
        guard !elements.isEmpty else {
            _ = try within { try render(loop.otherwise, JinjaScope(in: scope), to: &text) }
            return
        }
        for (index, element) in elements.enumerated() {
            let inner = try named(element)
            inner["loop"] = .loop(
                JinjaLoop(
                    index0: index, count: elements.count, previous: index > 0 ? elements[index - 1] : nil,
                    next: index + 1 < elements.count ? elements[index + 1] : nil))
            if try within({ try render(loop.body, inner, to: &text) }) == .leave { break }
        }
    }

    // MARK: Expressions

    private func value(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        try step()
        return try within { try inner(expression, scope) }
    }

    private func inner(_ expression: JinjaExpression, _ scope: JinjaScope) throws -> JinjaValue {
        switch expression {
        case .string(let text): return .string(text)
        case .integer(let number): return .integer(number)
        case .float(let number): return .float(number)
        case .boolean(let value): return .boolean(value)
        case .none: return .none
        case .list(let elements): return .list(try elements.map { try value($0, scope) })
        case .tuple(let elements): return .tuple(try elements.map { try value($0, scope) })
        case .object(let members):
            var object = JinjaObject()
            for member in members {
                guard case .string(let key) = try value(member.key, scope) else {
                    throw JinjaError("found a key that is no text")
                }
                object[key] = try value(member.value, scope)
            }
            return .object(object)
        case .name(let name): return scope[name] ?? .undefined(name)
        case .attribute(let owner, let name): return try Self.member(.string(name), of: value(owner, scope))
        case .item(let owner, let member):
            return try Self.member(value(member, scope), of: value(owner, scope))
        case .slice(let owner, let from, let to, let step):
            return try Self.slice(
                value(owner, scope), try [from, to, step].map { try $0.map { try value($0, scope) } })
        case .call(let function, let arguments): return try call(function, arguments, scope, caller: nil)
        case .filter(let subject, let use): return try filter(use, value(subject, scope), scope)
        case .test(let subject, let use):
            return .boolean(
                try JinjaTests.passes(use.name, value(subject, scope), given(use.arguments, scope).positional)
            )
        case .not(let inner): return .boolean(try !value(inner, scope).isTrue)
        case .negative(let inner):
            let subject = try value(inner, scope)
            if let number = subject.integer { return .integer(0 &- number) }
            guard let number = subject.number else { throw JinjaError("found '-' before \(subject.kind)") }
            return .float(-number)
        case .positive(let inner):
            let subject = try value(inner, scope)
            guard subject.number != nil else { throw JinjaError("found '+' before \(subject.kind)") }
            return subject
        case .both(let left, let right):
            let first = try value(left, scope)
            return first.isTrue ? try value(right, scope) : first
        case .either(let left, let right):
            let first = try value(left, scope)
            return first.isTrue ? first : try value(right, scope)
        case .binary(let sign, let left, let right):
            return try JinjaArithmetic.value(of: sign, value(left, scope), value(right, scope))
        case .comparison(let first, let others): return .boolean(try compare(first, others, scope))
        case .choice(let condition, let first, let otherwise):
            if try value(condition, scope).isTrue { return try value(first, scope) }
            return try otherwise.map { try value($0, scope) } ?? .undefined("the other case")
        }
    }

    private func compare(
        _ first: JinjaExpression, _ others: [(sign: String, JinjaExpression)], _ scope: JinjaScope
    ) throws -> Bool {
        var left = try value(first, scope)
        for (sign, expression) in others {
            let right = try value(expression, scope)
            guard try JinjaArithmetic.holds(sign, left, right) else { return false }
            left = right
        }
        return true
    }

    private static func member(_ name: JinjaValue, of owner: JinjaValue) throws -> JinjaValue {
        switch (owner, name) {
        case (.object(let object), .string(let key)): return object[key] ?? .undefined(key)
        case (.namespace(let namespace), .string(let key)): return namespace.fields[key] ?? .undefined(key)
        case (.loop(let loop), .string(let key)): return loop[key] ?? .undefined("loop.\(key)")
        case (.undefined, _): throw JinjaError("found \(owner.kind)")
        case (.list(let elements), _), (.tuple(let elements), _):
            guard let index = name.integer else { return .undefined(try name.text) }
            let place = index < 0 ? elements.count + index : index
            return elements.indices.contains(place) ? elements[place] : .undefined("[\(index)]")
        case (.string(let text), _):
            guard let index = name.integer else { return .undefined(try name.text) }
            let scalars = Array(text.unicodeScalars)
            let place = index < 0 ? scalars.count + index : index
            return scalars.indices.contains(place)
                ? .string(String(scalars[place])) : .undefined("[\(index)]")
        default: return .undefined(try name.text)
        }
    }

    private static func slice(_ owner: JinjaValue, _ bounds: [JinjaValue?]) throws -> JinjaValue {
        let numbers = try bounds.map { bound -> Int? in
            switch bound {
            case nil, .some(.none): return nil
            case .some(let value):
                guard let number = value.integer else { throw JinjaError("found a slice by \(value.kind)") }
                return number
            }
        }
        let elements = try owner.elements
        let indices = try pythonIndices(elements.count, numbers[0], numbers[1], numbers[2])
        switch owner {
        case .string: return .string(JinjaText.scalars(try owner.text.unicodeScalars.picked(indices)))
        case .list: return .list(indices.map { elements[$0] })
        case .tuple: return .tuple(indices.map { elements[$0] })
        default: throw JinjaError("found a slice of \(owner.kind)")
        }
    }

    /// The indices that Python's `slice(from, to, step)` picks.
    private static func pythonIndices(_ count: Int, _ from: Int?, _ to: Int?, _ step: Int?) throws -> [Int] {
        let step = step ?? 1
        guard step != 0 else { throw JinjaError("found a slice with step 0") }
        func bounded(_ index: Int?, _ usual: Int) -> Int {
            guard let index else { return usual }
            let place = index < 0 ? max(index, -count - 1) + count : index
            return step > 0 ? min(max(place, 0), count) : min(max(place, -1), count - 1)
        }
        let first = bounded(from, step > 0 ? 0 : count - 1)
        let last = bounded(to, step > 0 ? count : -1)
        guard step.magnitude <= count else {
            return (step > 0 ? first < last : first > last) ? [first] : []
        }
        return Array(stride(from: first, to: last, by: step))
    }

    // MARK: Calls

    private func given(_ arguments: JinjaArguments, _ scope: JinjaScope) throws -> JinjaGiven {
        JinjaGiven(
            positional: try arguments.positional.map { try value($0, scope) },
            named: try arguments.named.map { ($0.name, try value($0.1, scope)) })
    }

    private func filter(_ use: JinjaUse, _ value: JinjaValue, _ scope: JinjaScope) throws -> JinjaValue {
        try JinjaFilters.apply(use.name, to: value, given(use.arguments, scope))
    }

    private func call(
        _ function: JinjaExpression, _ arguments: JinjaArguments, _ scope: JinjaScope, caller: JinjaValue?
    ) throws -> JinjaValue {
        let given = try given(arguments, scope)
        switch function {
        case .attribute(let owner, let name):
            let subject = try value(owner, scope)
            if case .loop(let loop) = subject, name == "cycle" {
                guard !given.positional.isEmpty else { throw JinjaError("loop.cycle: found nothing") }
                return given.positional[loop.index0 % given.positional.count]
            }
            if let result = try JinjaMethods.call(name, of: subject, given) { return result }
            let member = try Self.member(.string(name), of: subject)
            guard case .macro(let macro) = member else {
                throw JinjaError("found a call of '\(name)' of \(subject.kind), which is not followed here")
            }
            return try call(macro, given, caller)
        case .name(let name):
            if case .macro(let macro) = scope[name] { return try call(macro, given, caller) }
            guard scope[name] == nil else {
                throw JinjaError("found a call of '\(name)', which is \(scope[name]?.kind ?? "")")
            }
            return try JinjaFunctions.call(name, given)
        default:
            guard case .macro(let macro) = try value(function, scope) else {
                throw JinjaError("found a call of what is no macro")
            }
            return try call(macro, given, caller)
        }
    }

    private func call(_ macro: JinjaMacro, _ given: JinjaGiven, _ caller: JinjaValue?) throws -> JinjaValue {
        let (definition, scope) = (macro.definition, JinjaScope(in: macro.scope))
        let extra = given.positional.count - definition.parameters.count
        guard extra <= 0 else {
            throw JinjaError("found \(given.positional.count) values for macro '\(definition.name)'")
        }
        if let caller { scope["caller"] = caller }
        for (place, parameter) in definition.parameters.enumerated() {
            let named = given.named.last { $0.name == parameter.name }
            scope[parameter.name] =
                place < given.positional.count
                ? given.positional[place]
                : try named?.1 ?? parameter.usual.map { try value($0, scope) } ?? .undefined(parameter.name)
        }
        if let other = given.named.first(where: { given in
            !definition.parameters.contains { $0.name == given.name }
        }) {
            throw JinjaError("found '\(other.name)' for macro '\(definition.name)', which does not take it")
        }
        return .string(try text(of: definition.body, scope))
    }
}

extension Sequence {
    /// The elements at some places.
    fileprivate func picked(_ indices: [Int]) -> [Element] {
        let all = Array(self)
        return indices.map { all[$0] }
    }
}
