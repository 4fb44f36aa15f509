import Environments
import Levels
import Tensors

/// Evolutionary search over levels (Sieberling et al., "EvoPress", ICML 2025): each offspring is the parent
/// with one to three level switches, one layer made slower and another faster so that the cost stays what it
/// was, and takes the parent's place when it is no worse.
///
/// Levels of a layer are those that no other level beats in both latency and output error, in that order. A switch
/// may also move a group of layers to the next structure. The
/// number of switches is min(u, u′) with u and u′ uniform in 1 to 3, as in the public code. Selection is in
/// stages: the offspring of a generation are scored on few tokens, the best of them on more, and the best one
/// by a whole evaluation, on the same data as the parent was. The public code has 64 offspring, of which 8
/// and 2 survive, on 1/32, a quarter and all of the tokens, for 400 generations; here a generation is a
/// smaller one, that takes three evaluations, so that a hundred make more than thirty. Where the environment
/// has no parts of data, there is one offspring a generation. The first parents are those of ``Uniform``.
public struct EvoPress: Agent {
    public static let name = "evopress"
    public static let usesSensitivities = false
    public static let choosesStructure = true

    /// What can be tuned.
    public struct Settings: AgentSettings {
        var mostSwitches = 3
        var offspring = 16
        var attempts = 64

        public static let options: [AgentOption<Settings>] = [
            .count("mostSwitches", \.mostSwitches, 1...1_000, "The most switches of a mutation."),
            .count("offspring", \.offspring, 1...1_000, "Offspring of a generation."),
            .count(
                "attempts", \.attempts, 1...1_000_000,
                "Draws that are tried for an offspring that was not evaluated yet."),
        ]

        public init() {}
    }

    /// The stages before the whole evaluation: the part of the data, and how many survive.
    private static let stages = [(share: 1.0 / 16, survivors: 4), (share: 1.0 / 4, survivors: 1)]

    /// The parent's reward.
    public var baseline: Double { parentReward ?? .nan }
    public var wantsMore: Bool { true }

