import Environments
import Foundation
import HDF5
import Tensors

/// Learns which level each layer takes: natural policy gradient with a compatible critic, with
/// sensitivities as prior and self-imitation.
///
/// The policy is a ``BudgetedSoftmax`` over preferences θ_l(a), which start as minus the sensitivities. After
/// each episode a ``Critic`` is fitted to all of them; its weights are the natural gradient (Kakade, NeurIPS
/// 2001; Peters and Schaal, Neurocomputing 2008), so θ ← θ + α (θ_critic − θ). The first episode takes what
/// the additive model says is best; later ones are drawn from the policy, from the neighbourhood of the best
/// policies so far (self-imitation: Oh et al., ICML 2018), or are the policy's mode.
/// No policy is proposed twice while another is found.
public struct NaturalGradient: Agent {
    /// What users call it.
    public static let name = AgentKind.natural.rawValue

    /// What can be tuned.
    struct HyperParameters: Sendable, Equatable {
        /// α: how far preferences move to the critic's weights after an episode.
        var stepSize = 0.5
        /// τ at the first episode, in units of the mean loss of a layer in the best policy.
        var initialTemperature = 1.0
        /// τ at the last episode, likewise; geometric in between.
        var finalTemperature = 0.03
        /// How many layers a local proposal decides anew, at most, at the first episode.
        var initialNeighbourhood = 6.0
        /// The same at the last episode; linear in between.
        var finalNeighbourhood = 2.0
        /// How many of the best policies are imitated.
        var imitated = 3
        /// How many draws are tried for a policy that was not evaluated yet.
        var attempts = 64
        /// The critic's prior.
        var prior = Critic.Prior(multiplierDeviation: 0.5, residualDeviation: 0.5, misfit: 0.3)
    }

    /// What the policy was expected to give when the episode began, by the critic.
    public private(set) var baseline = Double.nan
    /// Always: the policy never runs out of proposals.
    public var wantsMore: Bool { true }

