import Environments
import Levels
import Tensors

/// Dynamic programming with searched coefficients (Frantar and Alistarh, "SPDY", ICML 2022).
///
/// A layer's loss at a level is c_l · e_l(a), with the coefficient c_l in [0, 1] and e the quadratic prior:
/// the square of the level's rank among the layer's levels, by sparsity, over the number of levels (section
/// 3.2); here by output error where patterns mix, which ranks alike within one. The best policy for given
/// coefficients is found by dynamic programming over latency; coefficients are searched by evaluating it.
/// First come random ones, then local search that draws a tenth of the best ones again, and fewer of them
/// each time nothing was found (section 3.3: 100 random of 1000 to 2000 evaluations in all; here a tenth of
/// the budget, at least ten).
public struct SPDY: Agent {
    public static let name = "spdy"
    public static let usesSensitivities = false
    public static let choosesStructure = true

    /// What can be tuned; the defaults are the paper's.
    public struct Settings: AgentSettings {
        var redrawn = 0.1
        var patience = 20

        public static let options: [AgentOption<Settings>] = [
            .number("redrawn", \.redrawn, 0...1, "Part of the coefficients that is drawn again at first."),
            .count(
                "patience", \.patience, 1...1_000_000,
                "Draws in a row without success after which one coefficient fewer is drawn."),
        ]

        public init() {}
    }

    /// The best reward so far.
    public var baseline: Double { bestReward ?? .nan }
    public var wantsMore: Bool { true }

    private let settings: Settings
    private let costs: LevelCosts
    private let prior: [[Double]]
    private let randomDraws: Int
    private var random: CounterBasedRandom
    private var coefficients: [Double] = []
    private var best: [Double] = []
    private var bestReward: Double?
    private var episodes = 0
    private var width: Int
    private var failures = 0
    private var plan: [Int] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
        self.costs = costs
        prior = costs.outputError.map(Self.prior)
        randomDraws = max(10, budget / 10)
        width = max(1, Int((settings.redrawn * Double(costs.layers.count)).rounded()))
        random = CounterBasedRandom(seed: seed)
    }

    /// ((rank of the level) / (levels − 1))², dense having rank 0.
    static func prior(_ errors: [Double]) -> [Double] {
        errors.map { error in
            let rank = errors.count { $0 < error }
            let share = Double(rank) / Double(max(1, errors.count - 1))
            return share * share
        }
    }

    /// The optimal policy for coefficients.
    static func policy(
        _ coefficients: [Double], prior: [[Double]], _ allocation: AdditiveAllocation
    ) -> [Int]? {
        allocation.optimum(loss: zip(coefficients, prior).map { scale, row in row.map { scale * $0 } })
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            let allocation = AdditiveAllocation(costs: costs, target: observation.target)
            draw()
            plan = Self.policy(coefficients, prior: prior, allocation) ?? allocation.fastest
        }
        return observation.action(following: plan, score: costs.outputError)
    }

    private mutating func draw() {
        if episodes < randomDraws || best.isEmpty {
            coefficients = costs.layers.map { _ in random.nextUniform() }
            return
        }
        coefficients = best
        for layer in coefficients.indices.shuffled(using: &random).prefix(width) {
            coefficients[layer] = random.nextUniform()
        }
    }

    /// Keeps the better coefficients.
    public mutating func finish(_ episode: Episode) {
        episodes += 1
        if episode.terms.reward > bestReward ?? -.infinity {
            (best, bestReward, failures) = (coefficients, episode.terms.reward, 0)
        } else if episodes > randomDraws {
            failures += 1
            if failures >= settings.patience { (width, failures) = (max(1, width - 1), 0) }
        }
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let episodes: Int
        let width: Int
        let failures: Int
        let bestReward: Double?
        let best: [Double]
    }

    /// The best coefficients, and how far the search is.
    public var state: State {
        State(
            random: random, episodes: episodes, width: width, failures: failures, bestReward: bestReward,
            best: best)
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        try requireState(
            state.best.isEmpty || state.best.count == costs.layers.count,
            "found \(state.best.count) coefficients, allowed \(costs.layers.count)")
        try requireState(
            state.width >= 0 && state.episodes >= 0,
            "found \(state.width) coefficients to draw in episode \(state.episodes)")
        (random, episodes, width) = (state.random, state.episodes, state.width)
        (failures, bestReward, best) = (state.failures, state.bestReward, state.best)
    }
}
