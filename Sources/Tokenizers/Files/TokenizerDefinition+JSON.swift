import Levels
import ModelFiles

extension TokenizerDefinition {
    /// Reads a `tokenizer.json` of the `tokenizers` library.
    /// - Throws: `Issue` for what is malformed, or would have to be followed and is not.
    init(tokenizerJSON path: String) throws {
        let fields = try JSONFields(contentsOf: path)
        try fields.require(only: [
            "version", "truncation", "padding", "added_tokens", "normalizer", "pre_tokenizer",
            "post_processor", "decoder", "model",
        ])
        try self.init(model: fields.fields("model"), file: path)
        if fields.value("normalizer") != nil { normalizer = try Normalizer(fields.fields("normalizer")) }
        if fields.value("pre_tokenizer") != nil {
            preTokenizers = try PreTokenizer.steps(fields.fields("pre_tokenizer"))
        }
        addedTokens = try Self.addedTokens(fields, entries)
        if fields.value("post_processor") != nil {
            let ids = Dictionary(
                (entries + addedTokens.map(\.entry)).map { (Array($0.text.utf8), $0.id) },
                uniquingKeysWith: { _, last in last })
            postProcessor = try PostProcessor(fields.fields("post_processor")) { ids[Array($0.utf8)] }
        }
        if fields.value("decoder") != nil { decoder = try TokenDecoder(fields.fields("decoder")) }
        if fields.value("truncation") != nil {
            maximumTokens = try fields.fields("truncation").integer("max_length", in: 0...(1 << 40))
        }
    }

    private static func addedTokens(_ fields: JSONFields, _ entries: [VocabularyEntry]) throws -> [AddedToken]
    {
        guard fields.value("added_tokens") != nil else { return [] }
        let added = try fields.list("added_tokens", place: "")
        if added.isEmpty { return [] }
        let ids = Dictionary(
            entries.map { (Array($0.text.utf8), $0.id) }, uniquingKeysWith: { first, _ in first })
        return try added.map { fields in
            try fields.require(only: [
                "id", "content", "single_word", "lstrip", "rstrip", "normalized", "special",
            ])
            var token = AddedToken(
                content: Array(try fields.string("content").utf8),
                id: Int32(try fields.integer("id", in: 0...mostTokens - 1)))
            if let known = ids[token.content], known != token.id {
                throw fields.wrong("id", "\(known), as in the vocabulary", .mismatch)
            }
            token.isSingleWord = try fields.boolean("single_word", default: false)
            token.stripsLeft = try fields.boolean("lstrip", default: false)
            token.stripsRight = try fields.boolean("rstrip", default: false)
            token.isSpecial = try fields.boolean("special", default: true)
            token.isNormalized = try fields.boolean("normalized", default: false)
            return token
        }
    }
}

extension AddedToken {
    /// It as the vocabulary's.
    var entry: VocabularyEntry { VocabularyEntry(text: String(decoding: content, as: UTF8.self), id: id) }
}
