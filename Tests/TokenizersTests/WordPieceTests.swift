import Foundation
import Levels
import ModelFiles
import Testing

@testable import Tokenizers

@Suite(.enabled(if: MiniLM.isPresent, "models/minilm is absent; set SECATEUR_MODELS"))
struct MiniLMTokenizerTests {
    let tokenizer: Tokenizer

    init() throws {
        tokenizer = try Tokenizer(folder: MiniLM.folder)
    }

    @Test func idsEqualTheReference() throws {
        for example in try Fixture.load().encodings {
            let ids = tokenizer.encode(example.text, maximumTokens: 100_000)
            #expect(ids == example.ids, "\(example.text.debugDescription)")
        }
    }

    @Test func vocabularyTextGivesTheSameIds() throws {
        let folder = try TemporaryFolder()
        for file in ["vocab.txt", "tokenizer_config.json"] {
            try FileManager.default.copyItem(
                atPath: "\(MiniLM.folder)/\(file)", toPath: "\(folder.path)/\(file)")
        }
        let other = try Tokenizer(folder: folder.path)
        for example in try Fixture.load().encodings {
            #expect(other.encode(example.text, maximumTokens: 100_000) == example.ids)
        }
    }

    @Test func facts() throws {
        #expect(tokenizer.vocabularySize == 30_522)
        #expect(tokenizer.paddingID == 0)
        #expect(
            tokenizer.tokens(for: tokenizer.encode("Pruning, naïvely")) == [
                "[CLS]", "pr", "##uni", "##ng", ",", "naive", "##ly", "[SEP]",
            ])
        #expect(tokenizer.tokens(for: [-1, 30_522]) == ["", ""])
        #expect(try SentenceSettings(folder: MiniLM.folder).maximumTokens == 256)
        #expect(try SentenceSettings(folder: "\(MiniLM.folder)/1_Pooling").maximumTokens == nil)
    }

    @Test(arguments: [2, 3, 7, 8, 9, 10])
    func truncationKeepsTheSeparator(maximumTokens: Int) {
        let text = "unbelievably [MASK] hyperparameters everywhere"
        let all = tokenizer.encode(text)
        let cut = tokenizer.encode(text, maximumTokens: maximumTokens)
        #expect(cut == Array(all.dropLast().prefix(maximumTokens - 1)) + [102])
    }

    @Test func pairsEqualTheReference() throws {
        let pairs = try Fixture.load().pairs
        var cut = 0
        for example in pairs {
            let found = tokenizer.encode(
                pair: example.texts[0], example.texts[1], maximumTokens: example.maximum)
            #expect(found == PairEncoding(ids: example.ids, firstCount: example.first), "\(example.texts)")
            if example.ids.count == example.maximum { cut += 1 }
        }
        #expect(cut > 20 && cut < pairs.count)
    }

    @Test func severalTexts() {
        #expect(tokenizer.encode(["a b", ""], maximumTokens: 3) == [[101, 1037, 102], [101, 102]])
    }

    /// Eight times the text takes about eight times as long; 64 times would be the square.
    @Test func timeIsLinearInTheText() {
        func nanoseconds(_ sentences: Int) -> Int {
            let text = (0..<sentences).map {
                "A man number \($0) is slowly pruning the unbelievably overgrown roses."
            }.joined(separator: " ")
            return (0..<5).map { _ in
                let start = Self.computedNanoseconds()
                _ = tokenizer.encode(text, maximumTokens: .max)
                return Self.computedNanoseconds() - start
            }.min() ?? 0
        }
        #expect(nanoseconds(4000) < 24 * nanoseconds(500))
    }

    /// What this thread has computed, whatever others do meanwhile.
    private static func computedNanoseconds() -> Int {
        var time = timespec()
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
        return time.tv_sec * 1_000_000_000 + time.tv_nsec
    }
}

