import Levels

/// Token ids of sentences to embed: each after the model's prompt, in the model's case, no longer than it
/// allows.
///
///     let tokenizer = try SentenceTokenizer(folder: "models/minilm", maximumTokens: 512)
///     tokenizer.encode(["A cat sits."])
public struct SentenceTokenizer: Sendable {
    /// The tokenizer beneath.
    public let words: Tokenizer
    /// What goes before every sentence.
    public private(set) var prompt: String
    /// The longest input, in tokens.
    public let maximumTokens: Int
    private let settings: SentenceSettings

    /// Reads the settings and the tokenizer of a folder.
    ///
    /// - Parameters:
    ///   - folder: the model's folder
    ///   - name: of the prompt. Default: the folder's own.
    ///   - maximumTokens: what the model takes, where the folder does not say less.
    /// - Throws: `Issue` for a malformed file, or a prompt that the folder does not have.
    public init(folder: String, prompt name: String? = nil, maximumTokens: Int) throws {
        settings = try SentenceSettings(folder: folder)
        words = try Tokenizer(folder: folder, lowercases: settings.lowercases)
        prompt = try settings.prompt(named: name)
        // What tokenizer.json cuts to goes last.
        let limit = settings.maximumTokens ?? words.truncationLimit ?? maximumTokens
        self.maximumTokens = min(maximumTokens, limit)
        guard self.maximumTokens >= words.fewestTokens else {
            throw Issue(
                .outOfRange, .path(folder), field: "the longest input", found: "\(self.maximumTokens) tokens",
                allowed: "at least \(words.fewestTokens), as so many are special ones")
        }
    }

    /// The same with another prompt of the folder before every sentence.
    ///
    /// - Parameter name: the prompt's
    /// - Throws: `Issue` for a prompt that the folder does not have.
    public func prompting(_ name: String) throws -> SentenceTokenizer {
        var tokenizer = self
        tokenizer.prompt = try settings.prompt(named: name)
        return tokenizer
    }

    /// A text that differs where ids of the same sentence differ.
    public var identity: String {
        "\(words.lowercases ? "lower case, " : "")at most \(maximumTokens) tokens, prompt '\(prompt)'"
    }

    /// The ids of each sentence; rows are not padded.
    ///
    /// - Parameter sentences: the texts, without the prompt
    public func encode(_ sentences: [String]) -> [[Int32]] {
        words.encode(sentences.map { prompt + $0 }, maximumTokens: maximumTokens)
    }

    /// First tokens of every sentence that are the prompt's, `[CLS]` included; 0 without a prompt.
    public var promptTokens: Int {
        if prompt.isEmpty { return 0 }
        return words.encode(prompt, maximumTokens: maximumTokens).count - words.specialCounts.after
    }
}
