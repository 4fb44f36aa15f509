import Foundation
import Levels
import ModelFiles
import Testing

@testable import Tokenizers

/// The tokenizers that GGUF files have in their metadata.
@Suite struct GGUFTokenizerTests {
    private typealias Entries = [String: GGUFValue]

    private static func strings(_ texts: [String]) -> GGUFValue {
        .array(type: .string, texts.map { .string($0) })
    }

    private static func integers(_ numbers: [Int32]) -> GGUFValue {
        .array(type: .int32, numbers.map { .int32($0) })
    }

    private func read(_ entries: Entries) throws -> Tokenizer {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/model.gguf"
        let metadata = entries.map { GGUFEntry(key: "tokenizer.\($0)", value: $1) }
        try GGUFWriter.write(
            [GGUFTensor(name: "t", shape: [1], encoding: .f32) { [0] }], metadata: metadata, to: path)
        return try Tokenizer(gguf: GGUFFile(path: path))
    }

    private static let byteLevel: Entries = [
        "ggml.model": .string("gpt2"), "ggml.pre": .string("llama-bpe"),
        "ggml.tokens": strings(["<s>", "</s>", "a", "b", "ab", "Ġ", "1", "111", "<t>"]),
        "ggml.merges": strings(["a b"]), "ggml.token_type": integers([3, 3, 1, 1, 1, 1, 1, 1, 4]),
        "ggml.bos_token_id": .uint32(0), "ggml.eos_token_id": .uint32(1), "ggml.eot_token_id": .uint32(8),
        "chat_template": .string("{{ bos_token }}"),
    ]

    @Test func byteLevelTokenizersStartTextsAsTheFileSays() throws {
        let tokenizer = try read(Self.byteLevel)
        // Llama 3's starts texts, and a word that is a token needs no merges.
        #expect(tokenizer.encode("ab 1111<t>") == [0, 4, 5, 7, 6, 8])
        #expect(tokenizer.encode("ab", addingSpecialTokens: false) == [4])
        #expect(tokenizer.endIDs == [1, 8] && tokenizer.chatTemplate == "{{ bos_token }}")
        #expect(tokenizer.namedTokens == ["bos_token": "<s>", "eos_token": "</s>"])
        #expect(tokenizer.text(of: [0, 4, 8], skippingSpecialTokens: true) == "ab<t>")
        let flags: Entries = ["ggml.add_bos_token": .boolean(false), "ggml.add_eos_token": .boolean(true)]
        #expect(try read(Self.byteLevel.merging(flags) { $1 }).encode("ab") == [4, 1])
    }

    @Test func whatIsNotKnownIsRefusedByName() {
        for (key, value) in [("ggml.pre", "other"), ("ggml.model", "rwkv")] {
            let error = #expect(throws: Levels.Issue.self) {
                try read(Self.byteLevel.merging([key: .string(value)]) { $1 })
            }
            #expect(error?.code == .unsupported)
            #expect(error?.description.contains("'tokenizer.\(key)': found '\(value)'") == true)
        }
    }

    /// What the sentencepiece library makes of the same model.
    @Test func sentencePieceTokenizersMergeByScores() throws {
        let fixture = try #require(TokenizerFixture.loaded)
        let example = try #require(fixture.sentencepiece.first { $0.name == "bpe" })
        let folder = try TemporaryFolder()
        try example.model.write(to: URL(fileURLWithPath: "\(folder.path)/m"))
        let pieces = try SentencePieceFile(path: "\(folder.path)/m").pieces
        let entries: Entries = [
            "ggml.model": .string("llama"), "ggml.tokens": Self.strings(pieces.map(\.text)),
            "ggml.scores": .array(type: .float32, pieces.map { .float32($0.score) }),
            "ggml.token_type": Self.integers(pieces.map { Int32($0.kind.rawValue) }),
            "ggml.bos_token_id": .uint32(1), "ggml.eos_token_id": .uint32(2),
        ]
        let tokenizer = try read(entries)
        for (text, ids) in zip(fixture.texts, example.ids) where !text.contains("<s>") {
            #expect(tokenizer.encode(text) == [1] + ids, "\(text.debugDescription)")
        }
        #expect(tokenizer.text(of: example.ids[2]) == fixture.texts[2])
        let plain = try read(entries.merging(["ggml.add_space_prefix": .boolean(false)]) { $1 })
        #expect(plain.encode("").isEmpty == false && plain.encode("x").count <= tokenizer.encode("x").count)
        #expect(throws: Levels.Issue.self) {
            try read(entries.merging(["ggml.scores": Self.integers([1])]) { $1 })
        }
    }

    @Test func wordPiecesAreMarkedTheOtherWay() throws {
        let tokenizer = try read([
            "ggml.model": .string("bert"),
            "ggml.tokens": Self.strings(["[PAD]", "[UNK]", "[CLS]", "[SEP]", "▁un", "able"]),
            "ggml.token_type": Self.integers([3, 3, 3, 3, 1, 1]), "ggml.cls_token_id": .uint32(2),
            "ggml.seperator_token_id": .uint32(3), "ggml.unknown_token_id": .uint32(1),
        ])
        #expect(tokenizer.encode("Unable able") == [2, 4, 5, 1, 3])
        #expect(tokenizer.tokens(for: [5]) == ["##able"])
    }
}
