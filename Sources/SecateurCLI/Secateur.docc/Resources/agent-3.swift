import Environments
import Levels
import Tensors

/// Changes a few layers of the best policy so far, and keeps what is better.
public struct HillClimbing: Agent {
    public static let name = "climbing"

    /// What can be tuned.
    public struct Settings: AgentSettings {
        var changes = 3

        public static let options: [AgentOption<Settings>] = [
            .count("changes", \.changes, 1...1_000, "How many layers a step changes.")
        ]

        public init() {}
    }

    /// Does not estimate rewards.
    public let baseline = Double.nan
    public var wantsMore: Bool { true }

    private let settings: Settings
    private let costs: LevelCosts
    private var random: CounterBasedRandom
    private var best: [Int]
    private var bestReward = -Double.infinity
    private var plan: [Int]

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
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
        let layers = Set(changed.indices.shuffled(using: &random).prefix(settings.changes))
        for layer in layers.sorted() {
            changed[layer] = Int.random(in: costs.levels.indices, using: &random)
        }
        guard let fitting = allocation.repaired(changed, loss: costs.sensitivity, frozen: layers) else {
            return best
        }
        return allocation.filledUp(fitting, loss: costs.sensitivity, frozen: layers)
    }
}
