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

@Suite struct ByteLevelTests {
    private static let notHere: Comment = "models/smollm2 is not here: `make model` fetches it"

    /// What llama.cpp gives, without a token before the text.
    @Test(.enabled(if: SmolLM2.isPresent, notHere))
    func idsAreThoseOfLlamaCpp() throws {
        let tokenizer = try Tokenizer(gguf: GGUFFile(path: SmolLM2.path))
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
        let tokenizer = try Tokenizer(gguf: GGUFFile(path: SmolLM2.path))
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

    private static func words(_ text: String, _ expression: ByteLevelWords.Expression) -> [String] {
        let bytes = Array(text.utf8)
        var words: [String] = []
        _ = ByteLevelWords(bytes, expression).forEach(in: 0..<bytes.count) {
            words.append(String(decoding: bytes[$0], as: UTF8.self))
            return true
        }
        return words
    }

    /// The matches of GPT-2's pattern, found with Python's `regex`.
    @Test func wordsAreTheMatchesOfThePattern() {
        #expect(Self.words("It's  a test", .gpt2) == ["It", "'s", " ", " a", " test"])
        #expect(Self.words("we'll've 'S", .gpt2) == ["we", "'ll", "'ve", " '", "S"])
        #expect(Self.words("x \n\n y  ", .gpt2) == ["x", " \n\n", " y", "  "])
        #expect(Self.words("a\n\tb", .gpt2) == ["a", "\n", "\t", "b"])
        #expect(Self.words(" 123abc!? é²", .gpt2) == [" 123", "abc", "!?", " é", "²"])
        #expect(Self.words("", .gpt2) == [])
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
        #expect(Self.words(expected.joined(), .qwen2(digits: 1)) == expected)
    }

    /// A pattern that is found without a regular expression has the matches that one finds.
    @Test func knownPatternsAreWhatTheySpell() throws {
        for expression in [ByteLevelWords.Expression.gpt2, .qwen2(digits: 1), .qwen2(digits: 3)] {
            #expect(ByteLevelWords.Expression(pattern: expression.pattern) == expression)
            let spelled = try RegularExpression(expression.pattern)
            for text in try #require(TokenizerFixture.loaded).texts {
                let bytes = Array(text.utf8)
                let matches = spelled.matches(in: bytes, 0..<bytes.count).map {
                    String(decoding: bytes[$0], as: UTF8.self)
                }
                #expect(Self.words(text, expression) == matches, "\(text.debugDescription)")
            }
        }
    }

    /// What a kind is written as is read as the same kind.
    @Test func kindsAreReadAsTheyAreWritten() throws {
        for kind in ByteLevelKind.all {
            let json: [String: Any] = [
                "normalizer": kind.normalizerJSON as Any? ?? NSNull(), "pre_tokenizer": kind.json,
                "model": [
                    "type": "BPE", "ignore_merges": kind.ignoresMerges, "vocab": ["a": 0],
                    "merges": [String](),
                ] as [String: Any],
            ]
            let data = try JSONSerialization.data(withJSONObject: json)
            let tokenizer = try Tokenizer(json: String(decoding: data, as: UTF8.self))
            #expect(tokenizer.byteLevelParts?.kind.ggufNames == kind.ggufNames)
        }
    }

    @Test func mergesFollowTheirOrder() {
        var merges = BytePairMerges(capacity: 4)
        merges.add(2, 3, giving: 10, rank: 0)
        merges.add(1, 2, giving: 11, rank: 1)
        merges.add(11, 3, giving: 12, rank: 2)
        func merged(_ ids: [Int32]) -> [Int32] {
            var work = MergeWork()
            work.symbols = ids.map { Symbol(id: $0, length: 1) }
            merges.merge(&work)
            #expect(work.symbols.reduce(0) { $0 + Int($1.length) } == ids.count)
            return work.symbols.map(\.id)
        }
        #expect(merged([1, 2, 3]) == [1, 10])
        #expect(merged([1, 2, 1, 2, 3]) == [11, 1, 10])
        #expect(merged([7]) == [7])
        #expect(merged([]) == [])
        // Long words are merged in another way, to the same end.
        let words: [[Int32]] = [[1, 2, 3], [1, 2, 1, 2, 3, 7], [3, 2, 1]]
        var all: [Int32] = []
        var parts: [Int32] = []
        for number in 0..<20 {
            all += words[number % 3] + [7]
            parts += merged(words[number % 3]) + [7]
        }
        #expect(merged(all) == parts)
        // A long word takes no quadratic time.
        merges.add(1, 1, giving: 2, rank: 3)
        #expect(merged([Int32](repeating: 1, count: 200_001)).count == 100_001)
    }
}
