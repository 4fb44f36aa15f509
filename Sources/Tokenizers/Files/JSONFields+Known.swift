import Levels
import ModelFiles

extension JSONFields {
    /// Refuses fields that are not known, as what they mean might change ids.
    /// - Throws: `Issue` that names the first of them.
    func require(only known: Set<String>) throws {
        for member in members where !known.contains(member.key) {
            if case .null = member.value { continue }
            throw wrong(member.key, "no such field here", .unsupported)
        }
    }

    /// A truth value, or what stands for it where there is none.
    func boolean(_ key: String, default fallback: Bool) throws -> Bool {
        try value(key) == nil ? fallback : boolean(key)
    }

    /// A text, or nil where there is none.
    func optionalString(_ key: String) throws -> String? {
        try value(key) == nil ? nil : string(key)
    }

    /// A single character.
    func character(_ key: String) throws -> Unicode.Scalar {
        let scalars = try string(key).unicodeScalars
        guard scalars.count == 1, let scalar = scalars.first else { throw wrong(key, "one character") }
        return scalar
    }

    /// The objects of a list.
    func list(_ key: String, place: String) throws -> [JSONFields] {
        try array(key).map { try JSONFields($0, file: file, place: "\(place)\(key).") }
    }

    /// What is looked for: `{"String": …}` or `{"Regex": …}`.
    func pattern(_ key: String) throws -> TextPattern {
        let fields = try fields(key)
        try fields.require(only: ["String", "Regex"])
        if fields.value("String") != nil { return .text(Array(try fields.string("String").utf8)) }
        let expression = try fields.string("Regex")
        do {
            return try TextPattern(expression: expression)
        } catch {
            throw Issue(
                .unsupported, .path(file), field: .key("\(key).Regex"), found: error.reason,
                allowed: "an expression of Oniguruma's that ICU has too")
        }
    }
}
