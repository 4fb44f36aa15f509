import Foundation
import Levels
import ModelFiles
import Testing

@testable import Tokenizers

/// The files beside a tokenizer, and those that older models have in its place.
@Suite struct ModelFilesOfTokenizersTests {
    private static let model = """
        {"added_tokens":[{"id":3,"content":"</s>"},{"id":4,"content":"<s>"},{"id":5,"content":"<|im_end|>"}],
         "model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}}
        """

    private func read(_ files: [String: String]) throws -> Tokenizer {
        try Tokenizer(files: ["tokenizer.json": Self.model].merging(files) { _, new in new })
    }

    @Test func tokensAreNamed() throws {
        let tokenizer = try read([
            "tokenizer_config.json":
                #"{"bos_token":{"content":"<s>","lstrip":false},"eos_token":"</s>","pad_token":null}"#,
            "special_tokens_map.json": #"{"eos_token":"other","pad_token":{"content":"a"}}"#,
        ])
        #expect(tokenizer.namedTokens == ["bos_token": "<s>", "eos_token": "</s>", "pad_token": "a"])
        #expect(tokenizer.paddingID == 0 && tokenizer.endIDs == [3, 5])
        #expect(throws: Levels.Issue.self) { try read(["tokenizer_config.json": #"{"bos_token":1}"#]) }
    }

