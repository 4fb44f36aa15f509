import Environments
import Levels
import Tensors

/// Deep deterministic policy gradient with a continuous action for each layer:
/// ``DeterministicPolicyGradient``.
///
/// The action says how much of the layer's latency to keep. One half is what the ``PricedPrior`` would choose
/// in this state, 0 the layer's fastest level, 1 its slowest, linear in between; so an actor that has learned
/// nothing spends the budget evenly, and explores from there. Of the levels on the layer's frontier of
/// latency and sensitivity that are not masked, the one whose latency is nearest is taken.
public struct DDPG: DeterministicAgent {
    public static let name = "ddpg"

    /// What can be tuned.
    ///
    /// A part of the budget is warm-up, and after the rest some of the noise, which begins as in AMC, is
    /// left: layers then still trade time with each other, which one step at a time cannot.
    ///
    /// γ is 0: as all steps share the episode's reward, each of them is its own return already, and what a
    /// critic would add by looking ahead is noise.
    public struct Settings: DeterministicSettings {
        var hidden = [64, 64]
        var actorLearningRate = 2e-4
        var criticLearningRate = 2e-3
        var warmUp = 0.125
        var initialNoise = 0.5
        var finalNoise = 0.15
        var capacity = 1_000

        public static let options: [AgentOption<Settings>] =
            learnerOptions + [
                .number("initialNoise", \.initialNoise, 0...0.5, "Deviation of the exploration after that."),
                .number("finalNoise", \.finalNoise, 0.001...1, "Part of it that is left at the end."),
                .count("capacity", \.capacity, 1...100_000, "Episodes that the memory holds."),
            ]

        public init() {}

        func learner(budget: Int) -> DeterministicPolicyGradient.Settings {
            let noisy = max(1, budget - warmUpEpisodes(of: budget))
            var learner = self.learner(
                budget: budget, noiseDecay: PortableMath.pow(finalNoise, 1 / Double(noisy)))
            (learner.discount, learner.initialNoise, learner.capacity) = (0, initialNoise, capacity)
            (learner.warmsUpAroundActor, learner.standardises) = (true, true)
            learner.outputScale = 0.01
            return learner
        }
    }

    /// The moving average of rewards when the episode began.
    public private(set) var baseline = Double.nan

    let costs: LevelCosts
    private let prior: PricedPrior
    private let frontiers: [[Int]]
    private let price: Double
    var learner: DeterministicPolicyGradient

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.init(
            costs: costs, target: target,
            learner: DeterministicPolicyGradient(settings: settings.learner(budget: budget), seed: seed))
    }

    init(costs: LevelCosts, target: Target, learner: DeterministicPolicyGradient) {
        self.costs = costs
        // Hardly any temperature: the prior's most likely level is what counts here.
        prior = PricedPrior(costs: costs, target: target, relativeTemperature: 0.1)
        price = prior.initialPrice(target: target)
        frontiers = zip(costs.latencyMs, costs.sensitivity).map(frontier)
        self.learner = learner
    }

    /// What the last episode taught.
    public var learning: LearningRecord {
        var record = learner.learning
        record.price = price
        return record
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 {
            baseline = learner.baseline
            learner.begin()
        }
        let action = learner.act(observation.features)
        return level(observation, action: action)
    }

    /// The level that an action in [0, 1] means.
    func level(_ observation: Observation, action: Double) -> Int {
        let latency = costs.latencyMs[observation.layer]
        let frontier = frontiers[observation.layer]
        let logits = prior.logits(observation)
        let reference = frontier.max { logits[$0] < logits[$1] }.map { latency[$0] } ?? 0
        let (least, most) = (latency[frontier[0]], latency[frontier[frontier.count - 1]])
        let wanted =
            action < 0.5
            ? least + 2 * action * (reference - least)
            : reference + (2 * action - 1) * (most - reference)
        return observation.nearest(toLatency: wanted, in: latency, frontier: frontier)
    }
}

/// The levels of a layer that no other beats or equals in both latency and loss, fastest first.
func frontier(latencyMs: [Double], loss: [Double]) -> [Int] {
    var kept: [Int] = []
    for level in latencyMs.indices.sorted(by: {
        (latencyMs[$0], loss[$0], $0) < (latencyMs[$1], loss[$1], $1)
    })
    where kept.last.map({ loss[level] < loss[$0] }) ?? true {
        kept.append(level)
    }
    return kept
}

extension Observation {
    /// Of the frontier's levels, or, if they are all masked, of all, the one that is not masked and whose
    /// latency is nearest to what is wanted.
    func nearest(toLatency wanted: Double, in latencyMs: [Double], frontier: [Int]) -> Int {
        let candidates = frontier.filter { mask[$0] }
        return (candidates.isEmpty ? mask.indices.filter { mask[$0] } : candidates)
            .min { abs(latencyMs[$0] - wanted) < abs(latencyMs[$1] - wanted) } ?? 0
    }
}
