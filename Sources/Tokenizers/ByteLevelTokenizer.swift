import Foundation
import Levels
import ModelFiles

/// The byte-level BPE tokenizer of GPT-2 and SmolLM, with the ids that llama.cpp and the Hugging Face
/// `tokenizers` library give.
///
///     let tokenizer = try ByteLevelTokenizer(gguf: file)
///     tokenizer.encode("Hello world!")                  // [19556, 905, 17]
///     tokenizer.text(of: [19556, 905, 17])              // "Hello world!"
///
/// No token is put before or after the text. A value is immutable and can be shared among threads.
public struct ByteLevelTokenizer: Sendable {
    /// One more than the highest token id.
    public let vocabularySize: Int
    /// Ids after which a text is complete.
    public let endIDs: Set<Int32>
    /// The Jinja template of conversations; nil when the model has none.
    public let chatTemplate: String?
    /// The definition's parts that a tokenizer file is written from.
    package let tokens: [String]
    package let merges: [(left: String, right: String)]
    package let addedTokenIDs: [Int32]
    package let preTokenizer: PreTokenizer
    package let endToken: String?

    private let byteIDs: [Int32]
    private let pairs: BytePairMerges
    private let specialTokens: AddedTokenMatcher
    private let bytes: [[UInt8]]

    /// Stands for a byte that has no token; such bytes, which no text has, leave nothing behind.
    private static let missing: Int32 = -1

    /// Tokens that end a turn or a document in the models that this tokenizer is for.
    private static let customaryEnds: Set<String> = ["<|endoftext|>", "<|im_end|>"]

    /// Reads the tokenizer of a GGUF file's metadata.
    /// - Throws: `Issue` for another kind of tokenizer, or a damaged one.
    public init(gguf: GGUFFile) throws {
        try self.init(ByteLevelDefinition(gguf: gguf))
    }

    /// Reads `tokenizer.json` and `tokenizer_config.json` of a folder.
    /// - Throws: `Issue` for another kind of tokenizer, or a damaged one.
    public init(folder: String) throws {
        try self.init(ByteLevelDefinition(folder: folder))
    }

    init(_ definition: ByteLevelDefinition) throws {
        tokens = definition.tokens
        merges = definition.merges
        preTokenizer = definition.preTokenizer
        endToken = definition.endToken
        chatTemplate = definition.chatTemplate
        addedTokenIDs = definition.addedTokens.map(\.id)
        vocabularySize = tokens.count
        var ids: [String: Int32] = [:]
        ids.reserveCapacity(tokens.count)
        for (id, token) in tokens.enumerated() where !token.isEmpty { ids[token] = ids[token] ?? Int32(id) }
        func id(_ token: String) throws -> Int32 {
            guard let id = ids[token] else {
                throw Issue(
                    .missing, .path(definition.file), found: "no token '\(token)' among \(ids.count)",
                    allowed: "one")
            }
            return id
        }
        byteIDs = ByteAlphabet.characters.map { ids[String($0)] ?? Self.missing }
        var pairs = BytePairMerges(capacity: merges.count)
        for merge in merges {
            pairs.add(try id(merge.left), try id(merge.right), giving: try id(merge.left + merge.right))
        }
        self.pairs = pairs
        specialTokens = AddedTokenMatcher(definition.addedTokens)
        let added = Set(addedTokenIDs)
        bytes = tokens.enumerated().map { number, token in
            added.contains(Int32(number))
                ? Array(token.utf8) : ByteAlphabet.bytes(of: token) ?? Array(token.utf8)
        }
        let ends = Self.customaryEnds.union(endToken.map { [$0] } ?? [])
        endIDs = Set(ends.compactMap { ids[$0] })
    }

    /// The ids of a text. Special tokens written out in it become their ids.
    public func encode(_ text: String) -> [Int32] {
        let text = Array(text.utf8)
        var ids: [Int32] = []
        var known: [ArraySlice<UInt8>: [Int32]] = [:]
        for piece in specialTokens.pieces(of: text) {
            switch piece {
            case .token(let id): ids.append(id)
            case .text(let range):
                let text = preTokenizer.composes ? Self.composed(text[range]) : text
                let range = preTokenizer.composes ? text.indices : range
                ByteLevelWords(text, preTokenizer).forEach(in: range) { range in
                    let word = text[range]
                    if let merged = known[word] {
                        ids += merged
                    } else {
                        let merged = pairs.merged(word.map { byteIDs[Int($0)] }.filter { $0 != Self.missing })
                        known[word] = merged
                        ids += merged
                    }
                }
            }
        }
        return ids
    }

    /// Unicode's normal form C.
    private static func composed(_ text: ArraySlice<UInt8>) -> [UInt8] {
        Array(String(decoding: text, as: UTF8.self).precomposedStringWithCanonicalMapping.utf8)
    }

    /// The bytes that a token stands for; characters may be cut between tokens. Empty outside the
    /// vocabulary.
    public func bytes(of id: Int32) -> [UInt8] {
        bytes.indices.contains(Int(id)) ? bytes[Int(id)] : []
    }

    /// The text that ids stand for.
    public func text(of ids: [Int32]) -> String {
        String(decoding: ids.flatMap(bytes(of:)), as: UTF8.self)
    }
}
