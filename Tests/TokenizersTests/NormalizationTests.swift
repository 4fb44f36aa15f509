import Testing

@testable import Tokenizers

@Suite struct NormalizationTests {
    @Test func wordsEqualTheReferenceUnderEverySetting() throws {
        for example in try Fixture.load().words {
            let normalizer = BertNormalizer(
                cleansText: example.settings[0], spacesChineseCharacters: example.settings[1],
                stripsAccents: example.settings[2], lowercases: example.settings[3])
            for isTracked in [false, true] {
                let normal = normalizer.normalize(AlignedText(raw: example.text, isTracked: isTracked)).bytes
                let words = BertWords(normal, in: 0..<normal.count).map { Array(normal[$0]) }
                #expect(
                    words == example.words.map { Array($0.utf8) },
                    "\(example.text.debugDescription) \(example.settings)")
            }
        }
    }
}
