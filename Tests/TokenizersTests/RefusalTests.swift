import Levels
import Testing

@testable import Tokenizers

/// What a `tokenizer.json` asks for and is not followed is refused by name.
@Suite struct RefusalTests {
    private static func json(_ changes: [String: String]) -> String {
        let fields = [
            "model": #"{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]}"#, "normalizer": "null",
        ].merging(changes) { _, new in new }
        return "{\(fields.map { "\"\($0)\":\($1)" }.sorted().joined(separator: ","))}"
    }

    private static let split = #"{"type":"Split","behavior":"Isolated","pattern":"#
    private static let refused: [([String: String], String)] = [
        (["other": "1"], "'other': found 1, allowed no such field here"),
        (["decoder": #"{"type":"CTC"}"#], "'decoder.type': found 'CTC', allowed one of"),
        (["normalizer": #"{"type":"Other"}"#], "'normalizer.type': found 'Other', allowed one of"),
        (["normalizer": #"{"type":"NFC","form":2}"#], "'normalizer.form': found 2"),
        (
            ["normalizer": #"{"type":"Precompiled","precompiled_charsmap":"AAAA"}"#],
            "'normalizer.precompiled_charsmap': found 'AAAA', allowed a double-array trie"
        ),
        (
            ["normalizer": #"{"type":"Sequence","normalizers":[{"type":"Strip"}]}"#],
            "'normalizer.normalizers.strip_left': found nothing, allowed true or false"
        ),
        (["pre_tokenizer": #"{"type":"FixedLength","length":0}"#], "'pre_tokenizer.length': found 0"),
        (["pre_tokenizer": #"{"type":"Punctuation","behavior":"Kept"}"#], "'pre_tokenizer.behavior'"),
        (["pre_tokenizer": split + #"{"Regex":"(a"}}"#], "'pattern.Regex': found a pattern that cannot be"),
        (["pre_tokenizer": split + #"{"Regex":"\\h+"}}"#], #"found the escape '\h', which is not followed"#),
        (["pre_tokenizer": split + #"{"Regex":"(?m:.)"}}"#], "found the group '(?m', which is not followed"),
        (["pre_tokenizer": split + #"{"Glob":"*"}}"#], "'pre_tokenizer.pattern.Glob': found '*'"),
        (
            [
                "pre_tokenizer":
                    #"{"type":"Metaspace","replacement":"_","prepend_scheme":"always","add_prefix_space":false}"#
            ], "'pre_tokenizer.add_prefix_space': found false, allowed true"
        ),
        (
            [
                "post_processor":
                    #"{"type":"TemplateProcessing","single":[],"pair":[],"special_tokens":{}}"#
            ], "'post_processor.single': found a list of 0, allowed a template with one text"
        ),
        (["post_processor": #"{"type":"BertProcessing","sep":["b",1],"cls":["a"]}"#], "'post_processor.cls'"),
        (["model": #"{"type":"BPE","vocab":{},"merges":[],"dropout":0.5}"#], "'model.dropout': found 0.5"),
        (["model": #"{"type":"BPE","vocab":{"a":0},"merges":["a b"]}"#], "found no 'b' among 1 tokens"),
        (["model": #"{"type":"BPE","vocab":{"a":0},"merges":["a"]}"#], "'model.merges'"),
        (["model": #"{"type":"BPE","vocab":{"a":0},"merges":[],"unk_token":"u"}"#], "found no 'u'"),
        (["model": #"{"type":"Unigram","vocab":[["a",0]],"unk_id":null}"#], "'model.unk_id': found nothing"),
        (["model": #"{"type":"Unigram","vocab":[["a"]],"unk_id":0}"#], "'model.vocab'"),
        (["model": #"{"type":"Other","vocab":{}}"#], "'model.type': found 'Other', allowed one of"),
        (["truncation": #"{"max_length":-1}"#], "'truncation.max_length': found -1"),
        (
            ["added_tokens": #"[{"id":2097152,"content":"x"}]"#],
            "'added_tokens.id': found 2097152, allowed an integer"
        ),
    ]

    @Test(arguments: refused.indices)
    func itIsOneClearError(index: Int) throws {
        let (changes, message) = Self.refused[index]
        let error = #expect(throws: Levels.Issue.self) { try Tokenizer(json: Self.json(changes)) }
        let description = try #require(error).description
        #expect(description.contains("tokenizer.json: ") && description.contains(message), "\(description)")
        #expect(!description.contains("\n"))
    }

    @Test func theRestIsRead() throws {
        #expect(try Tokenizer(json: Self.json([:])).encode("aab") == [0, 2])
        let padded = try Tokenizer(
            json: Self.json(["padding": #"{"strategy":"BatchLongest"}"#, "truncation": #"{"max_length":1}"#]))
        #expect(padded.encode("aab") == [0, 2] && padded.truncationLimit == 1)
        // A template without one for pairs ends both texts as it ends one.
        let single = #"[{"Sequence":{"id":"A","type_id":0}},{"SpecialToken":{"id":"b","type_id":0}}]"#
        let ended = try Tokenizer(
            json: Self.json(["post_processor": #"{"type":"TemplateProcessing","single":\#(single)}"#]))
        #expect(
            ended.encode(pair: "a", "ab", maximumTokens: 9) == PairEncoding(ids: [0, 1, 2, 1], firstCount: 2))
    }
}
