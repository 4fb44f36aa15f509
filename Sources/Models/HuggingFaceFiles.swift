import Foundation
import ModelFiles
import Tokenizers
import Transformers

/// `config.json`, `tokenizer.json` and `tokenizer_config.json` of a model that was not read from a folder.
enum HuggingFaceFiles {
    static func write(
        _ checkpoint: DecoderCheckpoint, _ tokenizer: ByteLevelTokenizer, to folder: String
    ) throws {
        func write(_ object: [String: Any], _ name: String) throws {
            let data = try JSONSerialization.data(
                withJSONObject: object, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            try AtomicFile.write(data, to: "\(folder)/\(name)")
        }
        let ends = tokenizer.endToken.flatMap { tokenizer.tokens.firstIndex(of: $0) }
        var model = self.model(checkpoint)
        if let ends { model["eos_token_id"] = ends }
        try write(model, "config.json")
        try write(self.tokenizer(tokenizer), "tokenizer.json")
        var settings: [String: Any] = [
            "tokenizer_class": "PreTrainedTokenizerFast", "add_prefix_space": false,
        ]
        if let end = tokenizer.endToken { settings["eos_token"] = end }
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

    private static func tokenizer(_ tokenizer: ByteLevelTokenizer) -> [String: Any] {
        let byteLevel: [String: Any] = [
            "type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true,
        ]
        var vocabulary: [String: Int] = [:]
        for (id, token) in tokenizer.tokens.enumerated() where !token.isEmpty { vocabulary[token] = id }
        let added = tokenizer.addedTokenIDs.map { id -> [String: Any] in
            [
                "id": Int(id), "content": tokenizer.tokens[Int(id)], "single_word": false, "lstrip": false,
                "rstrip": false, "normalized": false, "special": true,
            ]
        }
        return [
            "version": "1.0", "truncation": NSNull(), "padding": NSNull(),
            "normalizer": tokenizer.preTokenizer.normalizerJSON,
            "added_tokens": added,
            "pre_tokenizer": tokenizer.preTokenizer.json,
            "post_processor": NSNull(), "decoder": byteLevel,
            "model": [
                "type": "BPE", "dropout": NSNull(), "unk_token": NSNull(),
                "continuing_subword_prefix": NSNull(),
                "end_of_word_suffix": NSNull(), "fuse_unk": false, "byte_fallback": false,
                "ignore_merges": false, "vocab": vocabulary,
                "merges": tokenizer.merges.map { "\($0.left) \($0.right)" },
            ] as [String: Any],
        ]
    }
}
