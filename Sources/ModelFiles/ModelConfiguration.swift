import Foundation
import Levels

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
        try fields.integer(key, in: range)
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
        fields.value(key) != nil
    }

    /// The error for a value of a field other than what is allowed; it is `missing` where there is none.
    public func wrong(_ key: String, _ allowed: String, _ code: Issue.Code = .malformed) -> Issue {
        fields.wrong(key, allowed, code)
    }

    /// The base of rotary positions, which newer files have in `rope_parameters`; nil where there is none.
    /// - Throws: `Issue` when it is no number, or positions are scaled, as no model here does.
    public var rotaryBase: Double? {
        get throws {
            let inner = has("rope_parameters") ? try self.fields.fields("rope_parameters") : fields
            if inner.value("rope_type") != nil, try inner.string("rope_type") != "default" {
                throw inner.wrong("rope_type", "'default'", .unsupported)
            }
            if has("rope_scaling") { throw fields.wrong("rope_scaling", "null", .unsupported) }
            return inner.value("rope_theta") == nil ? nil : try inner.number("rope_theta", in: 1...1e12)
        }
    }
}
