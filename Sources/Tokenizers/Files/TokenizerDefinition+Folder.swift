import Foundation
import Levels
import ModelFiles

extension TokenizerDefinition {
    /// sentencepiece's file under the names that models give it.
    private static let sentencePieceNames = ["tokenizer.model", "spiece.model", "sentencepiece.bpe.model"]

    /// Reads the tokenizer of a model folder.
    /// - Throws: `Issue` for files that are missing or malformed, or ask for what is not followed.
    init(folder: String) throws {
        func exists(_ name: String) -> Bool { FileManager.default.fileExists(atPath: "\(folder)/\(name)") }
        let beside = try ModelTokens(folder: folder)
        let sentencePiece = Self.sentencePieceNames.first(where: exists)
        if exists("tokenizer.json") {
            try self.init(tokenizerJSON: "\(folder)/tokenizer.json")
        } else if exists("vocab.txt") || (sentencePiece == nil && !exists("vocab.json")) {
            try self.init(vocabularyText: "\(folder)/vocab.txt", beside)
        } else if exists("vocab.json") && exists("merges.txt") {
            try self.init(vocabularyAndMerges: folder, beside)
        } else if let sentencePiece {
            try self.init(sentencePiece: "\(folder)/\(sentencePiece)", beside)
        } else {
            throw Issue(
                .missing, .path("\(folder)/merges.txt"), found: "no such file",
                allowed: "one, as there is vocab.json")
        }
        if !exists("tokenizer.json") { try add(beside.addedTokens(folder: folder)) }
        namedTokens = beside.named
        endIDs = beside.endIDs
        chatTemplate = beside.chatTemplate
    }

    /// Adds tokens; one that is there already is replaced.
    private mutating func add(_ tokens: [AddedToken]) {
        let ids = Set(tokens.map(\.id))
        addedTokens = addedTokens.filter { !ids.contains($0.id) } + tokens
    }

    /// The ids of tokens by their texts.
    func ids() -> [[UInt8]: Int32] {
        Dictionary(entries.map { (Array($0.text.utf8), $0.id) }, uniquingKeysWith: { first, _ in first })
    }

    /// A token that has to be there.
    /// - Throws: `Issue` where it is not.
    static func special(_ text: String, _ ids: [[UInt8]: Int32], file: String) throws -> SpecialToken {
        guard let id = ids[Array(text.utf8)] else {
            throw Issue(
                .missing, .path(file), found: "no '\(text)' among \(ids.count) tokens", allowed: "one")
        }
        return SpecialToken(text: text, id: id)
    }
}
