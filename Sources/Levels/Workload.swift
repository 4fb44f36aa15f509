/// What is computed when a latency is measured.
public struct Workload: Sendable, Equatable, Codable {
    /// The two things that a language model does; an encoder only prefills.
    public enum Phase: String, Sendable, Codable, CaseIterable {
        /// Whole sequences at once.
        case prefill
        /// One token after those before it.
        case decode
    }

    /// What is done.
    public let phase: Phase
    /// Tokens of a sequence; in decoding, those before the one that is computed; of lengths, their mean.
    public let tokens: Int
    /// Sequences at a time.
    public let batch: Int
    /// Tokens of each sequence of each pass, where they follow a distribution; nil where every pass is of ``batch``
    /// sequences of ``tokens``.
    public let lengths: [[Int]]?

    /// Describes a workload of which all passes are alike.
    public init(phase: Phase = .prefill, tokens: Int, batch: Int = 1) {
        self.phase = phase
        self.tokens = tokens
        self.batch = batch
        lengths = nil
    }

    /// Describes one of whole sequences of these lengths, pass by pass: at least one of at least one sequence.
    public init(lengths: [[Int]]) {
        let all = lengths.joined()
        precondition(!lengths.isEmpty && !lengths.contains { $0.isEmpty }, "a pass has a sequence")
        phase = .prefill
        tokens = Int((Double(all.reduce(0, +)) / Double(all.count)).rounded())
        batch = lengths[0].count
        self.lengths = lengths
    }

    /// The passes that make it up, each a workload of one pass.
    public var passes: [Workload] {
        lengths.map { $0.map { Workload(lengths: [$0]) } } ?? [self]
    }

    /// Tokens of each sequence of the first pass.
    public var sequences: [Int] { lengths?[0] ?? [Int](repeating: tokens, count: batch) }
}

extension Workload: CustomStringConvertible {
    /// `128 tokens`, `8 sequences of 128 tokens`, or `texts of 35 tokens on average`, with how many at a time.
    public var description: String {
        let tokens = tokens.counted("token")
        guard lengths != nil else {
            return batch == 1 ? tokens : "\(batch.counted("sequence")) of \(tokens)"
        }
        return "texts of \(tokens) on average" + (batch == 1 ? "" : ", \(batch) at a time")
    }
}
