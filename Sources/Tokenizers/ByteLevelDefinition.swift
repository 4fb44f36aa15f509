import Foundation
import Levels
import ModelFiles

/// What a model says of its byte-level tokenizer, before tables are built from it.
struct ByteLevelDefinition {
    /// The file it was read from, for errors.
    let file: String
    /// Every token, by its id.
    let tokens: [String]
    /// Pairs of tokens, the first learned first.
    let merges: [(left: String, right: String)]
    /// Tokens that are found in the text by their letters.
    let addedTokens: [AddedToken]
    /// How text is prepared.
    let preTokenizer: PreTokenizer
    /// What ends a text, as the model says.
    let endToken: String?
    /// The Jinja template of conversations.
    let chatTemplate: String?

    /// Reads the tokenizer of a GGUF file's metadata.
    /// - Throws: `Issue` for another kind of tokenizer, or another ``PreTokenizer`` than
    ///   those that are known.
    init(gguf: GGUFFile) throws {
        guard try gguf.string("tokenizer.ggml.model") == "gpt2" else {
            throw gguf.wrong("tokenizer.ggml.model", "'gpt2'", .unsupported)
        }
        let pre = try gguf.string("tokenizer.ggml.pre")
        guard let known = PreTokenizer.all.first(where: { $0.ggufNames.contains(pre) }) else {
            let allowed = PreTokenizer.all.map { "'\($0.ggufNames[0])'" }.joined(separator: ", ")
            throw gguf.wrong("tokenizer.ggml.pre", allowed, .unsupported)
        }
        preTokenizer = known
        file = gguf.path
        tokens = try gguf.strings("tokenizer.ggml.tokens")
        merges = try gguf.strings("tokenizer.ggml.merges").map { text in
            guard let merge = Self.merge(text) else {
                throw gguf.wrong("tokenizer.ggml.merges", "'LEFT RIGHT'")
            }
            return merge
        }
        let types = try gguf.integers("tokenizer.ggml.token_type")
        guard types.count == tokens.count else {
            throw gguf.wrong(
                "tokenizer.ggml.token_type", "a list of \(tokens.count), as there are tokens", .mismatch)
        }
        addedTokens = zip(tokens, types).enumerated().compactMap { id, token in
            guard Self.ggufAddedTypes.contains(token.1) else { return nil }
            return AddedToken(
                content: Array(token.0.utf8), id: Int32(id), isSingleWord: false, isNormalized: false)
        }
        let tokens = tokens
        let end = gguf.value("tokenizer.ggml.eos_token_id")?.integer
        endToken = end.flatMap { tokens.indices.contains($0) ? tokens[$0] : nil }
        if case .string(let template) = gguf.value("tokenizer.chat_template") {
            chatTemplate = template
        } else {
            chatTemplate = nil
        }
    }

    /// Control and user-defined tokens, by llama.cpp's numbers.
    private static let ggufAddedTypes = [3, 4]

    /// Reads `tokenizer.json` and `tokenizer_config.json` of a folder.
    /// - Throws: `Issue` for anything but byte-level BPE with a ``PreTokenizer`` that is known.
    init(folder: String) throws {
        let path = "\(folder)/tokenizer.json"
        let fields = try JSONFields(contentsOf: path)
        file = path
        let model = try fields.fields("model")
        if model.value("type") != nil, try model.string("type") != "BPE" {
            throw model.wrong("type", "'BPE'", .unsupported)
        }
        preTokenizer = try PreTokenizer(fields)
        merges = try model.array("merges").map { element in
            switch element {
            case .string(let text):
                if let merge = Self.merge(text) { return merge }
            case .array(let pair):
                if pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1] {
                    return (left, right)
                }
            default: break
            }
            throw model.wrong("merges", "a list of 'LEFT RIGHT' or [LEFT, RIGHT]")
        }
        addedTokens = try Self.addedTokens(fields)
        tokens = try Self.tokens(model.fields("vocab"), addedTokens)
        let settings = "\(folder)/tokenizer_config.json"
        let configuration =
            FileManager.default.fileExists(atPath: settings) ? try JSONFields(contentsOf: settings) : nil
        chatTemplate = Self.text(configuration?.value("chat_template"))
        endToken = Self.text(configuration?.value("eos_token"))
    }

    private static func merge(_ text: String) -> (left: String, right: String)? {
        let parts = text.split(separator: " ", omittingEmptySubsequences: false)
        guard parts.count == 2, !parts[0].isEmpty, !parts[1].isEmpty else { return nil }
        return (String(parts[0]), String(parts[1]))
    }

    /// A text, or the `content` of an added token.
    private static func text(_ value: JSONValue?) -> String? {
        switch value {
        case .string(let text): text
        case .object(let members): members.first { $0.key == "content" }.flatMap { text($0.value) }
        default: nil
        }
    }

    private static func addedTokens(_ fields: JSONFields) throws -> [AddedToken] {
        guard fields.value("added_tokens") != nil else { return [] }
        return try fields.array("added_tokens").map {
            let token = try JSONFields($0, file: fields.file, place: "added_tokens.")
            return AddedToken(
                content: Array(try token.string("content").utf8),
                id: Int32(try token.integer("id", in: 0...mostTokens - 1)),
                isSingleWord: try token.boolean("single_word"), isNormalized: false)
        }
    }

    private static let mostTokens = 8_388_608

    /// Tokens by id; ids may be left out, and stand for nothing then.
    private static func tokens(_ vocabulary: JSONFields, _ added: [AddedToken]) throws -> [String] {
        var entries = try vocabulary.members.map { member in
            guard case .integer(let id) = member.value, (0..<mostTokens).contains(id) else {
                throw vocabulary.wrong(member.key, "an integer from 0 to \(mostTokens - 1)", .outOfRange)
            }
            return (text: member.key, id: id)
        }
        entries += added.map { (String(decoding: $0.content, as: UTF8.self), Int($0.id)) }
        var tokens = [String](repeating: "", count: (entries.map(\.id).max() ?? -1) + 1)
        for entry in entries {
            guard tokens[entry.id].isEmpty || tokens[entry.id].utf8.elementsEqual(entry.text.utf8) else {
                throw Issue(
                    .malformed, .path(vocabulary.file), field: "id \(entry.id)",
                    found: "for both '\(tokens[entry.id])' and '\(entry.text)'", allowed: "for one")
            }
            tokens[entry.id] = entry.text
        }
        return tokens
    }
}
