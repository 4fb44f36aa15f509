import Tensors

/// Altered copies of examples, which have no label: a teacher says what they are, so that a student learns of
/// more than the training file holds (Jiao et al., "TinyBERT", 2020, section 4.2, where a language model
/// picks the new words).
///
/// One token in ten of each sentence, and at least one, is replaced by one of another example, swapped with
/// the next, left out, or preceded by one of another example.
struct Augmentation {
    /// Copies of each example.
    let copies: Int
    /// The longest sequence.
    let maximumTokens: Int
    /// Fixes the copies.
    let seed: UInt64

    /// The copies of all examples, in the order of the examples.
    func copies(of examples: [TrainingExample]) -> [TrainingExample] {
        guard copies > 0 else { return [] }
        var random = CounterBasedRandom(seed: seed, stream: .augmentation)
        // Tokens as often as they occur, without the special ones around the sentences.
        let tokens = examples.flatMap { example in
            zip(example.sequences, example.firsts).flatMap { sequence, first in
                sequence[1..<first - 1] + sequence[first...].dropLast()
            }
        }
        guard !tokens.isEmpty else { return [] }
        return (0..<copies).flatMap { _ in
            examples.map { altered($0, tokens: tokens, &random) }
        }
    }

    private func altered(
        _ example: TrainingExample, tokens: [Int32], _ random: inout CounterBasedRandom
    ) -> TrainingExample {
        var (sequences, firsts) = (example.sequences, example.firsts)
        for index in sequences.indices {
            // The second sentence first, as what is added to the first one moves it.
            if firsts[index] < sequences[index].count {
                alter(&sequences[index], firsts[index]..<sequences[index].count - 1, tokens, &random)
            }
            let before = sequences[index].count
            alter(&sequences[index], 1..<firsts[index] - 1, tokens, &random)
            firsts[index] += sequences[index].count - before
        }
        return TrainingExample(sequences: sequences, firsts: firsts)
    }

    /// Alters the tokens of one sentence, without the special ones around it.
    private func alter(
        _ sequence: inout [Int32], _ sentence: Range<Int>, _ tokens: [Int32],
        _ random: inout CounterBasedRandom
    ) {
        guard sentence.count > 1 else { return }
        var end = sentence.upperBound
        for _ in 0..<max(sentence.count / Self.tokensOfChange, 1) {
            let place = Int.random(in: sentence.lowerBound..<end - 1, using: &random)
            let other = tokens[Int.random(in: tokens.indices, using: &random)]
            switch Int.random(in: 0..<4, using: &random) {
            case 0: sequence[place] = other
            case 1: sequence.swapAt(place, place + 1)
            case 2 where end - sentence.lowerBound > 2:
                sequence.remove(at: place)
                end -= 1
            case 3 where sequence.count < maximumTokens:
                sequence.insert(other, at: place)
                end += 1
            default: sequence[place] = other
            }
        }
    }

    private static let tokensOfChange = 10
}
