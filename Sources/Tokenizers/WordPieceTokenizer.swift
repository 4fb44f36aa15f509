import Levels
import ModelFiles

/// BERT's tokenizer, with the ids that the Hugging Face `tokenizers` library gives.
///
///     let tokenizer = try WordPieceTokenizer(folder: "models/minilm")
///     tokenizer.encode("Hello world!")   // [101, 7592, 2088, 999, 102]
///
/// Encoding takes time linear in the text. A value is immutable and can be shared among threads.
public struct WordPieceTokenizer: Sendable {
    /// One more than the highest token id: the rows that an embedding needs.
    public let vocabularySize: Int
    /// The id of `[PAD]`, which fills short rows of a batch.
    public let paddingID: Int32

    let classificationID: Int32
    let separatorID: Int32
    private let normalizer: BertNormalizer
    /// Whether text is put in lower case.
    var lowercases: Bool { normalizer.lowercases }
    private let vocabulary: WordPieceVocabulary
    private let rawTokens: AddedTokenMatcher
    private let normalizedTokens: AddedTokenMatcher
    private let texts: [Int32: String]

    /// Reads a model folder's `tokenizer.json`, or its `vocab.txt` and `tokenizer_config.json`.
    ///
    /// - Parameter lowercases: puts text in lower case, whatever the files say.
    /// - Throws: `Issue` when they are missing or malformed, describe another kind of
    ///   tokenizer, or lack one of `[CLS]`, `[SEP]`, `[PAD]` and the unknown token.
    public init(folder: String, lowercases: Bool = false) throws {
        let definition = try WordPieceDefinition(folder: folder)
        var normalizer = definition.normalizer
        if lowercases { normalizer.lowercases = true }
        var texts: [Int32: String] = [:]
        for (text, id) in definition.tokens {
            if let other = texts.updateValue(text, forKey: id) {
                throw Issue(
                    .malformed, .path(definition.file), field: "id \(id)",
                    found: "for both '\(other)' and '\(text)'", allowed: "for one")
            }
        }
        for token in definition.addedTokens {
            let text = String(decoding: token.content, as: UTF8.self)
            if let other = texts.updateValue(text, forKey: token.id), !other.utf8.elementsEqual(text.utf8) {
                throw Issue(
                    .malformed, .path(definition.file), field: "id \(token.id)",
                    found: "for both '\(other)' and '\(text)'", allowed: "for one")
            }
        }
        var ids: [[UInt8]: Int32] = [:]
        for (id, text) in texts { ids[Array(text.utf8)] = id }
        func id(of token: String) throws -> Int32 {
            guard let id = ids[Array(token.utf8)] else {
                throw Issue(
                    .missing, .path(definition.file), found: "no '\(token)' among \(texts.count) tokens",
                    allowed: "one")
            }
            return id
        }

        vocabularySize = (texts.keys.max().map(Int.init) ?? -1) + 1
        paddingID = try id(of: "[PAD]")
        classificationID = try id(of: "[CLS]")
        separatorID = try id(of: "[SEP]")
        vocabulary = WordPieceVocabulary(
            tokens: definition.tokens, continuationMark: definition.continuationMark,
            longestWord: definition.longestWord, unknownID: try id(of: definition.unknownToken))
        rawTokens = AddedTokenMatcher(definition.addedTokens.filter { !$0.isNormalized })
        normalizedTokens = AddedTokenMatcher(
            definition.addedTokens.filter(\.isNormalized).map {
                AddedToken(
                    content: normalizer.normalize($0.content[...]), id: $0.id, isSingleWord: $0.isSingleWord,
                    isNormalized: true)
            })
        self.normalizer = normalizer
        self.texts = texts
    }

    /// The ids of `[CLS] text [SEP]`; a text that is too long loses its end but keeps `[SEP]`.
    /// - Parameter maximumTokens: the most ids to return, at least 2
    public func encode(_ text: String, maximumTokens: Int = 512) -> [Int32] {
        precondition(maximumTokens >= 2, "maximumTokens: found \(maximumTokens), allowed at least 2")
        return [classificationID] + pieces(of: text, limit: maximumTokens - 2) + [separatorID]
    }

    /// The first ids of a text alone, at most `limit` of them.
    func pieces(of text: String, limit: Int = .max) -> ArraySlice<Int32> {
        var ids: [Int32] = []
        let bytes = Array(text.utf8)
        for piece in rawTokens.pieces(of: bytes) where ids.count < limit {
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range): append(normalizer.normalize(bytes[range]), to: &ids, limit: limit)
            }
        }
        return ids.prefix(limit)
    }

    /// The ids of each text, as by the other `encode`; rows are not padded.
    public func encode(_ texts: [String], maximumTokens: Int = 512) -> [[Int32]] {
        texts.map { encode($0, maximumTokens: maximumTokens) }
    }

    /// The tokens that ids stand for; ids outside the vocabulary become empty strings.
    public func tokens(for ids: [Int32]) -> [String] {
        ids.map { texts[$0] ?? "" }
    }

    private func append(_ normalized: [UInt8], to ids: inout [Int32], limit: Int) {
        for piece in normalizedTokens.pieces(of: normalized) {
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range):
                for word in BertWords(normalized, in: range) {
                    vocabulary.appendPieces(of: normalized, in: word, to: &ids)
                    if ids.count >= limit { return }
                }
            }
        }
    }
}
