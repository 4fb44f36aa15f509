import Foundation
import Levels
import ModelFiles
import Testing

@testable import Tokenizers

@Suite struct SentenceSettingsTests {
    private func settings(_ files: [String: String]) throws -> SentenceSettings {
        let folder = try TemporaryFolder()
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        return try SentenceSettings(folder: folder.path)
    }

    @Test(arguments: [
        ("{}", "{\"model_max_length\": 6}", 6), ("{\"max_seq_length\": 8}", "{\"model_max_length\": 512}", 8),
        ("{\"max_seq_length\": 512}", "{\"model_max_length\": 8}", 512),
        ("{\"max_seq_length\": null}", "{\"model_max_length\": 1000000000000000019884624838656}", nil),
        ("{}", "{}", nil),
    ])
    func theLimitOfSentencesGoesBeforeThatOfTheTokenizer(sentences: String, tokenizer: String, limit: Int?)
        throws
    {
        let found = try settings(["sentence_bert_config.json": sentences, "tokenizer_config.json": tokenizer])
        #expect(found.maximumTokens == limit)
        #expect(!found.lowercases && found.prompts.isEmpty && found.defaultPrompt == nil)
    }

    @Test func promptsGoByName() throws {
        let found = try settings([
            "config_sentence_transformers.json": """
            {"prompts": {"query": "query: ", "document": null}, "default_prompt_name": "query"}
            """
        ])
        #expect(try found.prompt(named: nil) == "query: ")
        #expect(try found.prompt(named: "document") == "")
        let error = #expect(throws: Levels.Issue.self) { try found.prompt(named: "passage") }
        for text in ["config_sentence_transformers.json", "passage", "document, query"] {
            #expect(error?.description.contains(text) == true)
        }
        let none = try settings(["config_sentence_transformers.json": "{\"default_prompt_name\": null}"])
        #expect(try none.prompt(named: nil) == "")
    }

    @Test(arguments: [
        ("sentence_bert_config.json", "{\"max_seq_length\": 1}"),
        ("sentence_bert_config.json", "{\"do_lower_case\": 1}"),
        ("tokenizer_config.json", "{\"model_max_length\": \"long\"}"),
        ("config_sentence_transformers.json", "{\"prompts\": {\"a\": 1}}"),
        ("config_sentence_transformers.json", "{\"prompts\": {}, \"default_prompt_name\": \"query\"}"),
    ])
    func malformedFilesAreNamed(name: String, text: String) {
        let error = #expect(throws: Levels.Issue.self) { try settings([name: text]) }
        #expect(error?.description.contains("\(name): ") == true)
    }

    @Test func aPromptAndCaseAreOfEverySentence() throws {
        let folder = try TemporaryFolder()
        let words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "cat", "Cat", "red"]
        let files = [
            "vocab.txt": words.joined(separator: "\n"), "tokenizer_config.json": "{\"do_lower_case\": false}",
            "sentence_bert_config.json": "{\"max_seq_length\": 4, \"do_lower_case\": true}",
            "config_sentence_transformers.json":
                "{\"prompts\": {\"color\": \"Red \"}, \"default_prompt_name\": \"color\"}",
        ]
        for (name, text) in files {
            try Data(text.utf8).write(to: URL(fileURLWithPath: "\(folder.path)/\(name)"))
        }
        let tokenizer = try SentenceTokenizer(folder: folder.path, maximumTokens: 512)
        #expect(tokenizer.encode(["Cat", "Cat cat cat"]) == [[2, 6, 4, 3], [2, 6, 4, 3]])
        #expect(tokenizer.promptTokens == 2)
        #expect(try Tokenizer(folder: folder.path).encode("Cat") == [2, 5, 3])
    }
}
