import Levels

/// What the agent sees before it chooses the level of one layer.
public struct Observation: Sendable, Equatable {
    /// Which layer is to be decided, from 0.
    public let layer: Int
    /// Milliseconds left for this layer and those after it.
    public let remainingLatencyMs: Double
    /// Bytes left for this layer and those after it; nil when size is not limited.
    public let remainingSizeBytes: Int?
    /// The target of this episode.
    public let target: Target
    /// Actions already taken, one for each layer before this one.
    public let actions: [Int]
    /// How much of the budget was spent when the episode began, from 0 to 1; of a station's share in a search
    /// over a range of targets.
    public var progress: Double
    /// Which levels can still meet the target.
    public let mask: [Bool]
    /// All of it as numbers of about unit size, for agents that learn functions of the state: the layer's
    /// position, shape and FLOPs share, what is spent, what is left, the target, then the layer's latency
    /// and what it is expected to lose at each level.
    public let features: [Float]

    /// How many numbers ``features`` has for a number of levels.
    public static func featureCount(levels: Int) -> Int { PruningEnvironment.stateFeatures + 2 * levels }

    /// Puts an observation together.
    public init(
        layer: Int, remainingLatencyMs: Double, remainingSizeBytes: Int?, target: Target, actions: [Int],
        progress: Double, mask: [Bool], features: [Float]
    ) {
        self.layer = layer
        self.remainingLatencyMs = remainingLatencyMs
        self.remainingSizeBytes = remainingSizeBytes
        self.target = target
        self.actions = actions
        self.progress = progress
        self.mask = mask
        self.features = features
    }
}

/// The parts of a reward, kept apart in the trace.
public struct RewardTerms: Sendable, Equatable, Codable {
    /// Quality on the reward data, as a fraction of the dense model's.
    public let quality: Double
    /// Predicted end-to-end latency, in milliseconds.
    public let latencyMs: Double
    /// Size, in bytes.
    public let sizeBytes: Int
    /// The sum that the agent maximizes.
    public let reward: Double

    /// Puts terms together.
    public init(quality: Double, latencyMs: Double, sizeBytes: Int, reward: Double) {
        self.quality = quality
        self.latencyMs = latencyMs
        self.sizeBytes = sizeBytes
        self.reward = reward
    }

    /// Works out the terms of a policy whose quality is known.
    public init(_ quality: Double, of actions: [Int], costs: LevelCosts, weights: RewardWeights) {
        let latency = costs.latencyMs(of: actions)
        let size = costs.sizeBytes(of: actions)
        self.init(
            quality: quality, latencyMs: latency, sizeBytes: size,
            reward: weights.quality * quality
                + weights.latency * (1 - latency / costs.denseLatencyMs)
                + weights.size * (1 - Double(size) / Double(max(costs.denseSizeBytes, 1))))
    }
}

/// What a step gives.
public enum StepResult: Sendable, Equatable {
    /// The next layer is to be decided.
    case next(Observation)
    /// The last layer was decided and the policy was evaluated.
    case terminated(RewardTerms)
}

/// A Gymnasium-like environment whose episode chooses a level for every layer, in order.
///
/// Two things conform: ``PruningEnvironment``, and the small control problems of the tests.
public protocol Environment: AnyObject {
    /// What is known beforehand.
    var costs: LevelCosts { get }
    /// How many more policies may be evaluated.
    var evaluationsLeft: Int { get }
    /// Tokens that models were run on so far, a backward pass counting twice.
    var tokenPasses: Int { get }
    /// Starts an episode.
    /// - Throws: `Issue` when no policy can meet the target.
    func reset(target: Target) throws -> Observation
    /// Decides the level of the present layer.
    /// - Throws: `Issue` when the action is masked, no episode runs, or the budget is spent.
    func step(_ action: Int) throws -> StepResult
    /// What a switch of each level would do at a policy; nil where that cannot be told. Costs token-passes.
    func effects(of actions: [Int]) throws -> LevelEffects?
    /// Scores of policies on a random part of the reward data, the same for all of them, of which only the
    /// order means something; nil where that cannot be told. Costs token-passes.
    func screen(_ policies: [[Int]], share: Double) throws -> [Double]?
}

extension Environment {
    public func effects(of actions: [Int]) throws -> LevelEffects? { nil }
    public func screen(_ policies: [[Int]], share: Double) throws -> [Double]? { nil }
}
