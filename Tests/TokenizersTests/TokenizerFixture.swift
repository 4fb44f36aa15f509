import Foundation

@testable import Tokenizers

/// Small tokenizers of every kind, and what the Hugging Face library makes of hard texts; see Fixtures/make_tokenizers.py.
struct TokenizerFixture: Decodable {
    struct Case: Decodable, CustomStringConvertible {
        let name: String
        let texts: [Int]
        let ids: [[Int32]]
        let offsets: [[Int]]
        /// How tokens are spelled where the vocabulary spells them otherwise, by `TEXT.TOKEN`.
        let tokens: [String: String]
        let decoded: [String]
        let added_tokens: Int
        let normalizer: Int
        let pre_tokenizer: Int
        let post_processor: Int
        let decoder: Int
        let model: Int

        var description: String { name }
    }

    struct Pair: Decodable {
        let tokenizer: String
        let maximum: Int
        let ids: [Int32]
        let first: Int
        let single: [Int32]
        let plain: [Int32]
    }

    struct Piece: Decodable {
        let name: String
        let model: Data
        let ids: [[Int32]]
        let decoded: [String]
    }

    let texts: [String]
    let parts: [String]
    let cases: [Case]
    let pairs: [Pair]
    let sentencepiece: [Piece]

    static let loaded: TokenizerFixture? = {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/tokenizers.json")
        return try? JSONDecoder().decode(TokenizerFixture.self, from: Data(contentsOf: file))
    }()

    /// The `tokenizer.json` of a case.
    func json(of example: Case) -> String {
        """
        {"version": "1.0", "truncation": null, "padding": null, "added_tokens": \(parts[example.added_tokens]),
         "normalizer": \(parts[example.normalizer]), "pre_tokenizer": \(parts[example.pre_tokenizer]),
         "post_processor": \(parts[example.post_processor]), "decoder": \(parts[example.decoder]),
         "model": \(parts[example.model])}
        """
    }
}

extension Tokenizer {
    /// Reads files, by their names.
    init(files: [String: String]) throws {
        let folder = try TemporaryFolder()
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        try self.init(folder: folder.path)
    }

    /// Reads a `tokenizer.json`.
    init(json: String) throws {
        try self.init(files: ["tokenizer.json": json])
    }
}
