import Environments
import Levels
import Tensors

/// REINFORCE with a running baseline (Williams, Machine Learning 1992, equation 4 and section 4), over a
/// table.
///
/// The policy is π(a | s) ∝ exp(θ_l(a) + log π₀(a | s)) over the levels that are not masked, with θ = 0 at
/// first and π₀ the ``PricedPrior``. After each episode, at every layer,
///
///     θ_l ← θ_l + α · ((r − b) / σ · (e_a − π) + β · ∇H(π))
///
/// where b and σ are moving averages of rewards and of their deviation, e_a is one at the level that was
/// chosen, and H is the entropy (Williams and Peng, Connection Science 1991).
public struct Reinforce: Agent {
    public static let name = "reinforce"

    /// What can be tuned.
    public struct Settings: AgentSettings {
        /// α.
        var stepSize = 0.08
        /// β at the first episode; falls linearly to 0 at the last.
        var entropyBonus = 0.03
        /// How much of b and σ² an episode leaves as it was.
        var baselineDecay = 0.9
        /// Advantages beyond this many deviations count as this many.
        var largestAdvantage = 3.0
        /// τ of the prior, in units of the mean loss of a layer.
        var priorTemperature = 0.5

        public static let options: [AgentOption<Settings>] = [
            .number("stepSize", \.stepSize, 0...10, "α: how far an episode moves preferences."),
            .number("entropyBonus", \.entropyBonus, 0...10, "β at the first episode; 0 at the last."),
            .number(
                "baselineDecay", \.baselineDecay, 0...1,
                "How much of the baseline an episode leaves as it was."),
            .number(
                "largestAdvantage", \.largestAdvantage, 0.001...1_000,
                "Advantages beyond this many deviations count as this many."),
            .number(
                "priorTemperature", \.priorTemperature, 0.001...1_000,
                "Temperature of the prior, in units of the mean loss of a layer."),
        ]

        public init() {}
    }

    /// b when the episode began.
    public private(set) var baseline = Double.nan
    /// What the last episode taught.
    public private(set) var learning = LearningRecord()
    public var wantsMore: Bool { true }

    private let settings: Settings
    private let costs: LevelCosts
    private let budget: Int
    private let prior: PricedPrior
    private var random: CounterBasedRandom
    /// θ, [layer][level].
    private var preference: [[Double]]
    private var rewards: RunningReward
    private var episodes = 0
    /// π at every layer of the present episode.
    private var visited: [[Double]] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
        self.costs = costs
        self.budget = budget
        prior = PricedPrior(
            costs: costs, target: target, relativeTemperature: settings.priorTemperature)
        random = CounterBasedRandom(seed: seed)
        preference = costs.latencyMs.map { $0.map { _ in 0 } }
        rewards = RunningReward(decay: settings.baselineDecay)
        learning.price = prior.initialPrice(target: target)
    }

    /// Draws the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 {
            visited = []
            baseline = rewards.mean
        }
        let logits = zip(preference[observation.layer], prior.logits(observation)).map { $0 + $1 }
        let policy = softmaxed(logits, mask: observation.mask)
        visited.append(policy)
        return random.nextIndex(weights: policy)
    }

    /// Takes a step along the gradient.
    public mutating func finish(_ episode: Episode) {
        let reward = episode.terms.reward
        let limit = settings.largestAdvantage
        let advantage = min(limit, max(-limit, rewards.standardised(reward)))
        let bonus =
            settings.entropyBonus * max(0, 1 - Double(episodes) / Double(max(1, budget)))
        var (squares, entropies, surprise) = (0.0, 0.0, 0.0)
        for (layer, (action, policy)) in zip(episode.actions, visited).enumerated() {
            let spread = entropy(policy)
            entropies += spread
            surprise -= PortableMath.log(policy[action])
            for level in policy.indices where policy[level] > 0 {
                let probability = policy[level]
                // ∂H/∂θ(a) = −π(a) (log π(a) + H).
                let slope =
                    advantage * ((level == action ? 1 : 0) - probability)
                    - bonus * probability * (PortableMath.log(probability) + spread)
                preference[layer][level] += settings.stepSize * slope
                squares += slope * slope
            }
        }
        let layers = Double(max(1, episode.actions.count))
        learning.loss = (advantage * surprise - bonus * entropies) / layers
        learning.entropy = entropies / layers
        learning.gradientNorm = squares.squareRoot()
        learning.criticError = reward - baseline
        rewards.add(reward)
        episodes += 1
        visited = []
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let episodes: Int
        let rewards: RunningReward
        let preference: [[Double]]
    }

    /// θ, and how far the search is.
    public var state: State {
        State(random: random, episodes: episodes, rewards: rewards, preference: preference)
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        try costs.requireTable(state.preference, "preference")
        (random, episodes) = (state.random, state.episodes)
        (rewards, preference) = (state.rewards, state.preference)
    }
}
