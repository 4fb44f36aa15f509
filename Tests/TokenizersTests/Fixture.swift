import Foundation

/// What the Hugging Face library makes of varied text; see Fixtures/make_wordpiece.py.
struct Fixture: Decodable {
    struct Encoding: Decodable {
        let text: String
        let ids: [Int32]
    }

    struct Words: Decodable {
        let text: String
        /// `clean_text`, `handle_chinese_chars`, `strip_accents`, `lowercase`
        let settings: [Bool]
        let words: [String]
    }

    struct Pair: Decodable {
        let texts: [String]
        let maximum: Int
        let ids: [Int32]
        /// Ids of the first text, with `[CLS]` and its `[SEP]`.
        let first: Int
    }

    let encodings: [Encoding]
    let words: [Words]
    let pairs: [Pair]

    static func load() throws -> Fixture {
        let file = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("Fixtures/wordpiece.json")
        return try JSONDecoder().decode(Fixture.self, from: Data(contentsOf: file))
    }
}

/// The MiniLM folder: under SECATEUR_MODELS, else under `models` at the package's root.
enum MiniLM {
    static let folder: String = {
        let root = URL(fileURLWithPath: #filePath)
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let models =
            ProcessInfo.processInfo.environment["SECATEUR_MODELS"]
            ?? root.appendingPathComponent("models").path
        return "\(models)/minilm"
    }()

    static let isPresent = FileManager.default.fileExists(atPath: "\(folder)/tokenizer.json")
}
