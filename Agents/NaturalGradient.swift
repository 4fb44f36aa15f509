import Environments
import Levels
import Tensors

/// The default: natural policy gradient on a model of the environment, then with a compatible critic.
///
/// The policy is a ``BudgetedSoftmax`` over preferences θ_l(a), which start as minus the sensitivities; its
/// mode is the allocation that is best if losses add up.
///
/// 1. *By a model.* Where the environment can tell the effects of all switches at a policy, by a backward
///    pass, the loss of a switch is Q_l(a) = slope_l(a) + κ·curvature_l(a), κ being a trust region as in
///    Levenberg-Marquardt's method. θ ← −Q is a natural policy-gradient step (Kakade, NeurIPS 2001), and the
///    next episode takes the policy's mode. When that is better, effects are asked for there and κ falls;
///    when it is not, κ rises and the step is taken again from the same place.
/// 2. *By episodes.* When such steps gain no more, a ``Critic`` is fitted to all episodes, with the model as
///    prior; its weights are the natural gradient (Peters and Schaal, Neurocomputing 2008), so θ ← θ + α
///    (θ_critic − θ). Episodes are the mode, are drawn from the policy, or from the neighbourhood of the best
///    policies so far (self-imitation: Oh et al., ICML 2018). Effects are asked for again at a better policy
///    once in a while.
///
/// No policy is proposed twice while another is found.
public struct NaturalGradient: Agent {
    public static let name = "natural"
    /// Yes: the policy that it has learned serves every target.
    public static let servesRanges = true
    /// Yes.
    public static let choosesStructure = true

    /// What can be tuned.
    public struct Settings: AgentSettings {
        /// α: how far preferences move to the critic's weights after an episode.
        var stepSize = 0.5
        /// τ at the first episode, in units of the mean loss of a layer in the best policy.
        var initialTemperature = 1.0
        /// τ at the last episode, likewise; geometric in between.
        var finalTemperature = 0.03
        /// How many layers a local proposal decides again, at most, at the first episode.
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

        public static let options: [AgentOption<Settings>] = [
            .number("stepSize", \.stepSize, 0...1, "α: how far preferences move to the critic's weights."),
            .number(
                "initialTemperature", \.initialTemperature, 1e-6...1e6,
                "τ at the first episode, in units of the mean loss of a layer in the best policy."),
            .number("finalTemperature", \.finalTemperature, 1e-6...1e6, "τ at the last episode, likewise."),
            .number(
                "initialNeighbourhood", \.initialNeighbourhood, 1...1e6,
                "Layers that a local proposal decides again, at most, at the first episode."),
            .number("finalNeighbourhood", \.finalNeighbourhood, 1...1e6, "The same at the last episode."),
            .count("imitated", \.imitated, 1...1_000, "How many of the best policies are imitated."),
            .count("attempts", \.attempts, 1...1_000_000, "Draws for a policy that was not evaluated yet."),
            .number(
                "multiplierDeviation", \.prior.multiplierDeviation, 1e-6...1e6,
                "The critic's prior: deviation of a multiplier around 1."),
            .number(
                "residualDeviation", \.prior.residualDeviation, 0...1e6,
                "The critic's prior: deviation of a residual, as a fraction of the mean loss of a layer."),
            .number(
                "misfit", \.prior.misfit, 0...1e6,
                "The critic's prior: what it never explains, as a fraction of the rewards' spread."),
            .number(
                "trustFactor", \.trust.factor, 1.001...1e6, "By what the trust region is widened or narrowed."
            ),
            .number(
                "foreseen", \.trust.foreseen, 0...1, "Share of the expected gain that counts as foreseen."),
            .count(
                "mostFailures", \.trust.mostFailures, 1...1_000,
                "Failed steps in a row before episodes take over."),
            .count(
                "effectsEvery", \.trust.every, 1...1_000_000,
                "Episodes after which effects are asked for again."),
        ]

        public init() {}
    }

