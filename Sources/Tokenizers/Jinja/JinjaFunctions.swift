/// What a function, filter or method is given.
struct JinjaGiven {
    var positional: [JinjaValue] = []
    var named: [(name: String, JinjaValue)] = []

    /// By the names of parameters.
    /// - Throws: ``JinjaError`` for more, or others.
    func bound(to parameters: [String], of function: String) throws -> JinjaBound {
        guard positional.count <= parameters.count else {
            throw JinjaError("\(function): found \(positional.count) values, allowed \(parameters.count)")
        }
        var values: [String: JinjaValue] = [:]
        for (name, value) in zip(parameters, positional) { values[name] = value }
        for (name, value) in named {
            guard parameters.contains(name) else {
                throw JinjaError(
                    "\(function): found '\(name)', allowed \(parameters.joined(separator: ", "))")
            }
            values[name] = value
        }
        return JinjaBound(function: function, values: values)
    }
}

/// The same by the names of parameters.
struct JinjaBound {
    let function: String
    let values: [String: JinjaValue]

    subscript(name: String) -> JinjaValue? {
        if case .some(.none) = values[name] { nil } else { values[name] }
    }

    func text(_ name: String) throws -> String? {
        guard let value = self[name] else { return nil }
        guard case .string(let text) = value else {
            throw JinjaError("\(function): found \(value.kind) as '\(name)', allowed a text")
        }
        return text
    }

    func requiredText(_ name: String) throws -> String {
        guard let text = try text(name) else { throw JinjaError("\(function): '\(name)' is missing") }
        return text
    }

    func integer(_ name: String) throws -> Int? {
        guard let value = self[name] else { return nil }
        guard let number = value.integer else {
            throw JinjaError("\(function): found \(value.kind) as '\(name)', allowed a whole number")
        }
        return number
    }

    func isTrue(_ name: String, usual: Bool = false) -> Bool { values[name]?.isTrue ?? usual }
}

/// Functions that templates are given.
enum JinjaFunctions {
    static func call(_ name: String, _ given: JinjaGiven) throws -> JinjaValue {
        switch name {
        case "range": return try range(given)
        case "namespace", "dict":
            var object = JinjaObject()
            for value in given.positional {
                guard case .object(let members) = value else {
                    throw JinjaError("\(name): found \(value.kind), allowed an object")
                }
                for member in members.members { object[member.key] = member.value }
            }
            for (key, value) in given.named { object[key] = value }
            return name == "dict" ? .object(object) : .namespace(JinjaNamespace(object))
        case "raise_exception":
            let bound = try given.bound(to: ["message"], of: name)
            throw JinjaError("the template refuses the conversation: \(try bound.requiredText("message"))")
        case "strftime_now":
            let bound = try given.bound(to: ["format"], of: name)
            return .string(try JinjaText.now(bound.requiredText("format")))
        default: throw JinjaError("found a call of '\(name)', which is undefined")
        }
    }

    private static func range(_ given: JinjaGiven) throws -> JinjaValue {
        let numbers = try given.positional.map { value in
            guard let number = value.integer else { throw JinjaError("range: found \(value.kind)") }
            return number
        }
        guard given.named.isEmpty, (1...3).contains(numbers.count), numbers.count < 3 || numbers[2] != 0
        else { throw JinjaError("range: found \(numbers.count) values, allowed 1 to 3, the last one not 0") }
        let (from, to) = numbers.count == 1 ? (0, numbers[0]) : (numbers[0], numbers[1])
        let step = numbers.count == 3 ? numbers[2] : 1
        let count = (Double(to) - Double(from)) / Double(step)
        guard count <= Double(JinjaLimits.elements) else {
            throw JinjaError("range: found \(Int(min(count, 1e15))) numbers, allowed \(JinjaLimits.elements)")
        }
        return .list(stride(from: from, to: to, by: step).map { .integer($0) })
    }
}

/// `is …`
enum JinjaTests {
    private static let others: [String: String] = [
        "eq": "==", "equalto": "==", "==": "==", "ne": "!=", "!=": "!=", "lt": "<", "lessthan": "<", "<": "<",
        "le": "<=", "<=": "<=", "gt": ">", "greaterthan": ">", ">": ">", "ge": ">=", ">=": ">=", "in": "in",
    ]

    static func passes(_ name: String, _ value: JinjaValue, _ given: [JinjaValue]) throws -> Bool {
        if let sign = others[name] {
            guard let other = given.first else {
                throw JinjaError("is \(name): found nothing to compare with")
            }
            return try JinjaArithmetic.holds(sign, value, other)
        }
        switch name {
        case "defined": return !value.isUndefined
        case "undefined": return value.isUndefined
        case "none": if case .none = value { return true } else { return false }
        case "string": if case .string = value { return true } else { return false }
        case "boolean": if case .boolean = value { return true } else { return false }
        case "true": if case .boolean(true) = value { return true } else { return false }
        case "false": if case .boolean(false) = value { return true } else { return false }
        case "integer": if case .integer = value { return true } else { return false }
        case "float": if case .float = value { return true } else { return false }
        case "number": return value.number != nil
        case "mapping": if case .object = value { return true } else { return false }
        case "sequence", "iterable": return (try? value.elements) != nil
        case "callable": if case .macro = value { return true } else { return false }
        case "odd", "even":
            guard let number = value.integer else { throw JinjaError("is \(name): found \(value.kind)") }
            return (number & 1 == 1) == (name == "odd")
        case "divisibleby":
            guard let number = value.integer, let by = given.first?.integer, by != 0 else {
                throw JinjaError("is divisibleby: found \(value.kind) and \(given.first?.kind ?? "nothing")")
            }
            return by == -1 || number % by == 0
        case "lower", "upper":
            let text = try value.text
            let changed = name == "lower" ? text.lowercased() : text.uppercased()
            return text == changed && text.unicodeScalars.contains { $0.properties.isCased }
        case "sameas":
            guard let other = given.first else { throw JinjaError("is sameas: found nothing") }
            return value.kind == other.kind && value.equals(other)
        case "filter": return JinjaFilters.names.contains(try value.text)
        case "test": return true
        default: throw JinjaError("found the test '\(name)', which is not followed here")
        }
    }
}
