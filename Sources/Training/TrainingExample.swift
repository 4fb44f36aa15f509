import Transformers

/// One example: a sequence to classify, or two whose embeddings are compared.
public struct TrainingExample: Sendable, Equatable {
    /// Token ids of one sequence, or of each of two.
    public let sequences: [[Int32]]
    /// How many tokens of each sequence belong to its first sentence.
    public let firsts: [Int]
    /// A class counted from 0, or a similarity in [0, 1]; nil where only a teacher can tell.
    public let target: Float?

    /// Takes one sentence, or a pair in one sequence, and its class.
    public init(sequence: [Int32], first: Int? = nil, label: Int) {
        sequences = [sequence]
        firsts = [first ?? sequence.count]
        target = Float(label)
    }

    /// Takes two sentences and how similar they are, in [0, 1].
    public init(_ a: [Int32], _ b: [Int32], similarity: Double) {
        sequences = [a, b]
        firsts = [a.count, b.count]
        target = Float(similarity)
    }

    /// Takes one or two sequences without a label.
    public init(sequences: [[Int32]], firsts: [Int]) {
        precondition(sequences.count == firsts.count)
        self.sequences = sequences
        self.firsts = firsts
        target = nil
    }

    /// Tokens of all sequences.
    public var tokens: Int { sequences.reduce(0) { $0 + $1.count } }
    /// The class.
    public var label: Int? { target.map { Int($0) } }
}

extension TokenBatch {
    /// Lays the sequences of examples end to end.
    public init(_ examples: some Sequence<TrainingExample>) {
        self.init(pairs: examples.flatMap(\.sequences), firsts: examples.flatMap(\.firsts))
    }
}
