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
}
