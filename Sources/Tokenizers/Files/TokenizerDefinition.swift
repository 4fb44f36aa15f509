import Levels

/// What a model's files say of its tokenizer, before tables are built from it.
struct TokenizerDefinition {
    /// How tokens are found in pieces of text.
    enum Kind {
        case wordPiece(WordPiece)
        case pairs(Pairs)
        case unigram(Unigram)
        case words(unknown: String)
    }

    struct WordPiece {
        var unknown = "[UNK]"
        var continuationMark = "##"
        var longestWord = 100
    }

    /// Two tokens that may be merged, and when: the lowest rank first.
    struct Merge: Sendable {
        let left: String
        let right: String
        let rank: Int32
    }

    struct Pairs {
        var merges: [Merge]
        var unknown: String?
        var fusesUnknown = false
        var fallsBackToBytes = false
        var ignoresMerges = false
        var prefix = ""
        var suffix = ""
    }

    struct Unigram {
        var scores: [Double]
        var unknownID: Int
        var fallsBackToBytes = false
    }

    /// The file it was read from, for errors.
    let file: String
    let entries: [VocabularyEntry]
    let kind: Kind
    var normalizer: Normalizer?
    var preTokenizers: [PreTokenizer] = []
    var addedTokens: [AddedToken] = []
    var postProcessor = PostProcessor()
    var decoder: TokenDecoder?
    /// The most tokens that a text is cut to, as `tokenizer.json` says.
    var maximumTokens: Int?
    /// `bos_token` and its like, by name.
    var namedTokens: [String: String] = [:]
    /// Ids after which a text is complete, as the model says.
    var endIDs: Set<Int32> = []
    /// The Jinja template of conversations.
    var chatTemplate: String?

    init(file: String, entries: [VocabularyEntry], kind: Kind) {
        (self.file, self.entries, self.kind) = (file, entries, kind)
    }

    /// The most ids of a tokenizer; one takes memory.
    static let mostTokens = 2_097_152
}
