/// Exponential moving averages of rewards and of their squared deviation.
///
/// The first rewards weigh alike: the n-th moves the averages by max(1/n, 1 − decay).
struct RunningReward: Sendable, Equatable, Codable {
    /// b; NaN before the first reward.
    private(set) var mean = Double.nan
    private var variance = 0.0
    private var count = 0
    private let decay: Double

    init(decay: Double) {
        self.decay = decay
    }

    /// σ; 0 before the second reward.
    var deviation: Double { variance.squareRoot() }

    /// (r − b) / σ; 0 while σ is.
    func standardised(_ reward: Double) -> Double {
        deviation > 0 ? (reward - mean) / deviation : 0
    }

    /// Takes a reward into the averages.
    mutating func add(_ reward: Double) {
        count += 1
        guard count > 1 else {
            mean = reward
            return
        }
        let rate = max(1 / Double(count), 1 - decay)
        let difference = reward - mean
        mean += rate * difference
        variance = (1 - rate) * (variance + rate * difference * difference)
    }
}
