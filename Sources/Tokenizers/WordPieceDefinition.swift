import Foundation
import ModelFiles

/// What a model folder says of its tokenizer, before tables are built from it.
struct WordPieceDefinition {
    /// The file it was read from, for errors.
    let file: String
    let tokens: [(text: String, id: Int32)]
    let normalizer: BertNormalizer
    let addedTokens: [AddedToken]
    let unknownToken: String
    let continuationMark: String
    let longestWord: Int

    /// Reads `tokenizer.json`, or `vocab.txt` and `tokenizer_config.json` where there is none.
    init(folder: String) throws {
        if FileManager.default.fileExists(atPath: "\(folder)/tokenizer.json") {
            try self.init(tokenizerJSON: "\(folder)/tokenizer.json")
        } else {
            try self.init(vocabularyText: "\(folder)/vocab.txt", settings: "\(folder)/tokenizer_config.json")
        }
    }

    init(
        file: String, tokens: [(text: String, id: Int32)], normalizer: BertNormalizer,
        addedTokens: [AddedToken],
        unknownToken: String = "[UNK]", continuationMark: String = "##", longestWord: Int = 100
    ) {
        self.file = file
        self.tokens = tokens
        self.normalizer = normalizer
        self.addedTokens = addedTokens
        self.unknownToken = unknownToken
        self.continuationMark = continuationMark
        self.longestWord = longestWord
    }
}
