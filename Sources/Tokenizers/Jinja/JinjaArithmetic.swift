/// Operators between values.
enum JinjaArithmetic {
    static func holds(_ sign: String, _ left: JinjaValue, _ right: JinjaValue) throws -> Bool {
        switch sign {
        case "==": left.equals(right)
        case "!=": !left.equals(right)
        case "<": try left.isBefore(right)
        case ">": try right.isBefore(left)
        case "<=": try left.isBefore(right) || left.equals(right)
        case ">=": try right.isBefore(left) || left.equals(right)
        case "in": try right.contains(left)
        default: try !right.contains(left)
        }
    }

    static func value(of sign: String, _ left: JinjaValue, _ right: JinjaValue) throws -> JinjaValue {
        switch (sign, left, right) {
        case ("~", _, _): return try joined(left.text, right.text)
        case ("+", .string(let a), .string(let b)): return try joined(a, b)
        case ("+", .list(let a), .list(let b)):
            guard a.count + b.count <= JinjaLimits.elements else { throw JinjaError("found a list too long") }
            return .list(a + b)
        case ("+", .tuple(let a), .tuple(let b)):
            guard a.count + b.count <= JinjaLimits.elements else {
                throw JinjaError("found a tuple too long")
            }
            return .tuple(a + b)
        case ("*", .string(let text), _), ("*", _, .string(let text)):
            guard let count = (right.integer ?? left.integer) else { break }
            guard text.utf8.count == 0 || max(0, count) <= JinjaLimits.characters / text.utf8.count else {
                throw JinjaError("found a text too long")
            }
            return .string(String(repeating: text, count: max(0, count)))
        default: break
        }
        guard let a = left.number, let b = right.number else {
            throw JinjaError("found \(left.kind) \(sign) \(right.kind)")
        }
        if let a = left.integer, let b = right.integer { return try whole(sign, a, b) }
        guard b != 0 || !["/", "//", "%"].contains(sign) else { throw JinjaError("found a division by 0") }
        switch sign {
        case "+": return .float(a + b)
        case "-": return .float(a - b)
        case "*": return .float(a * b)
        case "/": return .float(a / b)
        case "//": return .float((a / b).rounded(.down))
        case "%": return .float(a - b * (a / b).rounded(.down))
        default: throw JinjaError("found a power of fractions")
        }
    }

    private static func joined(_ a: String, _ b: String) throws -> JinjaValue {
        try JinjaText.require(a.utf8.count + b.utf8.count)
        return .string(a + b)
    }

    private static func whole(_ sign: String, _ a: Int, _ b: Int) throws -> JinjaValue {
        guard b != 0 || !["/", "//", "%"].contains(sign) else { throw JinjaError("found a division by 0") }
        func checked(_ result: (partialValue: Int, overflow: Bool)) throws -> JinjaValue {
            guard !result.overflow else { throw JinjaError("found a number too large") }
            return .integer(result.partialValue)
        }
        switch sign {
        case "+": return try checked(a.addingReportingOverflow(b))
        case "-": return try checked(a.subtractingReportingOverflow(b))
        case "*": return try checked(a.multipliedReportingOverflow(by: b))
        case "/": return .float(Double(a) / Double(b))
        case "//", "%":
            let (quotient, overflow) = a.dividedReportingOverflow(by: b)
            guard !overflow else { throw JinjaError("found a number too large") }
            // Python rounds down.
            let rest = a - quotient * b
            let isAbove = rest != 0 && (rest < 0) != (b < 0)
            return .integer(sign == "//" ? quotient - (isAbove ? 1 : 0) : rest + (isAbove ? b : 0))
        default:
            guard b >= 0 else { throw JinjaError("found a negative power") }
            var result = JinjaValue.integer(1)
            guard a.magnitude > 1 else { return .integer(b == 0 ? 1 : a == -1 && b % 2 == 0 ? 1 : a) }
            for _ in 0..<min(b, 64) {
                guard let value = result.integer else { break }
                result = try checked(value.multipliedReportingOverflow(by: a))
            }
            return result
        }
    }
}
