import Foundation
import Levels
import ModelFiles
import Testing

@testable import Tokenizers

/// The SmolLM2 file: under SECATEUR_MODELS, else under `models` at the package's root.
enum SmolLM2 {
    static let path: String = {
        let models =
            ProcessInfo.processInfo.environment["SECATEUR_MODELS"]
            ?? URL(fileURLWithPath: MiniLM.folder).deletingLastPathComponent().path
        return "\(models)/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
    }()

    static let isPresent = FileManager.default.fileExists(atPath: path)
}

@Suite struct ByteLevelTokenizerTests {
    private static let notHere: Comment = "models/smollm2 is not here: `make model` fetches it"

    /// What llama.cpp gives, without a token before the text.
    @Test(.enabled(if: SmolLM2.isPresent, notHere))
    func idsAreThoseOfLlamaCpp() throws {
        let tokenizer = try ByteLevelTokenizer(gguf: GGUFFile(path: SmolLM2.path))
        let text = "Hello world! It's 12345 naïve café 你好 🙂\n\n  def f(x):\n    return x"
        let ids: [Int32] = [
            19556, 905, 17, 657, 506, 216, 33, 34, 35, 36, 37, 15486, 46494, 37366, 216, 18645, 250, 48392,
            138,
            47526, 8866, 753, 275, 24, 104, 727, 472, 1003, 1792,
        ]
        #expect(tokenizer.encode(text) == ids)
        #expect(tokenizer.text(of: ids) == text)
    }

    @Test(.enabled(if: SmolLM2.isPresent, notHere))
    func specialTokensAndChatTemplate() throws {
        let tokenizer = try ByteLevelTokenizer(gguf: GGUFFile(path: SmolLM2.path))
        #expect(tokenizer.encode("<|im_start|>user\n") == [1, 4093, 198])
        #expect(tokenizer.endIDs == [0, 2])
        let template = try ChatTemplate(try #require(tokenizer.chatTemplate), file: SmolLM2.path)
        let system =
            "<|im_start|>system\nYou are a helpful AI assistant named SmolLM, trained by Hugging Face<|im_end|>\n"
        #expect(
            try template.text(of: [.init(role: "user", content: "Hi")])
                == system + "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        #expect(
            try template.text(of: [
                .init(role: "system", content: "Be brief."), .init(role: "user", content: "Hi"),
            ])
                == "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n"
        )
    }

    /// The matches of GPT-2's pattern, found with Python's `regex`.
    @Test func wordsAreTheMatchesOfThePattern() {
        func words(_ text: String, _ preTokenizer: PreTokenizer = .gpt2) -> [String] {
            let bytes = Array(text.utf8)
            var words: [String] = []
            ByteLevelWords(bytes, preTokenizer).forEach(in: 0..<bytes.count) {
                words.append(String(decoding: bytes[$0], as: UTF8.self))
            }
            return words
        }
        #expect(words("It's  a test") == ["It", "'s", " ", " a", " test"])
        #expect(words("we'll've 'S") == ["we", "'ll", "'ve", " '", "S"])
        #expect(words("x \n\n y  ") == ["x", " \n\n", " y", "  "])
        #expect(words("a\n\tb") == ["a", "\n", "\t", "b"])
        #expect(words(" 123abc!? é²") == [" 123", "abc", "!?", " é", "²"])
        #expect(words(" 12a", .smollm) == [" ", "1", "2", "a"])
        #expect(words("") == [])
    }

    /// The matches of Qwen2's pattern, found with Python's `regex`.
    @Test(
        arguments: [
            ["It", "'s", " ", " a", " TEST", "'LL"], ["x", " \n\n", " y", "  "],
            ["a", "\n", "\tb", "\r\n", " ", " c"],
            [" ", "1", "2", "3", "abc", "!?", " é", "²", "\n\n", "z"],
            ["(word", ")", " --", "x", " ...\n", "."], ["'ſ", " '", "Sx", " \t\n  \n", " ", " q"],
            ["a", " ", " ", "1", " ", " !", "b"], ["  \n"], ["\u{A0}a", "\u{2003}", "\u{2003}", "1"],
            ["x", "\u{200D}y", " '", "é"], [" ", "\t", "!!", " \r\n"],
        ])
    func wordsAreTheMatchesOfQwen2sPattern(expected: [String]) {
        let bytes = Array(expected.joined().utf8)
        var words: [String] = []
        ByteLevelWords(bytes, .qwen2).forEach(in: 0..<bytes.count) {
            words.append(String(decoding: bytes[$0], as: UTF8.self))
        }
        #expect(words == expected)
    }

    /// A `tokenizer.json` says what it was made by, and what is not known is refused by name.
    @Test func preTokenizersAreReadAsTheyAreWritten() throws {
        func read(_ json: [String: Any]) throws -> PreTokenizer {
            let folder = try TemporaryFolder()
            let path = "\(folder.path)/tokenizer.json"
            try JSONSerialization.data(withJSONObject: json).write(to: URL(fileURLWithPath: path))
            return try withExtendedLifetime(folder) { try PreTokenizer(JSONFields(contentsOf: path)) }
        }
        for known in PreTokenizer.all {
            #expect(
                try read(["normalizer": known.normalizerJSON, "pre_tokenizer": known.json]) == known)
        }
        let split: [String: Any] = ["type": "Split", "pattern": ["Regex": "x"], "behavior": "Isolated"]
        for (wrong, says) in [
            (["pre_tokenizer": split], "Split 'x'"), (["pre_tokenizer": ["type": "Metaspace"]], "Metaspace"),
            (["pre_tokenizer": PreTokenizer.qwen2.json], "normalizer"),
            (["pre_tokenizer": PreTokenizer.gpt2.json, "normalizer": ["type": "NFKC"]], "NFKC"),
        ] as [([String: Any], String)] {
            let error = #expect(throws: Levels.Issue.self) { try read(wrong) }
            #expect(error?.description.contains(says) == true, "\(error?.description ?? "")")
        }
    }

    @Test func mergesFollowTheirOrder() {
        var merges = BytePairMerges(capacity: 4)
        merges.add(2, 3, giving: 10)
        merges.add(1, 2, giving: 11)
        merges.add(11, 3, giving: 12)
        #expect(merges.merged([1, 2, 3]) == [1, 10])
        #expect(merges.merged([1, 2, 1, 2, 3]) == [11, 1, 10])
        #expect(merges.merged([7]) == [7])
        #expect(merges.merged([]) == [])
        // A long word takes no quadratic time.
        var doubling = BytePairMerges(capacity: 1)
        doubling.add(1, 1, giving: 2)
        #expect(doubling.merged([Int32](repeating: 1, count: 200_001)).count == 100_001)
    }
}
