import Foundation
import Levels
import ModelFiles

/// What a model folder says of the sentences that it embeds: the longest one, their case, and the prompts
/// that may go before them. Versions 2 to 6 of sentence-transformers write it to different files.
public struct SentenceSettings: Sendable, Equatable {
    /// The longest input, in tokens: `max_seq_length` in `sentence_bert_config.json`, which goes before
    /// `model_max_length` in `tokenizer_config.json`; nil where neither is there.
    public let maximumTokens: Int?
    /// Whether text is put in lower case, whatever the tokenizer does.
    public let lowercases: Bool
    /// Prompts by name.
    public let prompts: [String: String]
    /// The name of the prompt that goes before every sentence; nil for none.
    public let defaultPrompt: String?
    private let promptsFile: String

    /// A limit of fewer tokens leaves no room for a pair of sentences; one of more is none.
    private static let limits = 3...8_388_608
    /// Names that the library has had for one file.
    private static let files = [
        "bert", "roberta", "distilbert", "camembert", "albert", "xlm-roberta", "xlnet",
    ]
    .map { "sentence_\($0)_config.json" }

    /// Reads the files that a folder has of them.
    /// - Throws: `Issue` for a malformed file, or a default prompt that has no text.
    public init(folder: String) throws {
        func fields(_ name: String) throws -> JSONFields? {
            let path = "\(folder)/\(name)"
            return FileManager.default.fileExists(atPath: path) ? try JSONFields(contentsOf: path) : nil
        }
        let own = try Self.files.lazy.compactMap(fields).first
        maximumTokens =
            try Self.limit("max_seq_length", own)
            ?? Self.limit("model_max_length", try fields("tokenizer_config.json"))
        lowercases = own?.value("do_lower_case") == nil ? false : try own?.boolean("do_lower_case") ?? false
        promptsFile = "\(folder)/config_sentence_transformers.json"
        let model = try fields("config_sentence_transformers.json")
        prompts = try model.map(Self.prompts) ?? [:]
        defaultPrompt =
            model?.value("default_prompt_name") == nil ? nil : try model?.string("default_prompt_name")
        _ = try prompt(named: nil)
    }

    /// The text of a prompt; of the default one without a name.
    /// - Throws: `Issue` for a name that the folder does not have.
    public func prompt(named name: String?) throws -> String {
        guard let name = name ?? defaultPrompt else { return "" }
        guard let prompt = prompts[name] else {
            let allowed =
                prompts.isEmpty ? "none, as it has no prompts" : prompts.keys.sorted().joined(separator: ", ")
            throw Issue(.unsupported, .path(promptsFile), found: "prompt '\(name)'", allowed: allowed)
        }
        return prompt
    }

    /// Tokenizers without a limit say 10³⁰.
    private static func limit(_ key: String, _ fields: JSONFields?) throws -> Int? {
        guard let fields, fields.value(key) != nil else { return nil }
        let limit = try fields.number(key, in: Double(limits.lowerBound)...Double.greatestFiniteMagnitude)
        return limit > Double(limits.upperBound) ? nil : Int(limit)
    }

    private static func prompts(_ model: JSONFields) throws -> [String: String] {
        guard model.value("prompts") != nil else { return [:] }
        let fields = try model.fields("prompts")
        var prompts: [String: String] = [:]
        for member in fields.members {
            prompts[member.key] = fields.value(member.key) == nil ? "" : try fields.string(member.key)
        }
        return prompts
    }
}
