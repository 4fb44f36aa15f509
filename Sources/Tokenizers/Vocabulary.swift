import Levels

/// The tokens of a definition by their ids, and the tables that a model is made of.
struct Vocabulary {
    /// Every token by its id; empty where an id stands for nothing.
    let tokens: [String]
    private let ids: [[UInt8]: Int32]
    private let file: String

    /// Tokens that end a turn or a document in language models.
    private static let customaryEnds = ["<|endoftext|>", "<|im_end|>"]

    /// - Throws: `Issue` for two tokens of one id, or a token of two.
    init(_ definition: TokenizerDefinition) throws {
        file = definition.file
        let entries = definition.entries + definition.addedTokens.map(\.entry)
        var tokens = [String](repeating: "", count: Int(entries.map(\.id).max() ?? -1) + 1)
        var ids: [[UInt8]: Int32] = [:]
        ids.reserveCapacity(entries.count)
        for entry in entries where !entry.text.isEmpty {
            let other = tokens[Int(entry.id)]
            guard other.isEmpty || other.utf8.elementsEqual(entry.text.utf8) else {
                throw Issue(
                    .malformed, .path(file), field: "id \(entry.id)",
                    found: "for both '\(other)' and '\(entry.text)'", allowed: "for one")
            }
            tokens[Int(entry.id)] = entry.text
            ids[Array(entry.text.utf8)] = entry.id
        }
        (self.tokens, self.ids) = (tokens, ids)
    }

    /// The id of a token.
    func id(of token: String) -> Int32? { ids[Array(token.utf8)] }

    private func requiredID(_ token: String) throws -> Int32 {
        guard let id = id(of: token) else {
            throw Issue(
                .missing, .path(file), found: "no '\(token)' among \(ids.count) tokens", allowed: "one")
        }
        return id
    }

    /// The ids of tokens that end texts, whether the model says so or not.
    func customaryEnds(_ named: [String: String]) -> Set<Int32> {
        Set((Self.customaryEnds + (named["eos_token"].map { [$0] } ?? [])).compactMap(id(of:)))
    }

    /// What makes tokens of pieces, and whether it reads bytes where the last step would spell them.
    /// - Throws: `Issue` for tokens that are missing.
    func model(_ definition: TokenizerDefinition) throws -> (TokenModel, readsBytes: Bool) {
        switch definition.kind {
        case .wordPiece(let model):
            let model = try WordPieceModel(
                definition.entries, continuationMark: model.continuationMark, longestWord: model.longestWord,
                unknownID: try requiredID(model.unknown), file: file)
            return (.wordPiece(model), false)
        case .pairs(let model):
            let readsBytes =
                definition.preTokenizers.last == .spelledBytes && model.prefix.isEmpty && model.suffix.isEmpty
                && !model.fallsBackToBytes && model.unknown == nil
            return (.pairs(try pairs(definition, model, readsBytes: readsBytes)), readsBytes)
        case .unigram(let model):
            let model = try UnigramModel(
                definition.entries.map(\.text), scores: model.scores, unknownID: Int32(model.unknownID),
                byteIDs: model.fallsBackToBytes ? byteIDs : [], file: file)
            return (.unigram(model), false)
        case .words(let unknown):
            var trie = ByteTrie()
            for entry in definition.entries {
                try trie.insert(entry.text.utf8, id: entry.id, file: file)
            }
            return (.words(trie, unknownID: try requiredID(unknown)), false)
        }
    }

    private func pairs(
        _ definition: TokenizerDefinition, _ model: TokenizerDefinition.Pairs, readsBytes: Bool
    ) throws -> BytePairModel {
        var settings = BytePairModel.Settings()
        settings.unknownID = try model.unknown.map(requiredID)
        settings.fusesUnknown = model.fusesUnknown
        settings.byteIDs = model.fallsBackToBytes ? byteIDs : []
        settings.ignoresMerges = model.ignoresMerges
        (settings.prefix, settings.suffix) = (Array(model.prefix.utf8), Array(model.suffix.utf8))
        if readsBytes { settings.spelledBytes = ByteAlphabet.characters.map { id(of: String($0)) } }
        var merges = BytePairMerges(capacity: model.merges.count)
        for merge in model.merges {
            let right =
                merge.right.utf8.starts(with: model.prefix.utf8)
                ? merge.right.utf8.dropFirst(model.prefix.utf8.count) : merge.right.utf8[...]
            let whole = merge.left + String(decoding: right, as: UTF8.self)
            merges.add(
                try requiredID(merge.left), try requiredID(merge.right), giving: try requiredID(whole),
                rank: merge.rank)
        }
        // Bytes are looked up only where a word may be a token as it stands.
        var trie = ByteTrie()
        if !readsBytes || model.ignoresMerges {
            for entry in definition.entries {
                let bytes = readsBytes ? ByteAlphabet.bytes(of: entry.text) : Array(entry.text.utf8)
                if let bytes { try trie.insert(bytes, id: entry.id, file: file) }
            }
        }
        return BytePairModel(vocabulary: trie, merges: merges, settings: settings)
    }

    /// The tokens of single bytes.
    private var byteIDs: [Int32?] {
        (0...UInt8.max).map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return id(of: "<0x\(digits.count == 1 ? "0" : "")\(digits)>")
        }
    }
}
