import Levels
import Tensors

extension Workload {
    /// Passes that stand for a distribution of lengths: the middles of as many equal parts of it.
    public static let standardPasses = 20

    /// Describes passes over texts of these lengths, at least one, in tokens: as many lengths as there are sequences
    /// in all passes, at equally spaced quantiles. Which ones are in a pass together is random, but always the same.
    public init(ofTexts lengths: [Int], batch: Int = 1, passes: Int = Workload.standardPasses) {
        let sorted = lengths.sorted()
        let count = passes * batch
        let quantiles = (0..<count).map { number in sorted[(2 * number + 1) * sorted.count / (2 * count)] }
        var random = CounterBasedRandom(seed: 1)
        let drawn = batch == 1 ? quantiles : quantiles.shuffled(using: &random)
        self.init(
            lengths: (0..<passes).map { pass in Array(drawn[pass * batch..<(pass + 1) * batch]) })
    }
}
