/// The independent sequences of random numbers that one seed has, each for one purpose.
///
/// Numbers are part of what a run is: a stream keeps its number, and a new one takes a number that is free.
/// Dropout has streams of its own, from 2³² on.
public enum RandomStream: UInt64, CaseIterable, Sendable {
    /// What agents draw, and everything that has a seed of its own.
    case main = 0
    /// The order in which a training file is cut into calibration, reward and check.
    case dataParts = 1
    /// The pairs of a study of rewards.
    case rewardStudy = 2
    /// The first weights of a classifier.
    case classifierStart = 3
    /// Random scores of heads, neurons and blocks.
    case structureScores = 4
    /// Random scores of weights that are pruned while a model is trained.
    case scheduledScores = 5
    /// Random scores of weights that are pruned at once.
    case weightScores = 6
    /// Projections that the curvature of a search is estimated from.
    case curvature = 11
    /// Sentences that the effects of switches are computed on; a member for each number of tokens that were
    /// spent.
    case effects = 12
    /// Parts of the reward data that policies are screened on.
    case screening = 13
    /// Examples that `prune` calibrates on.
    case pruningCalibration = 14
    /// Random halves of the data that a final policy is checked on; a member for each.
    case checkHalves = 100
    /// Altered copies of examples.
    case augmentation = 21
    /// The order of examples; a member for each epoch.
    case epochs = 1_000
}

extension CounterBasedRandom {
    /// Makes a generator of a named stream.
    ///
    /// - Parameter member: which one, where a stream is one of many; members follow each other.
    public init(seed: UInt64, stream: RandomStream, member: UInt64 = 0) {
        self.init(seed: seed, stream: stream.rawValue + member)
    }
}
