import Pruning
import SparseKernels

/// What a search is asked for.
public struct SearchTarget: Sendable, Equatable, Codable {
    /// End-to-end latency of one sequence, in milliseconds, at most.
    public let latencyMs: Double
    /// Size of the pruned layers and the rest, in bytes, at most; nil for no limit.
    public let sizeBytes: Int?

    /// Sets a target.
    public init(latencyMs: Double, sizeBytes: Int? = nil) {
        self.latencyMs = latencyMs
        self.sizeBytes = sizeBytes
    }
}

/// What is known of every layer and level before anything is evaluated; all tables are [layer][level].
public struct LevelCosts: Sendable, Equatable, Codable {
    /// Layer names, in the order of computation.
    public let layers: [String]
    /// The levels to choose from; level 0 is dense.
    public let levels: [Level]
    /// Measured time of a layer at a level, in milliseconds.
    public let latencyMs: [[Double]]
    /// Time of everything that no level changes, in milliseconds.
    public let overheadMs: Double
    /// Bytes of a layer at a level.
    public let sizeBytes: [[Int]]
    /// Bytes of everything that no level changes.
    public let otherSizeBytes: Int
    /// Estimated loss of quality when this layer alone is at this level; 0 for dense.
    public let sensitivity: [[Double]]
    /// What each layer is like, for searchers that go by its shape, weights and inputs.
    public let facts: [LayerFacts]
    /// What of the budget was spent, and on what scale.
    public let accounting: Accounting

    /// The unit of a budget, and what was spent before the search began.
    public struct Accounting: Sendable, Equatable, Codable {
        /// Tokens that one evaluation of a policy runs the model on.
        public let tokensPerEvaluation: Int
        /// Token-passes that calibration took.
        public let calibrationTokens: Int
        /// Token-passes that the sensitivities took.
        public let sensitivityTokens: Int

        /// Sets the numbers; an evaluation is one token unless told otherwise.
        public init(
            tokensPerEvaluation: Int = 1, calibrationTokens: Int = 0, sensitivityTokens: Int = 0
        ) {
            self.tokensPerEvaluation = tokensPerEvaluation
            self.calibrationTokens = calibrationTokens
            self.sensitivityTokens = sensitivityTokens
        }

        /// Whether the numbers are such as counting gives; their sum is then in range too.
        var isPlausible: Bool {
            (1...1 << 40).contains(tokensPerEvaluation)
                && [calibrationTokens, sensitivityTokens].allSatisfy((0...1 << 50).contains)
        }

        /// Token-passes spent before the first policy.
        public var preparationTokens: Int { calibrationTokens + sensitivityTokens }
    }

    /// Takes the tables, which must be [layers × levels].
    public init(
        layers: [String], levels: [Level], latencyMs: [[Double]], overheadMs: Double, sizeBytes: [[Int]],
        otherSizeBytes: Int, sensitivity: [[Double]], facts: [LayerFacts]? = nil,
        accounting: Accounting = Accounting()
    ) {
        precondition(latencyMs.count == layers.count && sizeBytes.count == layers.count)
        precondition(sensitivity.count == layers.count)
        precondition((latencyMs.map(\.count) + sizeBytes.map(\.count)).allSatisfy { $0 == levels.count })
        precondition(sensitivity.allSatisfy { $0.count == levels.count })
        self.layers = layers
        self.levels = levels
        self.latencyMs = latencyMs
        self.overheadMs = overheadMs
        self.sizeBytes = sizeBytes
        self.otherSizeBytes = otherSizeBytes
        self.sensitivity = sensitivity
        self.facts = facts ?? layers.map { _ in LayerFacts.unknown }
        self.accounting = accounting
        precondition(self.facts.count == layers.count)
    }

    /// Reads what `encode(to:)` wrote.
    /// - Throws: `DecodingError` for tables that are not [layers × levels], or hold what no measurement gives.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        layers = try values.decode([String].self, forKey: .layers)
        levels = try values.decode([Level].self, forKey: .levels)
        latencyMs = try values.decode([[Double]].self, forKey: .latencyMs)
        overheadMs = try values.decode(Double.self, forKey: .overheadMs)
        sizeBytes = try values.decode([[Int]].self, forKey: .sizeBytes)
        otherSizeBytes = try values.decode(Int.self, forKey: .otherSizeBytes)
        sensitivity = try values.decode([[Double]].self, forKey: .sensitivity)
        facts = try values.decode([LayerFacts].self, forKey: .facts)
        accounting = try values.decode(Accounting.self, forKey: .accounting)
        let (layerCount, levelCount) = (layers.count, levels.count)
        func isTable<Value>(_ table: [[Value]]) -> Bool {
            table.count == layerCount && table.allSatisfy { $0.count == levelCount }
        }
        // A millisecond-table entry beyond an hour, or a layer beyond a terabyte, is no measurement.
        let sizes = sizeBytes.joined() + [otherSizeBytes]
        guard isTable(latencyMs), isTable(sizeBytes), isTable(sensitivity), facts.count == layerCount,
            levels.first == .dense, accounting.isPlausible,
            sizes.allSatisfy((0...1 << 40).contains),
            (latencyMs.joined() + [overheadMs]).allSatisfy({ abs($0) < 4e6 }), denseLatencyMs > 0
        else {
            throw DecodingError.dataCorrupted(
                .init(
                    codingPath: [],
                    debugDescription:
                        "found tables that are not those of \(layerCount) layers and \(levelCount) levels"
                ))
        }
    }

    /// Predicted end-to-end latency of a policy (a level index for every layer), in milliseconds.
    public func latencyMs(of actions: [Int]) -> Double {
        zip(latencyMs, actions).reduce(overheadMs) { $0 + $1.0[$1.1] }
    }

    /// Size of a policy, in bytes.
    public func sizeBytes(of actions: [Int]) -> Int {
        zip(sizeBytes, actions).reduce(otherSizeBytes) { $0 + $1.0[$1.1] }
    }

    /// Whether a policy meets a target; a sum in another order may differ in its last bits.
    public func meet(_ target: SearchTarget, with actions: [Int]) -> Bool {
        latencyMs(of: actions) <= target.latencyMs * (1 + 1e-9)
            && (target.sizeBytes.map { sizeBytes(of: actions) <= $0 } ?? true)
    }

    /// Predicted latency of the dense model, in milliseconds.
    public var denseLatencyMs: Double {
        latencyMs(of: [Int](repeating: 0, count: layers.count))
    }

    /// The least latency that any policy has, in milliseconds.
    public var leastLatencyMs: Double {
        latencyMs.reduce(overheadMs) { $0 + ($1.min() ?? 0) }
    }

    /// The least size that any policy has, in bytes.
    public var leastSizeBytes: Int {
        sizeBytes.reduce(otherSizeBytes) { $0 + ($1.min() ?? 0) }
    }
}

