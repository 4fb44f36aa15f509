import Tensors

/// Y = X ∘ M / (1 − p), every element of M being 0 with probability p, else 1 (Srivastava et al., 2014);
/// drawn from the seed, the step, the place in the graph and the row, so that backward draws the same M
/// again: dX = dY ∘ M / (1 − p).
public struct Dropout: Sendable {
    private let threshold: UInt64
    private let scale: Float
    private let seed: UInt64
    private let step: UInt64

    /// Bits of a random number that one element takes.
    private static let bits: UInt64 = 16

    /// Sets p, in [0, 1), and what is drawn.
    public init(rate: Double, seed: UInt64, step: Int) {
        precondition((0..<1).contains(rate))
        threshold = UInt64((rate * Double(1 << Self.bits)).rounded())
        scale = 1 / (1 - Float(threshold) / Float(1 << Self.bits))
        (self.seed, self.step) = (seed, UInt64(step))
    }

    /// Drops elements of the activations, or of their gradient, at a place in the graph.
    func apply(to x: inout Matrix, place: Int, pool: ThreadPool) {
        let stream = (step << 8 | UInt64(place)) << 32
        let (threshold, scale, seed) = (threshold, scale, seed)
        x.forEachRow(pool: pool) { row, values in
            var random = CounterBasedRandom(seed: seed, stream: stream | UInt64(row))
            var drawn: UInt64 = 0
            for index in values.indices {
                if index % 4 == 0 { drawn = random.next() }
                values[index] *= drawn & (1 << Self.bits - 1) < threshold ? 0 : scale
                drawn >>= Self.bits
            }
        }
    }
}
