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

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 { plan = neighbour(within: observation.target) }
        return observation.action(following: plan, score: costs.latencyMs)
    }

    /// The best policy with a few layers changed; the best one itself as long as nothing is known of it.
    private mutating func neighbour(within target: Target) -> [Int] {
        guard bestReward.isFinite else { return best }
        let allocation = AdditiveAllocation(costs: costs, target: target)
        var changed = best
        let layers = Set(changed.indices.shuffled(using: &random).prefix(Self.changes))
        for layer in layers.sorted() {
            changed[layer] = Int.random(in: costs.levels.indices, using: &random)
        }
        guard let fitting = allocation.repaired(changed, loss: costs.sensitivity, frozen: layers) else {
            return best
        }
        return allocation.filledUp(fitting, loss: costs.sensitivity, frozen: layers)
    }

    /// Keeps what is better.
    public mutating func finish(_ episode: Episode) {
        guard episode.terms.reward > bestReward else { return }
        (best, bestReward) = (episode.actions, episode.terms.reward)
    }

    /// Writes everything that restoring needs.
    public func save(to group: HDF5Group) throws {
        try group.write(random)
        try group.write("best", best.map(Int32.init))
        try group.setAttribute("bestReward", bestReward)
    }

    /// Continues with a saved state.
    public init(restoring group: HDF5Group, costs: LevelCosts, target: Target, budget: Int) throws {
        self.init(costs: costs, target: target, budget: budget, seed: 0)
        random = try group.readRandom()
        best = try group.dataset("best").read(as: Int32.self).map(Int.init)
        bestReward = try group.attribute("bestReward")
        guard best.count == costs.layers.count, best.allSatisfy(costs.levels.indices.contains) else {
            throw SearchError.damaged(file: "agent", reason: "its policy is none of these layers and levels")
        }
    }
}