/// What the agent sees before it chooses the level of one layer.
public struct Observation: Sendable, Equatable {
    /// Which layer is to be decided, from 0.
    public let layer: Int
    /// Milliseconds left for this layer and those after it.
    public let remainingLatencyMs: Double
    /// Bytes left for this layer and those after it; nil when size is not limited.
    public let remainingSizeBytes: Int?
    /// The target of this episode.
    public let target: SearchTarget
    /// Actions already taken, one for each layer before this one.
    public let actions: [Int]
    /// How much of the budget was spent when the episode began, from 0 to 1; of a station's share in a search over a
    /// range of targets.
    public var progress: Double
    /// Which levels can still meet the target.
    public let mask: [Bool]
    /// All of it as numbers of about unit size, for agents that learn functions of the state: the layer's
    /// position, shape and FLOPs share, what is spent, what is left, the target, then the layer's latency
    /// and its sensitivity at each level.
    public let features: [Float]
}

/// The parts of a reward, kept apart in the trace.
public struct RewardTerms: Sendable, Equatable, Codable {
    /// Quality on the reward data, as a fraction of the dense model's.
    public let quality: Double
    /// Predicted end-to-end latency, in milliseconds.
    public let latencyMs: Double
    /// Size, in bytes.
    public let sizeBytes: Int
    /// The sum that the agent maximises.
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
        let denseSize = costs.sizeBytes(of: [Int](repeating: 0, count: actions.count))
        self.init(
            quality: quality, latencyMs: latency, sizeBytes: size,
            reward: weights.quality * quality
                + weights.latency * (1 - latency / costs.denseLatencyMs)
                + weights.size * (1 - Double(size) / Double(max(denseSize, 1))))
    }
}

/// What a switch of one layer to another level would do to the loss of quality, as far as gradients tell;
/// [layer][level], 0 for the present level.
public struct LevelEffects: Sendable, Equatable {
    /// ⟨∂loss/∂W, W(a) − W(now)⟩.
    public let slope: [[Double]]
    /// ½ Δᵀ·H·Δ with Δ = W(a) − W(now) and H the curvature of the loss at the dense weights; never negative.
    public let curvature: [[Double]]

    /// Takes the tables.
    public init(slope: [[Double]], curvature: [[Double]]) {
        self.slope = slope
        self.curvature = curvature
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
    /// - Throws: ``EnvironmentError`` when no policy can meet the target.
    func reset(target: SearchTarget) throws -> Observation
    /// Decides the level of the present layer.
    /// - Throws: ``EnvironmentError`` when the action is masked, no episode runs, or the budget is spent.
    func step(_ action: Int) throws -> StepResult
    /// What a switch of each level would do at a policy; nil where that cannot be told. Costs token-passes.
    func effects(of actions: [Int]) throws -> LevelEffects?
    /// Scores of policies on a random part of the reward data, the same for all of them, of which only the order means
    /// something; nil where that cannot be told. Costs token-passes.
    func screen(_ policies: [[Int]], share: Double) throws -> [Double]?
}

extension Environment {
    /// Cannot tell.
    public func effects(of actions: [Int]) throws -> LevelEffects? { nil }
    /// Cannot tell.
    public func screen(_ policies: [[Int]], share: Double) throws -> [Double]? { nil }
}

/// A request that an environment refuses.
public enum EnvironmentError: Error, Equatable, CustomStringConvertible {
    /// No policy is as fast, or as small, as the target asks.
    case impossibleTarget(String)
    /// The action is out of range or masked.
    case invalidAction(layer: String, action: Int, allowed: [Int])
    /// `step` without an episode that runs.
    case noEpisode
    /// The evaluation budget is spent.
    case budgetSpent(Int)

    /// One line for people.
    public var description: String {
        switch self {
        case .impossibleTarget(let message): message
        case .invalidAction(let layer, let action, let allowed):
            "layer '\(layer)': found action \(action), allowed \(allowed)"
        case .noEpisode: "step was called without an episode: call reset first"
        case .budgetSpent(let budget): "the budget of \(budget) evaluations is spent"
        }
    }
}
