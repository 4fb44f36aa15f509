/// A counter-based random number generator: the n-th number is a function of the seed, the stream
/// and n alone, so that its whole state is three integers and any stream can be replayed or split.
///
/// Each output is SplitMix64's finaliser applied to a Weyl sequence (Steele, Lea and Flood,
/// "Fast splittable pseudorandom number generators", OOPSLA 2014).
public struct CounterBasedRandom: RandomNumberGenerator, Sendable, Equatable, Codable {
    /// What fixes the whole sequence.
    public let seed: UInt64
    /// Which of the independent sequences of the seed this is.
    public let stream: UInt64
    /// How many numbers have been drawn.
    public private(set) var counter: UInt64

    /// Makes a generator that continues after `counter` numbers of a stream.
    public init(seed: UInt64, stream: UInt64 = 0, counter: UInt64 = 0) {
        self.seed = seed
        self.stream = stream
        self.counter = counter
    }

    /// The next 64 random bits.
    public mutating func next() -> UInt64 {
        counter &+= 1
        let key = Self.mix(seed &+ Self.mix(stream &+ 0x9E37_79B9_7F4A_7C15))
        return Self.mix(key &+ counter &* 0x9E37_79B9_7F4A_7C15)
    }

    /// A number drawn uniformly from [0, 1).
    public mutating func nextUniform() -> Double {
        Double(next() >> 11) * 0x1p-53
    }

    /// A number drawn from the normal distribution of mean 0 and deviation 1 (Box and Muller, 1958).
    public mutating func nextNormal() -> Double {
        let radius = (-2 * PortableMath.log(1 - nextUniform())).squareRoot()
        return radius * PortableMath.cosine(turns: nextUniform())
    }

    /// An index drawn with probabilities in proportion to non-negative weights, not all zero.
    public mutating func nextIndex(weights: [Double]) -> Int {
        var left = nextUniform() * weights.reduce(0, +)
        for (index, weight) in weights.enumerated() where weight > 0 {
            left -= weight
            if left < 0 { return index }
        }
        return weights.lastIndex { $0 > 0 } ?? 0
    }

    private static func mix(_ value: UInt64) -> UInt64 {
        var mixed = value
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
