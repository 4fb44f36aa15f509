import Environments
import Levels
import Tensors

/// A price per millisecond for estimated losses, then swaps, in the manner of AutoScheme (Intel AutoRound,
/// `auto_round/auto_scheme/solver.py`, the solver `lagrangian`).
///
/// The first policy is that of ``PricedAllocation``, which follows the published code; it takes milliseconds
/// for its bits, and for its gradient-weighted errors the sensitivities that all agents have. AutoScheme is
/// done with that. What remains of the budget goes, here, to swaps that are evaluated: of the best policy so
/// far, a layer drawn at random goes a step up, and the other layer goes down that loses least by the
/// estimate; the better policy stays. A policy is evaluated once. The published code has no structures; here the
/// price also chooses one for each group.
public struct AutoScheme: Agent {
    public static let name = "autoscheme"
    public static let choosesStructure = true

    /// The best reward so far.
    public var baseline: Double { bestReward ?? .nan }
    /// Whether there is a swap that was not evaluated.
    public var wantsMore: Bool { plan != nil }

    private let costs: LevelCosts
    private let allocation: PricedAllocation
    private var random: CounterBasedRandom
    private var best: [Int] = []
    private var bestReward: Double?
    private var evaluated: Set<[Int]> = []
    /// What is evaluated next.
    private var plan: [Int]?

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: NoSettings) {
        self.costs = costs
        allocation = PricedAllocation(
            AdditiveAllocation(costs: costs, target: target), loss: costs.sensitivity)
        random = CounterBasedRandom(seed: seed)
        plan = allocation.solution()
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        observation.action(following: plan ?? best, score: costs.latencyMs)
    }

    /// Keeps the better policy, and draws the next swap.
    public mutating func finish(_ episode: Episode) {
        evaluated.formUnion([episode.actions, plan ?? best])
        if episode.terms.reward > bestReward ?? -.infinity {
            (best, bestReward) = (episode.actions, episode.terms.reward)
        }
        plan = nil
        for layer in best.indices.shuffled(using: &random) where plan == nil {
            plan = allocation.swaps(of: best, up: layer).lazy.map(allocation.spent)
                .first { !evaluated.contains($0) }
        }
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let bestReward: Double?
        let best: [Int]
        let plan: [Int]?
        let evaluated: [[Int]]
    }

    /// The best policy, the next one, and what was evaluated.
    public var state: State {
        State(
            random: random, bestReward: bestReward, best: best, plan: plan,
            evaluated: evaluated.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        try costs.requirePolicies(state.evaluated, "those that were evaluated")
        try costs.requirePolicies(state.plan.map { [$0] } ?? [], "those to be evaluated")
        if state.bestReward != nil { try costs.requirePolicies([state.best], "the best") }
        (random, bestReward, best) = (state.random, state.bestReward, state.best)
        (plan, evaluated) = (state.plan, Set(state.evaluated))
    }
}
