import Levels
import ModelFiles

extension WordPieceDefinition {
    /// Reads a `tokenizer.json` of the `tokenizers` library.
    /// - Throws: `Issue` when it describes anything but BERT's normalizer, pre-tokenizer,
    ///   WordPiece model and `[CLS] text [SEP]`.
    init(tokenizerJSON path: String) throws {
        let fields = try JSONFields(contentsOf: path)
        let model = try fields.fields("model")
        if model.value("type") != nil { try Self.check(model, "type", is: "WordPiece") }
        let preTokenizer = try fields.fields("pre_tokenizer")
        try Self.check(preTokenizer, "type", is: "BertPreTokenizer")
        try Self.checkTemplate(fields)

        let tokens = try model.fields("vocab").members.map { member in
            (text: member.key, id: try Self.id(member.value, of: member.key, file: path))
        }
        let longestWord =
            model.value("max_input_chars_per_word") == nil
            ? 100 : try model.integer("max_input_chars_per_word", in: 0...1_000_000)
        self.init(
            file: path,
            tokens: tokens,
            normalizer: try Self.normalizer(fields.fields("normalizer")),
            addedTokens: try Self.addedTokens(fields, tokens: tokens),
            unknownToken: try model.string("unk_token"),
            continuationMark: try model.string("continuing_subword_prefix"),
            longestWord: longestWord)
    }

    private static func check(_ fields: JSONFields, _ key: String, is allowed: String) throws {
        guard try fields.string(key) == allowed else { throw fields.wrong(key, "'\(allowed)'", .unsupported) }
    }

    private static func id(_ value: JSONValue, of token: String, file: String) throws -> Int32 {
        guard case .integer(let integer) = value, integer >= 0, let id = Int32(exactly: integer) else {
            throw Issue(
                .malformed, .path(file), field: "token '\(token)'", found: "id \(value.summary)",
                allowed: "an integer from 0 to \(Int32.max)")
        }
        return id
    }

    private static func normalizer(_ fields: JSONFields) throws -> BertNormalizer {
        try check(fields, "type", is: "BertNormalizer")
        let lowercases = try fields.boolean("lowercase")
        return BertNormalizer(
            cleansText: try fields.boolean("clean_text"),
            spacesChineseCharacters: try fields.boolean("handle_chinese_chars"),
            stripsAccents: try fields.value("strip_accents") == nil
                ? lowercases : fields.boolean("strip_accents"),
            lowercases: lowercases)
    }

    private static func addedTokens(
        _ fields: JSONFields, tokens: [(text: String, id: Int32)]
    ) throws -> [AddedToken] {
        guard fields.value("added_tokens") != nil else { return [] }
        let added = try fields.array("added_tokens").map {
            try JSONFields($0, file: fields.file, place: "added_tokens.")
        }
        let ids = Dictionary(
            tokens.map { (Array($0.text.utf8), $0.id) }, uniquingKeysWith: { first, _ in first })
        return try added.map { token in
            let content = Array(try token.string("content").utf8)
            let id = Int32(try token.integer("id", in: 0...Int(Int32.max)))
            if let known = ids[content], known != id {
                throw token.wrong("id", "\(known), as in the vocabulary", .mismatch)
            }
            return AddedToken(
                content: content, id: id, isSingleWord: try token.boolean("single_word"),
                isNormalized: try token.boolean("normalized"))
        }
    }

    /// Templates must put `[CLS]` before a text and `[SEP]` after it, and after the second text of a pair,
    /// all of which has type 1.
    private static func checkTemplate(_ fields: JSONFields) throws {
        guard fields.value("post_processor") != nil else { return }
        let processor = try fields.fields("post_processor")
        switch try processor.string("type") {
        case "BertProcessing": return
        case "TemplateProcessing": break
        default: throw processor.wrong("type", "'TemplateProcessing' or 'BertProcessing'", .unsupported)
        }
        try check(processor, template: "single", is: "[CLS] text [SEP]") { element in
            element.value("Sequence") == nil ? try element.fields("SpecialToken").string("id") : "text"
        }
        guard processor.value("pair") != nil else { return }
        try check(processor, template: "pair", is: "[CLS]:0 A:0 [SEP]:0 B:1 [SEP]:1") { element in
            let part = try element.fields(element.value("Sequence") == nil ? "SpecialToken" : "Sequence")
            return "\(try part.string("id")):\(try part.integer("type_id", in: 0...255))"
        }
    }

    private static func check(
        _ processor: JSONFields, template key: String, is allowed: String,
        _ name: (_ element: JSONFields) throws -> String
    ) throws {
        let place = "post_processor.\(key)"
        let found = try processor.array(key).map {
            try name(JSONFields($0, file: processor.file, place: "\(place)."))
        }.joined(separator: " ")
        guard found == allowed else {
            throw Issue(.malformed, .path(processor.file), field: .key(place), found: found, allowed: allowed)
        }
    }
}