    private let settings: Settings
    private let costs: LevelCosts
    /// [structure][layer]
    private let ladders: [[[Int]]]
    private var random: CounterBasedRandom
    private var parent: [Int] = []
    private var parentReward: Double?
    private var evaluated: Set<[Int]> = []
    private var starts: [[Int]]
    private var plan: [Int] = []
    /// The offspring that survived so far, best first; of the present generation, as is the stage.
    private var survivors: [[Int]] = []
    private var stage = 0

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
        self.costs = costs
        ladders = costs.structures.map { levels in
            costs.layers.indices.map {
                Self.ladder(levels, latencyMs: costs.latencyMs[$0], error: costs.outputError[$0])
            }
        }
        random = CounterBasedRandom(seed: seed)
        starts = Uniform(costs: costs, target: target, budget: budget, seed: seed).list.candidates
    }

    /// The levels among some that no other of them beats in both, from slow to fast.
    static func ladder(_ levels: [Int], latencyMs: [Double], error: [Double]) -> [Int] {
        AdditiveAllocation.undominated(levels, by: [latencyMs, error]).sorted {
            latencyMs[$0] > latencyMs[$1]
        }
    }

    /// The offspring of a new generation, then those that survived; none before there is a parent.
    public mutating func screening(for target: Target) -> Screening? {
        guard starts.isEmpty, parentReward != nil, stage < Self.stages.count else { return nil }
        if stage == 0 {
            let allocation = AdditiveAllocation(costs: costs, target: target)
            var distinct: Set<[Int]> = []
            survivors = (0..<settings.offspring).map { _ in offspring(allocation) }
                .filter { distinct.insert($0).inserted }
        }
        return Screening(policies: survivors, share: Self.stages[stage].share)
    }

    /// Keeps the best of a stage; the first of them where no scores are to be had.
    public mutating func learn(fromScores scores: [Double]?) {
        guard let scores else {
            stage = Self.stages.count
            return
        }
        let order = scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }
        survivors = order.prefix(Self.stages[stage].survivors).map { survivors[$0] }
        stage += 1
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            plan = propose(for: AdditiveAllocation(costs: costs, target: observation.target))
        }
        return observation.action(following: plan, score: costs.latencyMs)
    }

    /// Keeps the better of parent and offspring.
    public mutating func finish(_ episode: Episode) {
        (survivors, stage) = ([], 0)
        evaluated.insert(episode.actions)
        if episode.terms.reward >= parentReward ?? -.infinity {
            (parent, parentReward) = (episode.actions, episode.terms.reward)
        }
    }

    private mutating func propose(for allocation: AdditiveAllocation) -> [Int] {
        while let start = starts.first {
            starts.removeFirst()
            if !evaluated.contains(start) { return start }
        }
        return survivors.first ?? offspring(allocation)
    }

    private mutating func offspring(_ allocation: AdditiveAllocation) -> [Int] {
        var offspring = parent
        for _ in 0..<settings.attempts {
            offspring = mutated(parent, allocation)
            if !evaluated.contains(offspring) { break }
        }
        return offspring
    }

    /// Switches levels in pairs: one layer a step slower, then others, drawn at random, a step faster until
    /// the target is met again.
    mutating func mutated(_ parent: [Int], _ allocation: AdditiveAllocation) -> [Int] {
        let count = min(
            Int.random(in: 1...settings.mostSwitches, using: &random),
            Int.random(in: 1...settings.mostSwitches, using: &random))
        var actions = parent
        var slowed: Set<Int> = []
        for _ in 0..<count {
            let candidates = steps(of: actions, faster: false, allocation)
            guard let slower = candidates.randomElement(using: &random) else { break }
            slower.apply(to: &actions)
            slowed.formUnion(slower.places)
            while !allocation.fits(actions) {
                let others = steps(of: actions, faster: true, allocation)
                    .filter { slowed.isDisjoint(with: $0.places) }
                guard let faster = others.randomElement(using: &random) else { return parent }
                faster.apply(to: &actions)
            }
        }
        return actions
    }

    /// Each layer's step to the next level of its structure, and each group's to the next structure.
    private func steps(
        of actions: [Int], faster: Bool, _ allocation: AdditiveAllocation
    ) -> [AdditiveAllocation.Change] {
        let layers = actions.indices.compactMap { layer in
            let ladder = ladders[allocation.structureOfLevel[actions[layer]]][layer]
            return next(on: ladder, to: actions[layer], of: layer, faster: faster).map {
                AdditiveAllocation.Change(places: [layer], levels: [$0])
            }
        }
        let groups = allocation.groups.compactMap { group in
            let next = allocation.structureOfLevel[actions[group[0]]] + (faster ? 1 : -1)
            return ladders.indices.contains(next)
                ? allocation.nearestChange(of: group, to: next, in: actions) : nil
        }
        return layers + groups
    }

    /// The next level on a layer's ladder; a level that is not on it goes to the nearest.
    private func next(on ladder: [Int], to level: Int, of layer: Int, faster: Bool) -> Int? {
        let latency = costs.latencyMs[layer]
        return faster
            ? ladder.first { latency[$0] < latency[level] } : ladder.last { latency[$0] > latency[level] }
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let startsLeft: Int
        let parentReward: Double?
        let parent: [Int]
        let evaluated: [[Int]]
    }

    /// The parent, and what was evaluated.
    public var state: State {
        State(
            random: random, startsLeft: starts.count, parentReward: parentReward, parent: parent,
            evaluated: evaluated.sorted { $0.lexicographicallyPrecedes($1) })
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        try costs.requirePolicies(state.evaluated, "those that were evaluated")
        if state.parentReward != nil { try costs.requirePolicies([state.parent], "parents") }
        try requireState(
            (0...starts.count).contains(state.startsLeft),
            "found \(state.startsLeft) first parents left, allowed 0 to \(starts.count)")
        random = state.random
        starts = Array(starts.suffix(state.startsLeft))
        (parentReward, parent, evaluated) = (state.parentReward, state.parent, Set(state.evaluated))
    }
}
