import Environments
import HDF5
import Levels
import Tensors

/// The default: natural policy gradient on a model of the environment, then with a compatible critic.
///
/// The policy is a ``BudgetedSoftmax`` over preferences θ_l(a), which start as minus the sensitivities; its mode is
/// the allocation that is best if losses add up.
///
/// 1. *By a model.* Where the environment can tell the effects of all switches at a policy, by a backward pass, the
///    loss of a switch is Q_l(a) = slope_l(a) + κ·curvature_l(a), κ being a trust region as in
///    Levenberg-Marquardt's method. θ ← −Q is a natural policy-gradient step (Kakade, NeurIPS 2001), and the next
///    episode takes the policy's mode. When that is better, effects are asked for there and κ falls; when it is
///    not, κ rises and the step is taken again from the same place.
/// 2. *By episodes.* When such steps gain no more, a ``Critic`` is fitted to all episodes, with the model as
///    prior; its weights are the natural gradient (Peters and Schaal, Neurocomputing 2008), so
///    θ ← θ + α (θ_critic − θ). Episodes are the mode, are drawn from the policy, or from the neighbourhood of the
///    best policies so far (self-imitation: Oh et al., ICML 2018). Effects are asked for anew at a better
///    policy once in a while.
///
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
        /// How far steps by the model go.
        var trust = SwitchModel.Trust()
    }

    /// What the policy was expected to give when the episode began, by the critic.
    public private(set) var baseline = Double.nan
    /// Always: the policy never runs out of proposals.
    public var wantsMore: Bool { true }
    /// What the last episode taught it.
    public private(set) var learning = LearningRecord()
    /// At a policy better than all before, while steps by the model gain, and once in a while after that.
    public private(set) var wantsEffects = false

    private let parameters = HyperParameters()
    private let costs: LevelCosts
    /// What the present episode aims at, or the last one did.
    private var target: Target
    private var random: CounterBasedRandom
    /// θ, [layer][level].
    private var preference: [[Double]]
    /// What each level is thought to lose before episodes are looked at, [layer][level].
    private var expected: [[Double]]
    /// The constant of the value estimate: reward ≈ offset + Σ θ.
    private var offset = Double.nan
    private var episodes: [[Int]] = []
    private var rewards: [Double] = []
    private var evaluated: Set<[Int]> = []
    private var plan: [Int] = []
    private var model = SwitchModel()
    private var progress = 0.0

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64) {
        self.costs = costs
        self.target = target
        random = CounterBasedRandom(seed: seed)
        expected = costs.sensitivity
        preference = costs.sensitivity.map { $0.map { -$0 } }
    }

    // MARK: The loop

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            progress = observation.progress
            if observation.target != target { aim(at: observation.target) }
            plan = propose(for: AdditiveAllocation(costs: costs, target: observation.target))
        }
        return observation.action(following: plan, score: preference)
    }

    /// Learns from an episode.
    public mutating func finish(_ episode: Episode) {
        let reward = episode.terms.reward
        let isBest = reward > ranked.first.map { rewards[$0] } ?? -.infinity
        let predicted = offset + total(episode.actions)
        let before = preference
        episodes.append(episode.actions)
        rewards.append(reward)
        evaluated.insert(episode.actions)
        model.judge(reward, isBest: isBest, parameters.trust)
        if model.leads { followModel() } else { followCritic() }
        wantsEffects = model.isWanted(isBest: isBest, episode: episodes.count, parameters.trust)
        learning.criticError = reward - predicted
        learning.gradientNorm = zip(before.joined(), preference.joined())
            .reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
    }

    /// Takes a step by the model, or renews the critic's prior.
    public mutating func learn(from effects: LevelEffects?) {
        wantsEffects = false
        guard let effects, let at = episodes.last, let reward = rewards.last else {
            model.giveUp()
            return followCritic()
        }
        model.take(effects, at: at, reward: reward, episode: episodes.count)
        expected = model.losses(in: costs.levels).map { $0.map { max(0, $0) } }
        if model.leads { followModel() } else { followCritic() }
    }

    /// Goes on to another target: steps by the model start again, from what it knows.
    private mutating func aim(at target: Target) {
        self.target = target
        model.restart()
        if model.leads { followModel() }
    }

    /// Numbers of the episodes that meet the target, the best first.
    private var ranked: [Int] {
        rewards.indices.filter { costs.meet(target, with: episodes[$0]) }
            .sorted { (rewards[$0], $1) > (rewards[$1], $0) }
    }

    /// θ ← −Q.
    private mutating func followModel() {
        guard model.isInformed else { return }
        preference = model.losses(in: costs.levels).map { $0.map { -$0 } }
        offset = model.reward - total(model.at)
    }

    /// θ ← θ + α (θ_critic − θ).
    private mutating func followCritic() {
        let critic = Critic(
            costs: costs, expected: expected, prior: parameters.prior, actions: episodes, rewards: rewards)
        for (layer, losses) in critic.loss.enumerated() {
            for (level, loss) in losses.enumerated() {
                preference[layer][level] += parameters.stepSize * (-loss - preference[layer][level])
            }
        }
        learning.loss = critic.unexplained
        let unexplained = zip(episodes, rewards).map { $1 - total($0) }
        offset = unexplained.reduce(0, +) / Double(unexplained.count)
    }

    // MARK: Proposals

    /// Chooses the policy that the next episode follows.
    private mutating func propose(for allocation: AdditiveAllocation) -> [Int] {
        let softmax = BudgetedSoftmax(
            allocation: allocation, preference: preference, temperature: temperature(allocation))
        let prices = softmax.prices(from: 0, remaining: softmax.whole)
        baseline = offset + softmax.expected(preference, from: 0, prices: prices)
        learning.price = prices.latency
        learning.entropy = softmax.meanEntropy(prices: prices)
        if let step = stepByModel(allocation) { return step }
        let loss = preference.map { $0.map { -$0 } }
        var proposal = allocation.fastest
        if episodes.count % 4 == 0 || ranked.isEmpty, let mode = allocation.optimum(loss: loss) {
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

    /// The mode of the policy that the model makes; κ rises until it is one that was not evaluated.
    private mutating func stepByModel(_ allocation: AdditiveAllocation) -> [Int]? {
        while model.leads {
            guard let mode = allocation.optimum(loss: preference.map { $0.map { -$0 } }) else { return nil }
            if !evaluated.contains(mode) {
                model.expectedGain = offset + total(mode) - model.reward
                return mode
            }
            model.tighten(parameters.trust)
            followModel()
        }
        return nil
    }

    /// One of the best policies with a few layers decided anew, mended to the target by what the critic says
    /// is cheapest, and what is left over spent.
    private mutating func neighbour(
        _ softmax: BudgetedSoftmax, prices: BudgetedSoftmax.Prices, loss: [[Double]], widening: Int
    ) -> [Int] {
        let best = ranked
        // Rank r is imitated half as often as rank r − 1.
        let weights = (0..<min(parameters.imitated, best.count)).map { PortableMath.pow(0.5, Double($0)) }
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

    /// τ in units of reward.
    private func temperature(_ allocation: AdditiveAllocation) -> Double {
        let best = ranked.first.map { episodes[$0] } ?? allocation.fastest
        let meanLoss = -total(best) / Double(best.count)
        let largest = preference.joined().reduce(0) { max($0, abs($1)) }
        let unit = max(meanLoss, 1e-3 * largest, .leastNormalMagnitude * 1e6)
        let ratio = parameters.finalTemperature / parameters.initialTemperature
        return unit * parameters.initialTemperature * PortableMath.pow(ratio, progress)
    }

    /// Σ_l θ_l(a_l).
    private func total(_ actions: [Int]) -> Double {
        zip(preference, actions).reduce(0) { $0 + $1.0[$1.1] }
    }

    // MARK: Other targets

    /// How much slower than a target a policy may be that is mended to it, as a ratio.
    private static let mostMended = 1.5

    /// The mode of the policy; the best episodes that meet the target, with what is left spent; and the best of those
    /// a little slower, mended.
    public func policies(for target: Target) -> [[Int]] {
        let allocation = AdditiveAllocation(costs: costs, target: target)
        let loss = preference.map { $0.map { -$0 } }
        let order = rewards.indices.sorted { (rewards[$0], $1) > (rewards[$1], $0) }
        let meeting = order.filter { costs.meet(target, with: episodes[$0]) }
        let slower = order.filter {
            !meeting.contains($0) && costs.latencyMs(of: episodes[$0]) <= target.latencyMs * Self.mostMended
        }
        let mended = slower.prefix(parameters.imitated).compactMap {
            allocation.repaired(episodes[$0], loss: loss)
        }
        let proposals =
            [allocation.optimum(loss: loss)].compactMap { $0 }
            + (meeting.prefix(parameters.imitated).map { episodes[$0] } + mended)
            .map { allocation.filledUp($0, loss: loss) }
        var seen: Set<[Int]> = []
        return proposals.filter { seen.insert($0).inserted }
    }

    // MARK: State

    /// Writes everything that restoring needs.
    public func save(to group: HDF5Group) throws {
        try group.write(random)
        try group.setAttribute("offset", offset)
        try group.setAttribute("targetLatencyMs", target.latencyMs)
        try group.write("preference", table: preference)
        try group.write("expected", table: expected)
        try group.write(
            "episodes", episodes.joined().map(Int32.init), shape: [episodes.count, costs.layers.count])
        try group.write("rewards", rewards)
        try model.save(to: try group.createGroup("model"))
    }

    /// Continues with a saved state.
    public init(restoring group: HDF5Group, costs: LevelCosts, target: Target, budget: Int) throws {
        self.init(costs: costs, target: target, budget: budget, seed: 0)
        random = try group.readRandom()
        offset = try group.attribute("offset")
        self.target = target.with(latencyMs: try group.attribute("targetLatencyMs"))
        preference = try group.readTable("preference", of: costs)
        expected = try group.readTable("expected", of: costs)
        rewards = try group.dataset("rewards").read(as: Double.self)
        episodes = try group.readPolicies("episodes", of: costs)
        guard episodes.count == rewards.count else {
            throw SearchError.damaged(
                file: "agent", reason: "found \(episodes.count) policies and \(rewards.count) rewards")
        }
        evaluated = Set(episodes)
        model = try SwitchModel(restoring: try group.group("model"), costs: costs)
    }
}
