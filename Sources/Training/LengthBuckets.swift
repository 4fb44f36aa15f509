import Tensors

/// Batches of examples of about equal length, in another order each epoch.
///
/// Examples are shuffled, sorted by length within runs of 50 batches, cut into batches, and the batches are
/// shuffled. Nothing is padded, so this only keeps batches of one epoch from differing in how long they take
/// next to each other; batches of long examples are the same size as all others.
public struct LengthBuckets: Sendable {
    private static let batchesPerRun = 50
    private let lengths: [Int]
    private let batchSize: Int
    private let seed: UInt64

    /// Takes the length of each example, in tokens.
    public init(lengths: [Int], batchSize: Int, seed: UInt64) {
        precondition(batchSize >= 1)
        self.lengths = lengths
        self.batchSize = batchSize
        self.seed = seed
    }

    /// Batches of one epoch.
    public var count: Int { (lengths.count + batchSize - 1) / batchSize }

    /// The examples of every batch of an epoch, by index; a function of the seed and the epoch.
    public func batches(epoch: Int) -> [[Int]] {
        var random = CounterBasedRandom(seed: seed, stream: .epochs, member: UInt64(epoch))
        let order = Array(lengths.indices).shuffled(using: &random)
        let run = Self.batchesPerRun * batchSize
        var batches: [[Int]] = []
        for start in stride(from: 0, to: order.count, by: run) {
            let sorted = order[start..<min(start + run, order.count)].sorted {
                (lengths[$0], $0) < (lengths[$1], $1)
            }
            for first in stride(from: 0, to: sorted.count, by: batchSize) {
                batches.append(Array(sorted[first..<min(first + batchSize, sorted.count)]))
            }
        }
        return batches.shuffled(using: &random)
    }
}