    @Test(
        arguments: [
            (["tokenizer_config.json": #"{"chat_template":"one"}"#], "one"),
            (
                [
                    "tokenizer_config.json":
                        #"{"chat_template":[{"name":"tool_use","template":"t"},{"name":"default","template":"d"}]}"#
                ], "d"
            ),
            (
                ["tokenizer_config.json": #"{"chat_template":"one"}"#, "chat_template.jinja": "file\n"],
                "file\n"
            ), ([:], nil),
        ] as [([String: String], String?)])
    func conversationsHaveTheirTemplate(files: [String: String], template: String?) throws {
        #expect(try read(files).chatTemplate == template)
    }

    @Test func textsEndWhereTheModelSays() throws {
        let configuration = ["config.json": #"{"eos_token_id":1}"#]
        #expect(try read(configuration).endIDs == [1, 5])
        let generation = ["generation_config.json": #"{"eos_token_id":[0,2]}"#]
        #expect(try read(generation.merging(configuration) { first, _ in first }).endIDs == [0, 2, 5])
        #expect(try read(["generation_config.json": #"{"eos_token_id":0}"#]).endIDs == [0, 5])
        #expect(throws: Levels.Issue.self) {
            try read(["generation_config.json": #"{"eos_token_id":["a"]}"#])
        }
    }

    @Test func truncationIsTheLastLimit() throws {
        let folder = try TemporaryFolder()
        func write(_ text: String, _ name: String) throws {
            try text.write(toFile: "\(folder.path)/\(name)", atomically: true, encoding: .utf8)
        }
        try write(
            Self.model.replacing(#""model""#, with: #""truncation":{"max_length":4},"model""#),
            "tokenizer.json")
        func limit() throws -> Int {
            try SentenceTokenizer(folder: folder.path, maximumTokens: 512).maximumTokens
        }
        #expect(try limit() == 4)
        try write(#"{"model_max_length":7}"#, "tokenizer_config.json")
        #expect(try limit() == 7)
        try write(#"{"max_seq_length":9}"#, "sentence_bert_config.json")
        #expect(try limit() == 9)
        try write(
            #"{"model":{"type":"BPE","vocab":{"a":0},"merges":[]},"post_processor":{"type":"RobertaProcessing","cls":["a",0],"sep":["a",0]}}"#,
            "tokenizer.json")
        try write(#"{"max_seq_length":3}"#, "sentence_bert_config.json")
        #expect(throws: Levels.Issue.self) { try limit() }
    }

    // MARK: Older formats

    private static let vocabulary = #"{"<s>":0,"</s>":1,"a":2,"b":3,"ab":4,"Ġ":5,"Ġa":6,"<mask>":7}"#
    private static let merges = "#version: 0.2\na b\nĠ a\n"

    private func older(_ settings: String) throws -> Tokenizer {
        try Tokenizer(files: [
            "vocab.json": Self.vocabulary, "merges.txt": Self.merges, "tokenizer_config.json": settings,
        ])
    }

    @Test func vocabulariesAndMergesAreRead() throws {
        let gpt2 = try older(#"{"tokenizer_class":"GPT2Tokenizer","eos_token":"</s>"}"#)
        #expect(gpt2.encode("ab ab</s>") == [4, 5, 4, 1] && gpt2.endIDs == [1])
        #expect(gpt2.byteLevelParts?.kind.ggufNames[0] == "gpt-2")
        let roberta = try older(
            #"{"tokenizer_class":"RobertaTokenizer","bos_token":"<s>","eos_token":"</s>","mask_token":"<mask>"}"#
        )
        #expect(roberta.encode("ab <mask>") == [0, 4, 7, 1])
        #expect(
            roberta.encode(pair: "a", "b", maximumTokens: 9)
                == PairEncoding(ids: [0, 2, 1, 1, 3, 1], firstCount: 6))
        let qwen2 = try older(#"{"tokenizer_class":"Qwen2TokenizerFast"}"#)
        #expect(qwen2.encode("ab a") == [4, 6] && qwen2.byteLevelParts?.kind.composes == true)
        let error = #expect(throws: Levels.Issue.self) { try older(#"{"tokenizer_class":"CTRLTokenizer"}"#) }
        #expect(error?.description.contains("'tokenizer_class': found 'CTRLTokenizer'") == true)
    }

    @Test func addedTokensOfOlderFormatsAreRead() throws {
        let tokenizer = try older(
            #"{"added_tokens_decoder":{"8":{"content":"<x>","lstrip":true},"0":{"content":"<s>"}}}"#)
        #expect(tokenizer.encode("a <x>b<s>") == [2, 8, 3, 0] && tokenizer.vocabularySize == 9)
    }

    @Test func xlmRobertaHasFourTokensMore() throws {
        let example = try #require(TokenizerFixture.loaded?.sentencepiece.first { $0.name == "unigram" })
        let folder = try TemporaryFolder()
        try example.model.write(to: URL(fileURLWithPath: "\(folder.path)/sentencepiece.bpe.model"))
        try #"{"tokenizer_class":"XLMRobertaTokenizer"}"#
            .write(toFile: "\(folder.path)/tokenizer_config.json", atomically: true, encoding: .utf8)
        let tokenizer = try Tokenizer(folder: folder.path)
        let text = try #require(TokenizerFixture.loaded?.texts[2])
        // 0 is unknown there and 3 here; the others move by one.
        let moved = example.ids[2].map { $0 == 0 ? 3 : $0 + 1 }
        #expect(tokenizer.encode(text) == [0] + moved + [2])
        #expect(tokenizer.encode(pair: "", "", maximumTokens: 9).ids == [0, 2, 2, 2])
    }

    @Test func damagedModelsAreRefused() throws {
        let data = try #require(TokenizerFixture.loaded?.sentencepiece[0].model)
        let folder = try TemporaryFolder()
        let path = URL(fileURLWithPath: "\(folder.path)/tokenizer.model")
        for length in stride(from: 0, to: data.count, by: 211) {
            try data.prefix(length).write(to: path)
            // A cut between two fields leaves a model.
            _ = try? Tokenizer(folder: folder.path).encode("The cook")
        }
        try Data([0xFF, 0xFF]).write(to: path)
        let error = #expect(throws: Levels.Issue.self) { try Tokenizer(folder: folder.path) }
        #expect(error?.description.contains("tokenizer.model: found another encoding") == true)
    }
}
