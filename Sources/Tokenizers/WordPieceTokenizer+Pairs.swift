/// The ids of two sentences as one sequence, `[CLS] first [SEP] second [SEP]`.
public struct PairEncoding: Sendable, Equatable {
    /// The ids.
    public let ids: [Int32]
    /// How many of them are of the first sentence, `[CLS]` and its `[SEP]` included; the others have type 1.
    public let firstCount: Int
}

extension WordPieceTokenizer {
    /// The ids of `[CLS] first [SEP] second [SEP]`.
    ///
    /// Pairs that are too long are cut as by the strategy `longest_first` of the Hugging Face library: the
    /// longer sentence loses its end until it is as long as the other one, then both lose theirs.
    ///
    /// - Parameter maximumTokens: the most ids to return, at least 3
    public func encode(pair first: String, _ second: String, maximumTokens: Int = 512) -> PairEncoding {
        encode(pair: half(of: first), half(of: second), maximumTokens: maximumTokens)
    }

    /// The tokens of a text that becomes a part of pairs, without special ones.
    public struct Half: Sendable {
        fileprivate let pieces: ArraySlice<Int32>
    }

    /// The tokens of a text that becomes a part of pairs: of one that many others are paired with, they are made once.
    public func half(of text: String) -> Half { Half(pieces: pieces(of: text)) }

    /// How many ids a pair would be, special ones included.
    public static func pairCount(_ first: Half, _ second: Half) -> Int {
        first.pieces.count + second.pieces.count + 3
    }

    /// The ids of a pair, as by the other `encode`.
    public func encode(pair first: Half, _ second: Half, maximumTokens: Int = 512) -> PairEncoding {
        precondition(maximumTokens >= 3, "maximumTokens: found \(maximumTokens), allowed at least 3")
        let (a, b) = (first.pieces, second.pieces)
        let lengths = Self.longestFirst(a.count, b.count, total: maximumTokens - 3)
        let head = [classificationID] + a.prefix(lengths.first) + [separatorID]
        return PairEncoding(ids: head + b.prefix(lengths.second) + [separatorID], firstCount: head.count)
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
