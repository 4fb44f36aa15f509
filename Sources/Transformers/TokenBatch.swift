/// Sequences of token ids laid end to end, so that no padding is ever computed.
///
/// It means what a padded batch with an attention mask means: a token attends to its own sequence only.
public struct TokenBatch: Sendable {
    /// All ids, sequence after sequence.
    public private(set) var ids: [Int32] = []
    /// The type of each token: 0, or 1 for the second sentence of a pair.
    public private(set) var types: [UInt8] = []
    /// Where each sequence starts in ``ids``, and one last entry: the number of tokens.
    public private(set) var starts: [Int] = [0]

    /// Lays sequences end to end.
    public init(_ sequences: some Sequence<[Int32]>) {
        for sequence in sequences {
            ids += sequence
            starts.append(ids.count)
        }
        types = [UInt8](repeating: 0, count: ids.count)
    }

    /// Lays pairs of sentences end to end, each already one sequence.
    ///
    /// - Parameter firsts: tokens of each sequence that belong to its first sentence.
    public init(pairs sequences: some Sequence<[Int32]>, firsts: [Int]) {
        self.init(sequences)
        for (sequence, first) in firsts.enumerated() {
            for token in range(sequence).dropFirst(first) { types[token] = 1 }
        }
    }

    /// Lays one of the chunks of a list of sequences end to end.
    ///
    /// - Parameter firsts: for pairs of sentences, as in ``init(pairs:firsts:)``, for the whole list.
    init(_ sequences: [[Int32]], firsts: [Int]?, chunk: Range<Int>) {
        if let firsts {
            self.init(pairs: sequences[chunk], firsts: Array(firsts[chunk]))
        } else {
            self.init(sequences[chunk])
        }
    }

    /// Number of tokens of all sequences.
    public var tokens: Int { ids.count }
    /// Number of sequences.
    public var count: Int { starts.count - 1 }

    /// Where one sequence stands in ``ids``.
    public func range(_ sequence: Int) -> Range<Int> {
        starts[sequence]..<starts[sequence + 1]
    }

    /// Cuts a list of sequences into consecutive runs of at most `tokens` tokens, or of one sequence
    /// where that alone is longer.
    public static func chunks(of sequences: [[Int32]], tokens: Int) -> [Range<Int>] {
        var chunks: [Range<Int>] = []
        var first = 0
        var total = 0
        for (index, sequence) in sequences.enumerated() {
            if index > first, total + sequence.count > tokens {
                chunks.append(first..<index)
                first = index
                total = 0
            }
            total += sequence.count
        }
        if first < sequences.count { chunks.append(first..<sequences.count) }
        return chunks
    }
}
