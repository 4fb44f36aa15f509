/// The ids of two sentences as one sequence, `[CLS] first [SEP] second [SEP]` in BERT.
public struct PairEncoding: Sendable, Equatable {
    /// The ids.
    public let ids: [Int32]
    /// How many of them have type 0: in BERT those of the first sentence, `[CLS]` and its `[SEP]` included. The others
    /// have type 1.
    public let firstCount: Int
}

extension Tokenizer {
    /// The ids of two texts with the special tokens that the model expects around them.
    ///
    /// Pairs that are too long are cut as by the strategy `longest_first` of the Hugging Face library: the
    /// longer sentence loses its end until it is as long as the other one, then both lose theirs.
    ///
    /// - Parameters:
    ///   - first: the first text
    ///   - second: the second text
    ///   - maximumTokens: the most ids to return, at least as many as there are special ones: 3 in BERT.
    public func encode(pair first: String, _ second: String, maximumTokens: Int) -> PairEncoding {
        encode(pair: half(of: first), half(of: second), maximumTokens: maximumTokens)
    }

    /// The tokens of a text that becomes a part of pairs, without special ones.
    public struct Half: Sendable {
        fileprivate let pieces: ArraySlice<Int32>
    }

    /// The tokens of a text that becomes a part of pairs: of one that many others are paired with, they are made once.
    ///
    /// - Parameter text: the text
    public func half(of text: String) -> Half { Half(pieces: pieces(of: text)) }

    /// How many ids a pair would be, special ones included.
    ///
    /// - Parameters:
    ///   - first: the first text
    ///   - second: the second text
    public func pairCount(_ first: Half, _ second: Half) -> Int {
        first.pieces.count + second.pieces.count + postProcessor.pairSpecialCount
    }

    /// The ids of a pair, as by the other `encode`.
    ///
    /// - Parameters:
    ///   - first: the first text
    ///   - second: the second text
    ///   - maximumTokens: the most ids to return, at least as many as there are special ones.
    public func encode(pair first: Half, _ second: Half, maximumTokens: Int) -> PairEncoding {
        let (a, b) = (first.pieces, second.pieces)
        let total = limit(maximumTokens, specials: postProcessor.pairSpecialCount)
        let lengths = Self.longestFirst(a.count, b.count, total: total)
        let (ids, firstCount) = postProcessor.ids(ofPair: a.prefix(lengths.first), b.prefix(lengths.second))
        return PairEncoding(ids: ids, firstCount: firstCount)
    }

    /// How much of two sentences is kept. When both are cut, one token more is left of the one that was
    /// longer, or of the second where they were equal, if the total is odd.
    private static func longestFirst(_ first: Int, _ second: Int, total: Int) -> (first: Int, second: Int) {
        guard first + second > total else { return (first, second) }
        let half = total / 2
        if min(first, second) <= half {
            return first <= second ? (first, total - first) : (total - second, second)
        }
        return first <= second ? (half, total - half) : (total - half, half)
    }
}
