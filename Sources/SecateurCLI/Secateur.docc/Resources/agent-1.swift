import Environments
import HDF5
import Tensors

/// Changes a few layers of the best policy so far, and keeps what is better.
public struct HillClimbing: Agent {
    /// What users call it.
    public static let name = AgentKind.climbing.rawValue
    /// How many layers a step changes.
    private static let changes = 3

    /// Does not estimate rewards.
    public let baseline = Double.nan
    /// Always.
    public var wantsMore: Bool { true }

    private let costs: LevelCosts
    private var random: CounterBasedRandom
    private var best: [Int]
    private var bestReward = -Double.infinity
    private var plan: [Int]

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64) {
        self.costs = costs
        random = CounterBasedRandom(seed: seed)
        let allocation = AdditiveAllocation(costs: costs, target: target)
        best = allocation.optimum(loss: costs.sensitivity) ?? allocation.fastest
        plan = best
    }
}
