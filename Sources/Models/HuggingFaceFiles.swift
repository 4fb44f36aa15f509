import Foundation
import Levels
import ModelFiles
import Tokenizers
import Transformers

/// `config.json`, `tokenizer.json` and `tokenizer_config.json` of a model that was not read from a folder.
enum HuggingFaceFiles {
    static func write(
        _ checkpoint: DecoderCheckpoint, _ tokenizer: Tokenizer, to folder: String
    ) throws {
        func write(_ object: [String: Any], _ name: String) throws {
            let data = try JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            try AtomicFile.write(data, to: "\(folder)/\(name)")
        }
        guard let parts = tokenizer.byteLevelParts else {
            throw Issue(
                .unsupported, .path(checkpoint.path), field: "tokenizer", found: "another kind",
                allowed: "byte-level BPE")
        }
        var model = self.model(checkpoint)
        if let end = tokenizer.id(named: "eos_token") { model["eos_token_id"] = Int(end) }
        try write(model, "config.json")
        try write(self.tokenizer(tokenizer, parts), "tokenizer.json")
        var settings: [String: Any] = [
            "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false,
        ]
        settings.merge(tokenizer.namedTokens) { own, _ in own }
        if let template = tokenizer.chatTemplate { settings["chat_template"] = template }
        try write(settings, "tokenizer_config.json")
    }

    private static func model(_ checkpoint: DecoderCheckpoint) -> [String: Any] {
        let (architecture, configuration) = (checkpoint.architecture, checkpoint.configuration)
        let shared: [String: Any] = [
            "model_type": architecture.modelType, "vocab_size": configuration.vocabulary,
            "tie_word_embeddings": configuration.tiesEmbeddings, "torch_dtype": "float32",
        ]
        let own = architecture.decoder?.fields(configuration) ?? [:]
        return shared.merging(own) { _, new in new }
    }

    /// What puts the model's first token before a text; nil where there is none.
    private static func postProcessor(_ tokenizer: Tokenizer) -> [String: Any]? {
        guard let start = tokenizer.startID else { return nil }
        let text = tokenizer.tokens[Int(start)]
        func special(_ type: Int) -> [String: Any] { ["SpecialToken": ["id": text, "type_id": type]] }
        func sequence(_ name: String, _ type: Int) -> [String: Any] {
            ["Sequence": ["id": name, "type_id": type]]
        }
        return [
            "type": "TemplateProcessing", "single": [special(0), sequence("A", 0)],
            "pair": [special(0), sequence("A", 0), sequence("B", 1)],
            "special_tokens": [text: ["id": text, "ids": [Int(start)], "tokens": [text]] as [String: Any]],
        ]
    }

    private static func tokenizer(_ tokenizer: Tokenizer, _ parts: ByteLevelParts) -> [String: Any] {
        let byteLevel: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
        ]
        var vocabulary: [String: Int] = [:]
        for (id, token) in tokenizer.tokens.enumerated() where !token.isEmpty { vocabulary[token] = id }
        let added = parts.addedTokenIDs.map { id -> [String: Any] in
            [
                "id": Int(id), "content": tokenizer.tokens[Int(id)], "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            ]
        }
        return [
            "version": "1.0", "truncation": NSNull(), "padding": NSNull(),
            "normalizer": parts.kind.normalizerJSON as Any? ?? NSNull(),
            "added_tokens": added,
            "pre_tokenizer": parts.kind.json,
            "post_processor": postProcessor(tokenizer) as Any? ?? NSNull(), "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(),
                "continuing_subword_prefix": NSNull(),
                "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false,
                "ignore_merges": parts.kind.ignoresMerges, "vocab": vocabulary,
                "merges": parts.merges,
            ] as [String: Any],
        ]
    }
}