    private let parameters = HyperParameters()
    private let costs: LevelCosts
    private let budget: Int
    private var random: CounterBasedRandom
    /// θ, [layer][level].
    private var preference: [[Double]]
    /// The constant of the value estimate: reward ≈ offset + Σ θ.
    private var offset = Double.nan
    private var episodes: [[Int]] = []
    private var rewards: [Double] = []
    private var evaluated: Set<[Int]> = []
    private var plan: [Int] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: SearchTarget, budget: Int, seed: UInt64) {
        self.costs = costs
        self.budget = budget
        random = CounterBasedRandom(seed: seed)
        preference = costs.sensitivity.map { $0.map { -$0 } }
    }

    // MARK: The loop

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            plan = propose(for: AdditiveAllocation(costs: costs, target: observation.target))
        }
        return observation.action(following: plan, score: preference)
    }

    /// Learns from an episode.
    public mutating func finish(_ episode: Episode) {
        episodes.append(episode.actions)
        rewards.append(episode.terms.reward)
        evaluated.insert(episode.actions)
        let critic = Critic(costs: costs, prior: parameters.prior, actions: episodes, rewards: rewards)
        for (layer, losses) in critic.loss.enumerated() {
            for (level, loss) in losses.enumerated() {
                preference[layer][level] += parameters.stepSize * (-loss - preference[layer][level])
            }
        }
        let unexplained = zip(episodes, rewards).map { $1 - total($0) }
        offset = unexplained.reduce(0, +) / Double(unexplained.count)
    }

    // MARK: Proposals

    /// Chooses the policy that the next episode follows.
    private mutating func propose(for allocation: AdditiveAllocation) -> [Int] {
        let loss = preference.map { $0.map { -$0 } }
        let softmax = BudgetedSoftmax(
            allocation: allocation, preference: preference, temperature: temperature(allocation))
        let prices = softmax.prices(from: 0, remaining: softmax.whole)
        baseline = offset + softmax.expected(preference, from: 0, prices: prices)
        var proposal = allocation.fastest
        if episodes.count % 4 == 0, let mode = allocation.optimum(loss: loss) {
            if !evaluated.contains(mode) { return mode }
            proposal = mode
        }
        for attempt in 0..<parameters.attempts {
            if episodes.count % 4 == 2, attempt < parameters.attempts / 4 {
                proposal = allocation.filledUp(softmax.sample(using: &random), loss: loss)
            } else {
                proposal = neighbour(softmax, prices: prices, loss: loss, widening: attempt / 8)
            }
            if !evaluated.contains(proposal) { break }
        }
        return proposal
    }

    /// One of the best policies with a few layers decided anew, mended to the target by what the critic says
    /// is cheapest, and what is left over spent.
    private mutating func neighbour(
        _ softmax: BudgetedSoftmax, prices: BudgetedSoftmax.Prices, loss: [[Double]], widening: Int
    ) -> [Int] {
        let best = rewards.indices.sorted { (rewards[$0], $1) > (rewards[$1], $0) }
        // Rank r is imitated half as often as rank r − 1.
        let weights = (0..<min(parameters.imitated, best.count)).map { pow(0.5, Double($0)) }
        let start =
            best.isEmpty ? softmax.allocation.fastest : episodes[best[random.nextIndex(weights: weights)]]
        let most =
            parameters.initialNeighbourhood
            + (parameters.finalNeighbourhood - parameters.initialNeighbourhood) * progress
        let count = 1 + Int.random(in: 0..<max(1, Int(most.rounded())), using: &random) + widening
        let chosen = Set(start.indices.shuffled(using: &random).prefix(count))
        var actions = start
        for layer in chosen.sorted() {
            var weights = softmax.probabilities(layer, prices: prices)
            weights[start[layer]] = 0
            // A policy that is sure of its level has nothing else to offer: then any other will do.
            if weights.allSatisfy({ $0 < 1e-12 }) { weights = weights.map { _ in 1 } }
            weights[start[layer]] = 0
            if weights.contains(where: { $0 > 0 }) { actions[layer] = random.nextIndex(weights: weights) }
        }
        let allocation = softmax.allocation
        guard
            let mended = allocation.repaired(actions, loss: loss, frozen: chosen)
                ?? allocation.repaired(actions, loss: loss)
        else { return start }
        return allocation.filledUp(mended, loss: loss, frozen: chosen)
    }

    /// How much of the budget is spent, from 0 to 1.
    private var progress: Double {
        min(1, Double(episodes.count) / Double(max(1, budget - 1)))
    }

    /// τ in units of reward.
    private func temperature(_ allocation: AdditiveAllocation) -> Double {
        let best =
            rewards.indices.max { rewards[$0] < rewards[$1] }.map { episodes[$0] } ?? allocation.fastest
        let meanLoss = -total(best) / Double(best.count)
        let largest = preference.joined().reduce(0) { max($0, abs($1)) }
        let unit = max(meanLoss, 1e-3 * largest, .leastNormalMagnitude * 1e6)
        let ratio = parameters.finalTemperature / parameters.initialTemperature
        return unit * parameters.initialTemperature * pow(ratio, progress)
    }

    /// Σ_l θ_l(a_l).
    private func total(_ actions: [Int]) -> Double {
        zip(preference, actions).reduce(0) { $0 + $1.0[$1.1] }
    }

    // MARK: State

    /// Writes everything that restoring needs.
    public func save(to group: HDF5Group) throws {
        try group.write(random)
        try group.setAttribute("offset", offset)
        try group.write(
            "preference", Array(preference.joined()), shape: [preference.count, costs.levels.count])
        try group.write(
            "episodes", episodes.joined().map(Int32.init), shape: [episodes.count, costs.layers.count])
        try group.write("rewards", rewards)
    }

    /// Continues with a saved state.
    public init(restoring group: HDF5Group, costs: LevelCosts, target: SearchTarget, budget: Int) throws {
        self.init(costs: costs, target: target, budget: budget, seed: 0)
        let (layers, levels) = (costs.layers.count, costs.levels.count)
        random = try group.readRandom()
        offset = try group.attribute("offset")
        rewards = try group.dataset("rewards").read(as: Double.self)
        let flat = try group.dataset("preference").read(as: Double.self)
        let actions = try group.dataset("episodes").read(as: Int32.self).map(Int.init)
        guard flat.count == layers * levels, actions.count == rewards.count * layers,
            actions.allSatisfy(costs.levels.indices.contains)
        else {
            throw SearchError.damaged(
                file: "agent", reason: "its parameters are not those of \(layers) layers and \(levels) levels"
            )
        }
        preference = (0..<layers).map { Array(flat[$0 * levels..<($0 + 1) * levels]) }
        episodes = rewards.indices.map { Array(actions[$0 * layers..<($0 + 1) * layers]) }
        evaluated = Set(episodes)
    }
}
