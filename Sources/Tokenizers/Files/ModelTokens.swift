import Foundation
import Levels
import ModelFiles

/// What the files beside a tokenizer say of its tokens and of conversations.
struct ModelTokens {
    /// `bos_token` and its like, by name.
    private(set) var named: [String: String] = [:]
    /// `tokenizer_class`.
    let tokenizerClass: String?
    /// The Jinja template of conversations.
    private(set) var chatTemplate: String?
    /// Ids after which a text is complete.
    let endIDs: Set<Int32>
    /// `tokenizer_config.json`.
    let settings: JSONFields?

    private static let names = [
        "bos_token", "eos_token", "unk_token", "sep_token", "pad_token", "cls_token", "mask_token",
    ]

    /// Reads what a folder has of `tokenizer_config.json`, `special_tokens_map.json`, `chat_template.jinja`,
    /// `generation_config.json` and `config.json`.
    /// - Throws: `Issue` for a malformed one.
    init(folder: String) throws {
        settings = try Self.fields(folder, "tokenizer_config.json")
        tokenizerClass = try settings?.optionalString("tokenizer_class")
        endIDs = try Self.endIDs(folder)
        let map = try Self.fields(folder, "special_tokens_map.json")
        for name in Self.names {
            named[name] = try Self.token(name, settings) ?? Self.token(name, map)
        }
        chatTemplate = try Self.chatTemplate(folder, settings)
    }

    private static func fields(_ folder: String, _ name: String) throws -> JSONFields? {
        let path = "\(folder)/\(name)"
        return FileManager.default.fileExists(atPath: path) ? try JSONFields(contentsOf: path) : nil
    }

    /// A text, or the `content` of an added token.
    private static func token(_ name: String, _ fields: JSONFields?) throws -> String? {
        guard let fields else { return nil }
        switch fields.value(name) {
        case nil: return nil
        case .string(let text): return text
        case .object: return try fields.fields(name).string("content")
        default: throw fields.wrong(name, "a token")
        }
    }

    private static func chatTemplate(_ folder: String, _ settings: JSONFields?) throws -> String? {
        let path = "\(folder)/chat_template.jinja"
        if FileManager.default.fileExists(atPath: path) {
            guard let text = String(data: try JSONFields.read(path), encoding: .utf8) else {
                throw Issue(.malformed, .path(path), found: "bytes that are not UTF-8", allowed: "a text")
            }
            return text
        }
        switch settings?.value("chat_template") {
        case .string(let template): return template
        case .array:
            let templates = try settings?.list("chat_template", place: "") ?? []
            return try templates.first { try $0.string("name") == "default" }?.string("template")
        default: return nil
        }
    }

    /// What `generation_config.json` says ends a text, else `config.json`.
    private static func endIDs(_ folder: String) throws -> Set<Int32> {
        for name in ["generation_config.json", "config.json"] {
            guard let fields = try fields(folder, name) else { continue }
            let ids: [JSONValue]
            switch fields.value("eos_token_id") {
            case nil: continue
            case .integer(let id): ids = [.integer(id)]
            case .array(let elements): ids = elements
            default: throw fields.wrong("eos_token_id", "an id, or a list of ids")
            }
            return Set(
                try ids.compactMap { value in
                    guard case .integer(let id) = value else {
                        throw fields.wrong("eos_token_id", "an id, or a list of ids")
                    }
                    return id < 0 ? nil : Int32(exactly: id)
                })
        }
        return []
    }

    /// The tokens that were added to a vocabulary of an older format: by `added_tokens_decoder` of the settings, else by
    /// `added_tokens.json`.
    /// - Throws: `Issue` for malformed ones.
    func addedTokens(folder: String) throws -> [AddedToken] {
        if let settings, settings.value("added_tokens_decoder") != nil {
            let fields = try settings.fields("added_tokens_decoder")
            return try fields.members.map { member in
                guard let id = Int32(member.key), (0..<Int32(TokenizerDefinition.mostTokens)).contains(id)
                else {
                    throw fields.wrong(member.key, "an id")
                }
                let token = try fields.fields(member.key)
                var added = AddedToken(try token.string("content"), id: id)
                added.isSingleWord = try token.boolean("single_word", default: false)
                added.stripsLeft = try token.boolean("lstrip", default: false)
                added.stripsRight = try token.boolean("rstrip", default: false)
                added.isNormalized = try token.boolean("normalized", default: false)
                added.isSpecial = try token.boolean("special", default: true)
                return added
            }
        }
        guard let fields = try Self.fields(folder, "added_tokens.json") else { return [] }
        return try TokenizerDefinition.entries(vocabulary: fields).map { AddedToken($0.text, id: $0.id) }
    }
}
