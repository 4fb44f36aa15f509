import Foundation
import Levels
import Synchronization

/// The `config.json` of a model folder.
///
///     let configuration = try ModelConfiguration(folder: "models/minilm")
///     let hidden = try configuration.integer("hidden_size", in: 1...131_072)
///
/// A field is checked when it is asked for: which fields there are depends on the model's architecture.
public struct ModelConfiguration: Sendable {
    /// The path of the `config.json`.
    public let path: String
    /// The file's bytes, unchanged, for writing with a pruned model.
    public let json: Data
    let fields: JSONFields
    private let asked = AskedKeys()

    /// The keys that were asked for.
    private final class AskedKeys: Sendable {
        let keys = Mutex<Set<String>>([])
    }

    /// Reads `folder/config.json`.
    /// - Throws: `Issue` when the file is missing or not a JSON object.
    public init(folder: String) throws {
        path = "\(folder)/config.json"
        json = try JSONFields.read(path)
        fields = try JSONFields(contentsOf: path, data: json)
    }

    /// Such as `bert`.
    public var modelType: String { get throws { try fields.string("model_type") } }

    /// Such as `["BertModel"]`; empty when the file names none.
    public var architectures: [String] {
        get throws {
            guard fields.value("architectures") != nil else { return [] }
            return try fields.array("architectures").map { element in
                guard case .string(let name) = element else {
                    throw fields.wrong("architectures", "a list of strings")
                }
                return name
            }
        }
    }

    /// An integer field.
    /// - Throws: `Issue` when it is missing, not an integer or outside `range`.
    public func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        note(key)
        return try fields.integer(key, in: range)
    }

    /// An integer field, or what is usual where it is missing.
    /// - Throws: `Issue` when it is something else, or outside `range`.
    public func integer(_ key: String, in range: ClosedRange<Int>, default usual: Int) throws -> Int {
        has(key) ? try fields.integer(key, in: range) : usual
    }

    /// A number field, or what is usual where it is missing.
    /// - Throws: `Issue` when it is something else, or outside `range`.
    public func number(_ key: String, in range: ClosedRange<Double>, default usual: Double) throws -> Double {
        has(key) ? try fields.number(key, in: range) : usual
    }

    /// A text field, or what is usual where it is missing.
    /// - Throws: `Issue` when it is something else.
    public func string(_ key: String, default usual: String) throws -> String {
        has(key) ? try fields.string(key) : usual
    }

    /// A true-or-false field, or what is usual where it is missing.
    /// - Throws: `Issue` when it is something else.
    public func boolean(_ key: String, default usual: Bool) throws -> Bool {
        has(key) ? try fields.boolean(key) : usual
    }

    /// Whether a field is there and not null.
    public func has(_ key: String) -> Bool {
        note(key)
        return fields.value(key) != nil
    }

    /// Refuses fields of what is not computed: they may be missing or false.
    /// - Throws: `Issue` that names the first that is neither.
    public func requireFalse(_ keys: String...) throws {
        for key in keys where try boolean(key, default: false) { throw wrong(key, "false", .unsupported) }
    }

    /// Leaves fields alone that change nothing, given what was read.
    public func passOver(_ keys: String...) {
        for key in keys { note(key) }
    }

    private func note(_ key: String) { asked.keys.withLock { _ = $0.insert(key) } }

    /// Refuses fields with a value that nothing has asked for, as they may change what a model computes.
    ///
    /// - Parameter idle: those that do not.
    /// - Throws: `Issue` that names the first of them.
    public func requireNoOthers(idle: Set<String>) throws {
        let asked = asked.keys.withLock { $0 }
        for member in fields.members
        where fields.value(member.key) != nil && !asked.contains(member.key) && !idle.contains(member.key) {
            throw Issue(
                .unsupported, .path(path), field: .key(member.key), found: member.value.summary,
                allowed: "fields that are known here",
                advice: "it may change what the model computes; remove it if it does not")
        }
    }

    /// Whether a field is there and null.
    public func isNull(_ key: String) -> Bool {
        fields.members.contains { $0.key == key } && !has(key)
    }

    /// The error for a value of a field other than what is allowed; it is `missing` where there is none.
    public func wrong(_ key: String, _ allowed: String, _ code: Issue.Code = .malformed) -> Issue {
        fields.wrong(key, allowed, code)
    }

    /// A list of texts.
    /// - Throws: `Issue` when it is missing or something else.
    public func strings(_ key: String) throws -> [String] {
        note(key)
        return try fields.array(key).map { element in
            guard case .string(let text) = element else { throw fields.wrong(key, "a list of texts") }
            return text
        }
    }

    /// A list of numbers.
    /// - Throws: `Issue` when it is missing or something else.
    public func numbers(_ key: String) throws -> [Double] {
        note(key)
        return try fields.array(key).map { element in
            switch element {
            case .integer(let value): return Double(value)
            case .number(let value): return value
            default: throw fields.wrong(key, "a list of numbers")
            }
        }
    }

    /// A number field.
    /// - Throws: `Issue` when it is missing, something else, or outside `range`.
    public func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        note(key)
        return try fields.number(key, in: range)
    }

    /// The fields of a field; nil where it is missing.
    /// - Throws: `Issue` when it is something else.
    public func section(_ key: String) throws -> ModelConfiguration? {
        guard has(key) else { return nil }
        return ModelConfiguration(path: path, json: json, fields: try fields.fields(key))
    }

    private init(path: String, json: Data, fields: JSONFields) {
        (self.path, self.json, self.fields) = (path, json, fields)
    }
}
