import Foundation
import Levels
import ModelFiles

extension PreTokenizer {
    /// Reads `normalizer` and `pre_tokenizer` of a `tokenizer.json`.
    /// - Throws: `Issue` for steps that are not known.
    init(_ fields: JSONFields) throws {
        var composes = false
        if fields.value("normalizer") != nil {
            let normalizer = try fields.fields("normalizer")
            guard try normalizer.string("type") == "NFC" else {
                throw normalizer.wrong("type", "none or 'NFC'", .unsupported)
            }
            composes = true
        }
        let outer = try fields.fields("pre_tokenizer")
        var parts = [outer]
        if try outer.string("type") == "Sequence" {
            parts = try outer.array("pretokenizers").map {
                try JSONFields($0, file: fields.file, place: "pre_tokenizer.pretokenizers.")
            }
        }
        let steps = try parts.map(Self.step)
        guard let known = Self.all.first(where: { $0.steps == steps }) else {
            let allowed = Self.all.map { "\($0.steps)" }.joined(separator: ", ")
            throw Issue(.unsupported, .path(fields.file), found: "pre_tokenizer \(steps)", allowed: allowed)
        }
        guard composes == known.composes else {
            throw fields.wrong("normalizer", known.composes ? "NFC" : "none", .unsupported)
        }
        self = known
    }

    private static func step(_ fields: JSONFields) throws -> Step {
        switch try fields.string("type") {
        case "Digits":
            guard try fields.boolean("individual_digits") else {
                throw fields.wrong("individual_digits", "true", .unsupported)
            }
            return .digits
        case "ByteLevel":
            guard try !fields.boolean("add_prefix_space") else {
                throw fields.wrong("add_prefix_space", "false", .unsupported)
            }
            return .byteLevel(
                splits: fields.value("use_regex") == nil ? true : try fields.boolean("use_regex"))
        case "Split":
            guard try fields.string("behavior") == "Isolated" else {
                throw fields.wrong("behavior", "'Isolated'", .unsupported)
            }
            guard try fields.value("invert") == nil || !fields.boolean("invert") else {
                throw fields.wrong("invert", "false", .unsupported)
            }
            return .split(try fields.fields("pattern").string("Regex"))
        default:
            throw fields.wrong("type", "'ByteLevel', 'Digits', 'Split' or a 'Sequence' of them", .unsupported)
        }
    }

    /// `normalizer` in `tokenizer.json`.
    package var normalizerJSON: Any { composes ? ["type": "NFC"] : NSNull() }

    /// `pre_tokenizer` in `tokenizer.json`.
    package var json: [String: Any] {
        let steps = steps.map { step -> [String: Any] in
            switch step {
            case .digits: ["type": "Digits", "individual_digits": true]
            case .split(let expression):
                ["type": "Split", "pattern": ["Regex": expression], "behavior": "Isolated", "invert": false]
            case .byteLevel(let splits):
                [
                    "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true,
                    "use_regex": splits,
                ]
            }
        }
        return steps.count == 1 ? steps[0] : ["type": "Sequence", "pretokenizers": steps]
    }
}