    /// What the policy was expected to give when the episode began, by the critic.
    public private(set) var baseline = Double.nan
    /// Always: the policy never runs out of proposals.
    public var wantsMore: Bool { true }
    /// What the last episode taught it.
    public private(set) var learning = LearningRecord()
    /// At a policy better than all before, while steps by the model gain, and once in a while after that.
    public private(set) var wantsEffects = false

    private let settings: Settings
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
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
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
        model.judge(reward, isBest: isBest, settings.trust)
        if model.leads { followModel() } else { followCritic() }
        wantsEffects = model.isWanted(isBest: isBest, episode: episodes.count, settings.trust)
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

    /// Continues to another target: steps by the model start again, from what it knows.
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
            costs: costs, expected: expected, prior: settings.prior, actions: episodes, rewards: rewards)
        for (layer, losses) in critic.loss.enumerated() {
            for (level, loss) in losses.enumerated() {
                preference[layer][level] += settings.stepSize * (-loss - preference[layer][level])
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
        for attempt in 0..<settings.attempts {
            if episodes.count % 4 == 2, attempt < settings.attempts / 4 {
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
            model.tighten(settings.trust)
            followModel()
        }
        return nil
    }

    /// One of the best policies with a few layers decided again, repaired to the target by what the critic
    /// says is cheapest, and what is left over spent.
    private mutating func neighbour(
        _ softmax: BudgetedSoftmax, prices: BudgetedSoftmax.Prices, loss: [[Double]], widening: Int
    ) -> [Int] {
        let best = ranked
        // Rank r is imitated half as often as rank r − 1.
        let weights = (0..<min(settings.imitated, best.count)).map { PortableMath.pow(0.5, Double($0)) }
        let start =
            best.isEmpty ? softmax.allocation.fastest : episodes[best[random.nextIndex(weights: weights)]]
        let most =
            settings.initialNeighbourhood
            + (settings.finalNeighbourhood - settings.initialNeighbourhood) * progress
        let count = 1 + Int.random(in: 0..<max(1, Int(most.rounded())), using: &random) + widening
        let chosen = Set(start.indices.shuffled(using: &random).prefix(count))
        var (actions, frozen) = (start, chosen)
        for layer in chosen.sorted() {
            if changeStructure(around: layer, of: start, &actions, &frozen, softmax, prices) { continue }
            let own = softmax.allocation.structures[softmax.allocation.structureOfLevel[start[layer]]]
            var weights = softmax.probabilities(layer, among: own, prices: prices)
            weights[start[layer]] = 0
            // A policy that is sure of its level has nothing else to offer: then any other will do.
            if weights.allSatisfy({ $0 < 1e-12 }) { for level in own { weights[level] = 1 } }
            weights[start[layer]] = 0
            if weights.contains(where: { $0 > 0 }) { actions[layer] = random.nextIndex(weights: weights) }
        }
        let allocation = softmax.allocation
        guard
            let repaired = allocation.repaired(actions, loss: loss, frozen: frozen)
                ?? allocation.repaired(actions, loss: loss)
        else { return start }
        return allocation.filledUp(repaired, loss: loss, frozen: frozen)
    }

    /// Gives a layer's sublayer another structure, by chance, or always where it was removed: each of its layers the
    /// same level there, or one that is drawn where there is no such.
    ///
    /// - Returns: whether the layer's level is decided.
    private mutating func changeStructure(
        around layer: Int, of start: [Int], _ actions: inout [Int], _ frozen: inout Set<Int>,
        _ softmax: BudgetedSoftmax, _ prices: BudgetedSoftmax.Prices
    ) -> Bool {
        let allocation = softmax.allocation
        guard allocation.structures.count > 1,
            let group = costs.groups.first(where: { $0.contains(layer) })
        else { return false }
        func structure(_ actions: [Int]) -> Int { allocation.structureOfLevel[actions[group[0]]] }
        let own = structure(start)
        if structure(actions) != own { return true }
        var shares = softmax.structureProbabilities(group, prices: prices)
        shares[own] = 0
        let isRemoved = costs.levels[start[group[0]]].isRemoved
        guard isRemoved || random.nextUniform() < min(shares.reduce(0, +), Self.mostStructureChanges) else {
            return false
        }
        if !shares.contains(where: { $0 > 0 }) { shares = shares.indices.map { $0 == own ? 0 : 1 } }
        let chosen = random.nextIndex(weights: shares)
        if let change = allocation.change(of: group, to: chosen, in: start) {
            change.apply(to: &actions)
        } else {
            for place in group {
                actions[place] = random.nextIndex(
                    weights: softmax.probabilities(
                        place, among: allocation.structures[chosen], prices: prices))
            }
        }
        frozen.formUnion(group)
        return true
    }

    /// How often a sublayer's structure is changed, at most, when one of its layers is decided again.
    private static let mostStructureChanges = 0.5

    /// τ in units of reward.
    private func temperature(_ allocation: AdditiveAllocation) -> Double {
        let best = ranked.first.map { episodes[$0] } ?? allocation.fastest
        let meanLoss = -total(best) / Double(best.count)
        let largest = preference.joined().reduce(0) { max($0, abs($1)) }
        let unit = max(meanLoss, 1e-3 * largest, .leastNormalMagnitude * 1e6)
        let ratio = settings.finalTemperature / settings.initialTemperature
        return unit * settings.initialTemperature * PortableMath.pow(ratio, progress)
    }

    /// Σ_l θ_l(a_l).
    private func total(_ actions: [Int]) -> Double {
        zip(preference, actions).reduce(0) { $0 + $1.0[$1.1] }
    }

    // MARK: Other targets

    /// How much slower than a target a policy may be that is repaired to it, as a ratio.
    private static let mostMended = 1.5

    /// The mode of the policy; the best episodes that meet the target, with what is left spent; and the best
    /// of those a little slower, repaired.
    public func policies(for target: Target) -> [[Int]] {
        let allocation = AdditiveAllocation(costs: costs, target: target)
        let loss = preference.map { $0.map { -$0 } }
        let order = rewards.indices.sorted { (rewards[$0], $1) > (rewards[$1], $0) }
        let meeting = order.filter { costs.meet(target, with: episodes[$0]) }
        let slower = order.filter {
            !meeting.contains($0) && costs.latencyMs(of: episodes[$0]) <= target.latencyMs * Self.mostMended
        }
        let repaired = slower.prefix(settings.imitated).compactMap {
            allocation.repaired(episodes[$0], loss: loss)
        }
        let proposals =
            [allocation.optimum(loss: loss)].compactMap { $0 }
            + (meeting.prefix(settings.imitated).map { episodes[$0] } + repaired)
            .map { allocation.filledUp($0, loss: loss) }
        var seen: Set<[Int]> = []
        return proposals.filter { seen.insert($0).inserted }
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let offset: Double
        let targetLatencyMs: Double
        let preference: [[Double]]
        let expected: [[Double]]
        let episodes: [[Int]]
        let rewards: [Double]
        let model: SwitchModel
    }

    /// θ, the model, and all episodes.
    public var state: State {
        State(
            random: random, offset: offset, targetLatencyMs: target.latencyMs, preference: preference,
            expected: expected, episodes: episodes, rewards: rewards, model: model)
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        try costs.requireTable(state.preference, "preference")
        try costs.requireTable(state.expected, "expected")
        try costs.requirePolicies(state.episodes, "episodes")
        try requireState(
            state.episodes.count == state.rewards.count,
            "found \(state.episodes.count) policies and \(state.rewards.count) rewards")
        try state.model.require(fit: costs)
        (random, offset, target) = (state.random, state.offset, target.with(latencyMs: state.targetLatencyMs))
        (preference, expected, model) = (state.preference, state.expected, state.model)
        (episodes, rewards, evaluated) = (state.episodes, state.rewards, Set(state.episodes))
    }
}
