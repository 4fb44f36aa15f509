import Foundation
import Levels

/// The members of one JSON object in a file, read with a type and a range; errors name the file and the key.
package struct JSONFields: Sendable {
    package let file: String
    package let members: [JSONMember]
    private let place: String

    /// Wraps the object `value`, which stands at `place` (such as `model.`) in `file`.
    package init(_ value: JSONValue, file: String, place: String = "") throws {
        guard case .object(let members) = value else {
            let field: Issue.Field = place.isEmpty ? "the file" : .key(String(place.dropLast()))
            throw Issue(.malformed, .path(file), field: field, found: value.summary, allowed: "an object")
        }
        self.file = file
        self.members = members
        self.place = place
    }

    /// Reads `path`, whose content must be one JSON object.
    package init(contentsOf path: String, data: Data? = nil) throws {
        try self.init(Self.parsed(try data ?? Self.read(path), path), file: path)
    }

    /// The elements of `path`, whose content must be one JSON list.
    package static func list(contentsOf path: String) throws -> [JSONValue] {
        let value = try parsed(read(path), path)
        guard case .array(let elements) = value else {
            throw Issue(.malformed, .path(path), found: value.summary, allowed: "a list")
        }
        return elements
    }

    private static func parsed(_ data: Data, _ path: String) throws -> JSONValue {
        do {
            return try JSONParser.parse(Array(data))
        } catch {
            throw Issue(
                .malformed, .path(path), found: "\(error.message) at byte \(error.offset)",
                allowed: "valid JSON")
        }
    }

    /// The bytes of a JSON file, which must not be larger than any real one.
    package static func read(_ path: String, largestByteCount: Int = 64 << 20) throws -> Data {
        let file = try MemoryMappedFile(path: path)
        guard file.count <= largestByteCount else {
            throw Issue(
                .outOfRange, .path(path), found: "\(file.count) bytes",
                allowed: "at most \(largestByteCount) for this kind of file")
        }
        return file.withUnsafeBytes { Data($0) }
    }

    /// The value of `key`; nil when it is absent or null.
    package func value(_ key: String) -> JSONValue? {
        let member = members.first { $0.key.utf8.elementsEqual(key.utf8) }
        if case .null = member?.value { return nil }
        return member?.value
    }

    package func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        let allowed = "an integer from \(range.lowerBound) to \(range.upperBound)"
        guard case .integer(let value) = value(key) else { throw wrong(key, allowed) }
        guard range.contains(value) else { throw wrong(key, allowed, .outOfRange) }
        return value
    }

    package func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        let found: Double? =
            switch value(key) {
            case .integer(let value): Double(value)
            case .number(let value): value
            default: nil
            }
        let allowed = "a number from \(range.lowerBound) to \(range.upperBound)"
        guard let found else { throw wrong(key, allowed) }
        guard range.contains(found) else { throw wrong(key, allowed, .outOfRange) }
        return found
    }

    package func string(_ key: String) throws -> String {
        guard case .string(let text) = value(key) else { throw wrong(key, "a string") }
        return text
    }

    package func boolean(_ key: String) throws -> Bool {
        guard case .boolean(let value) = value(key) else { throw wrong(key, "true or false") }
        return value
    }

    package func array(_ key: String) throws -> [JSONValue] {
        guard case .array(let elements) = value(key) else { throw wrong(key, "a list") }
        return elements
    }

    package func fields(_ key: String) throws -> JSONFields {
        guard let value = value(key) else { throw wrong(key, "an object") }
        return try JSONFields(value, file: file, place: "\(place)\(key).")
    }

    /// The error for a value of `key` other than what is `allowed`; it is `missing` where there is none.
    package func wrong(_ key: String, _ allowed: String, _ code: Issue.Code = .malformed) -> Issue {
        let value = value(key)
        return Issue(
            value == nil ? .missing : code, .path(file), field: .key("\(place)\(key)"),
            found: value?.summary ?? "nothing", allowed: allowed)
    }
}
