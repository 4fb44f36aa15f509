import Foundation
import Levels
import Testing

@testable import Tokenizers

/// Every kind of every component, compared with the Hugging Face library.
@Suite struct TokenizerTests {
    private static let cases = TokenizerFixture.loaded?.cases ?? []

    @Test(arguments: cases)
    func tokensEqualTheReference(example: TokenizerFixture.Case) throws {
        let fixture = try #require(TokenizerFixture.loaded)
        let tokenizer = try Tokenizer(json: fixture.json(of: example))
        for (place, number) in example.texts.enumerated() {
            let text = fixture.texts[number]
            let found = tokenizer.encoding(of: text)
            #expect(found.ids == example.ids[place], "\(text.debugDescription)")
            #expect(tokenizer.encode(text) == example.ids[place], "\(text.debugDescription)")
            let offsets = found.offsets.flatMap { [$0.lowerBound, $0.upperBound] }
            #expect(offsets == example.offsets[place], "\(text.debugDescription)")
            let tokens = example.ids[place].enumerated().map { index, id in
                example.tokens["\(place).\(index)"] ?? tokenizer.tokens(for: [id])[0]
            }
            #expect(
                found.tokens.map { Array($0.utf8) } == tokens.map { Array($0.utf8) },
                "\(text.debugDescription)")
            let decoded = tokenizer.text(of: example.ids[place])
            #expect(Array(decoded.utf8) == Array(example.decoded[place].utf8), "\(text.debugDescription)")
        }
    }

    @Test func pairsEqualTheReference() throws {
        for pair in try #require(TokenizerFixture.loaded).pairs {
            let tokenizer = try Tokenizer(json: pair.tokenizer)
            let found = tokenizer.encode(pair: "a b c a b", "c c c a", maximumTokens: pair.maximum)
            #expect(found == PairEncoding(ids: pair.ids, firstCount: pair.first))
            #expect(tokenizer.encode("a b c a b a b c", maximumTokens: pair.maximum) == pair.single)
            #expect(tokenizer.encode("a b", addingSpecialTokens: false) == pair.plain)
        }
    }

    /// What the sentencepiece library makes of its own models.
    @Test func sentencePieceModelsAreRead() throws {
        let fixture = try #require(TokenizerFixture.loaded)
        for example in fixture.sentencepiece {
            let folder = try TemporaryFolder()
            try example.model.write(to: URL(fileURLWithPath: "\(folder.path)/tokenizer.model"))
            let tokenizer = try Tokenizer(folder: folder.path)
            for (text, ids) in zip(fixture.texts, example.ids) where !text.contains("<s>") {
                #expect(tokenizer.encode(text) == ids, "\(example.name): \(text.debugDescription)")
            }
        }
    }

    @Test func specialTokensAreMarked() throws {
        let fixture = try #require(TokenizerFixture.loaded)
        let example = try #require(fixture.cases.first { $0.name == "WordPiece" })
        let tokenizer = try Tokenizer(json: fixture.json(of: example))
        let found = tokenizer.encoding(of: "the cook")
        #expect(found.isSpecial == [true] + Array(repeating: false, count: found.ids.count - 2) + [true])
        let plain = tokenizer.encoding(of: "the cook", addingSpecialTokens: false)
        #expect(plain.ids == Array(found.ids.dropFirst().dropLast()) && !plain.isSpecial.contains(true))
        #expect(tokenizer.specialCounts == (1, 1))
    }

    /// The matches that the library, which uses Oniguruma, finds in one text.
    @Test(
        arguments: [
            (#"\w+"#, ["x²", "\u{301}cook", "cook", "a", "1", "_"]), (#"\bcook\b"#, ["cook"]),
            ("[[:punct:]]", ["™", "$", "_"]), (#"\s"#, [" ", " ", " ", "\u{B}"]), ("^c|x$|k$", []),
            ("(?i)COOK", ["cook", "cook"]),
        ])
    func expressionsMeanWhatTheyMeanInOniguruma(pattern: String, matches: [String]) throws {
        let text = Array("x² \u{301}cook cook ™$a\u{B}1\u{200D}_".utf8)
        let found = try RegularExpression(pattern).matches(in: text, text.indices)
        #expect(found.map { Array(text[$0]) } == matches.map { Array($0.utf8) })
    }
}