@Suite struct SmallTokenizerTests {
    static let vocabulary = ###"""
        {"[PAD]":0,"[UNK]":1,"[CLS]":2,"[SEP]":3,"un":4,"##able":5,"##a":6,"able":7,"\u00e9":8,"e\u0301":9}
        """###

    static func json(
        vocabulary: String = vocabulary, normalizer: String = #""lowercase":true,"strip_accents":null"#,
        added: String = "",
        preTokenizer: String = "BertPreTokenizer", single: String = "[CLS]", pairType: Int = 1
    ) -> String {
        """
        {"added_tokens":[\(added)],
         "normalizer":{"type":"BertNormalizer","clean_text":true,"handle_chinese_chars":true,\(normalizer)},
         "pre_tokenizer":{"type":"\(preTokenizer)"},
         "post_processor":{"type":"TemplateProcessing","single":[{"SpecialToken":{"id":"\(single)","type_id":0}},
           {"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"[SEP]","type_id":0}}],
           "pair":[{"SpecialToken":{"id":"[CLS]","type_id":0}},{"Sequence":{"id":"A","type_id":0}},
           {"SpecialToken":{"id":"[SEP]","type_id":0}},{"Sequence":{"id":"B","type_id":\(pairType)}},
           {"SpecialToken":{"id":"[SEP]","type_id":1}}]},
         "model":{"type":"WordPiece","unk_token":"[UNK]","continuing_subword_prefix":"##",
           "max_input_chars_per_word":8,"vocab":\(vocabulary)}}
        """
    }

    static func tokenizer(_ json: String) throws -> Tokenizer {
        let folder = try TemporaryFolder()
        try json.write(toFile: "\(folder.path)/tokenizer.json", atomically: true, encoding: .utf8)
        return try Tokenizer(folder: folder.path)
    }

    @Test func longestPieceFirst() throws {
        let tokenizer = try Self.tokenizer(Self.json())
        #expect(tokenizer.encode("unable un able una unab") == [2, 4, 5, 4, 7, 4, 6, 1, 3])
        #expect(tokenizer.encode("unableaa unableaaa") == [2, 4, 5, 6, 6, 1, 3])
    }

    @Test func canonicallyEquivalentTokensStayApart() throws {
        let tokenizer = try Self.tokenizer(Self.json(normalizer: #""lowercase":false,"strip_accents":null"#))
        #expect(tokenizer.encode("\u{E9} e\u{301}") == [2, 8, 9, 3])
    }

    @Test func addedTokensByTheirFlags() throws {
        let added = #"""
            {"id":10,"content":"<T>","single_word":true,"lstrip":false,"rstrip":false,"normalized":false,"special":true},
            {"id":11,"content":"ÉTÉ","single_word":false,"lstrip":false,"rstrip":false,"normalized":true,"special":false}
            """#
        let tokenizer = try Self.tokenizer(Self.json(added: added))
        #expect(tokenizer.encode("un<T> un <T> able") == [2, 4, 1, 1, 1, 4, 10, 7, 3])
        #expect(tokenizer.encode("unétéun") == [2, 4, 11, 4, 3])
        #expect(tokenizer.vocabularySize == 12)
    }

    private static let malformedFiles: [(String, String)] = [
        (json(vocabulary: "{}"), "found no '[CLS]'"),
        (json(vocabulary: #"{"[PAD]":0,"[UNK]":1,"[SEP]":2}"#), "found no '[CLS]'"),
        (json(vocabulary: #"{"[CLS]":0,"[SEP]":1}"#), "found no '[UNK]' among 2 tokens"),
        (json(vocabulary: #"{"[CLS]":0,"[SEP]":0,"[UNK]":1}"#), "id 0: found for both"),
        (json(vocabulary: #"{"[PAD]":0,"[PAD]":1}"#), "the key '[PAD]' a second time"),
        (json(vocabulary: #"{"a":-1}"#), "token 'a': found id -1, allowed an integer"),
        (json(vocabulary: #"{"a":1.5}"#), "token 'a': found id 1.5"),
        (json(vocabulary: #"{"a":2097152}"#), "token 'a': found id 2097152"),
        (json(vocabulary: "[]"), "'model.vocab': found a list of 0, allowed an object"),
        (json(preTokenizer: "Other"), "'pre_tokenizer.type': found 'Other', allowed one of"),
        (json(single: "<s>"), "'post_processor.special_tokens': found no '<s>'"),
        (json(pairType: 2), "'post_processor.pair': found a list of 5, allowed a template with two texts"),
        (json(normalizer: #""lowercase":1"#), "'normalizer.lowercase': found 1, allowed true or false"),
        (
            json(normalizer: #""lowercase":true,"strip":true"#),
            "'normalizer.strip': found true, allowed no such field here"
        ),
        (
            json(added: #"{"id":4,"content":"x","single_word":false,"normalized":false}"#),
            "id 4: found for both"
        ),
        (
            json(added: #"{"id":9,"content":"un","single_word":false,"normalized":false}"#),
            "found 9, allowed 4"
        ),
        ("{", "allowed valid JSON"),
        ("[1]", "the file: found a list of 1, allowed an object"),
    ]

    @Test(arguments: malformedFiles.indices)
    func malformedFileIsOneClearError(index: Int) throws {
        let (json, message) = Self.malformedFiles[index]
        let error = #expect(throws: Levels.Issue.self) { try Self.tokenizer(json) }
        let description = try #require(error).description
        #expect(description.contains("tokenizer.json: ") && description.contains(message), "\(description)")
        #expect(!description.contains("\n"))
    }

    @Test func missingFolder() throws {
        let error = #expect(throws: Levels.Issue.self) { try Tokenizer(folder: "/nowhere") }
        #expect(
            error?.description == "/nowhere/vocab.txt: cannot open for reading: No such file or directory")
    }

    @Test func vocabularyTextLines() throws {
        let folder = try TemporaryFolder()
        let path = "\(folder.path)/vocab.txt"
        try "[PAD]\r\n[UNK]\n[CLS]\n[SEP]\n\nun\n".write(toFile: path, atomically: true, encoding: .utf8)
        #expect(try Tokenizer(folder: folder.path).encode("un x [PAD]") == [2, 5, 1, 0, 3])
        try "[PAD]\nun\nun\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try Tokenizer(folder: folder.path) }
        #expect(error?.code == .malformed && error?.field == .line(3))
        #expect(error?.description == "\(path): line 3: found 'un' again after line 2, allowed once")
    }
}
