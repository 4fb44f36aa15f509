import Tensors
import Testing

@testable import Training

@Suite struct AugmentationTests {
    private static let (start, end): (Int32, Int32) = (1, 2)

    /// Single sentences and pairs in one sequence, of 3 to 60 tokens.
    private func examples() -> [TrainingExample] {
        var random = CounterBasedRandom(seed: 5)
        func words(_ count: Int) -> [Int32] {
            (0..<count).map { _ in Int32.random(in: 10..<1000, using: &random) }
        }
        return (0..<60).map { number in
            let sentence = [Self.start] + words(number % 30 + 1) + [Self.end]
            guard number >= 30 else { return TrainingExample(sequence: sentence, label: 1) }
            return TrainingExample(
                sequence: sentence + words(number % 25 + 1) + [Self.end], first: sentence.count, label: 0)
        }
    }

    @Test func copiesAreAlteredAndKeepTheirForm() {
        let examples = examples()
        let copies = Augmentation(copies: 3, maximumTokens: 64, seed: 1).copies(of: examples)
        #expect(copies.count == 180)
        var altered = 0
        for (copy, original) in zip(copies, examples + examples + examples) {
            #expect(copy.label == nil)
            let (tokens, first) = (copy.sequences[0], copy.firsts[0])
            #expect(tokens.first == Self.start && tokens.last == Self.end && tokens[first - 1] == Self.end)
            #expect(tokens.count { $0 == Self.end } == original.sequences[0].count { $0 == Self.end })
            #expect(tokens.count <= 64 && abs(tokens.count - original.tokens) <= 6)
            if tokens != original.sequences[0] { altered += 1 }
        }
        // Sentences of a single token are left alone, and a swap may meet two equal tokens.
        #expect(altered >= 170)
        #expect(copies[0..<60] != copies[60..<120])
    }

    @Test func theSeedFixesTheCopies() {
        let examples = examples()
        func copies(_ seed: UInt64) -> [TrainingExample] {
            Augmentation(copies: 1, maximumTokens: 64, seed: seed).copies(of: examples)
        }
        #expect(copies(1) == copies(1))
        #expect(copies(1) != copies(2))
    }

    @Test func noCopyIsLongerThanAllowed() {
        let long = examples().filter { $0.tokens > 40 }
        let limit = long.map(\.tokens).max() ?? 0
        let copies = Augmentation(copies: 20, maximumTokens: limit, seed: 3).copies(of: long)
        #expect(copies.allSatisfy { $0.tokens <= limit })
        #expect(copies.contains { $0.tokens == limit })
    }
}
