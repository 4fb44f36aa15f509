import Environments
import Levels
import Tensors

/// HAQ (Wang et al., "HAQ: Hardware-Aware Automated Quantization with Mixed Precision", CVPR 2019), for
/// levels.
///
/// ``DeterministicPolicyGradient`` with one action in [0, 1] at each layer, which is the place of the level
/// among the layer's levels by latency, each having the same share of the range (section 3.2; the published
/// code's `_action_wall`). When all layers have theirs and the target is not met, levels are lowered one step
/// at a time, from layer to layer, until it is: ``walled(_:_:)``. What is learned from are the actions as
/// they were asked for, as in the code.
///
/// From the paper (sections 3.5 and 3.6): the reward λ · (quality − dense quality) with λ = 0.1, in percent,
/// of which the moving average that is subtracted leaves λ · quality; learning rates of 1e-4 (actor) and 1e-3
/// (critic), γ = 1, and exploration noise of 0.5 that falls by 0.99 with each episode. From the code where
/// the paper says nothing: networks of 300 and 300 hidden units, batches of 64, soft updates of 0.01, a memory
/// of 128 episodes, 20 of 600 episodes warm-up with uniform actions, one step of learning per layer. Both are
/// scaled to the budget, as in ``AMC``.
///
/// The observation is that of section 3.1. Precision of weights and activations is one choice here, a level,
/// so the feature that tells the two actions of a layer apart is left out.
public struct HAQ: DeterministicAgent {
    public static let name = "haq"

    /// What can be tuned; the defaults are the paper's and its code's.
    public struct Settings: DeterministicSettings {
        var hidden = [300, 300]
        var actorLearningRate = 1e-4
        var criticLearningRate = 1e-3
        var warmUp = 20.0 / 600
        var noiseDecay = 0.99

        public static let options: [AgentOption<Settings>] =
            learnerOptions + [
                .number(
                    "noiseDecay", \.noiseDecay, 0.5...1,
                    "What the noise is multiplied by with each episode of 600, scaled to the budget.")
            ]

        public init() {}

        func learner(budget: Int) -> DeterministicPolicyGradient.Settings {
            var learner = self.learner(
                budget: budget, noiseDecay: PortableMath.pow(noiseDecay, 600 / Double(max(1, budget))))
            learner.capacity = 128
            // λ = 0.1 for each percent.
            learner.rewardUnit = 0.1
            return learner
        }
    }

    public static let usesSensitivities = false
    /// The moving average of rewards when the episode began.
    public private(set) var baseline = Double.nan

    let costs: LevelCosts
    var learner: DeterministicPolicyGradient
    /// The part of the observation that stays.
    private let embedding: [[Float]]
    /// The levels of each layer, fastest first.
    private let ladders: [[Int]]
    /// The policy of the present episode.
    private var plan: [Int] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.costs = costs
        learner = DeterministicPolicyGradient(settings: settings.learner(budget: budget), seed: seed)
        embedding = Self.embedding(costs)
        ladders = costs.layers.indices.map { layer in
            let (latency, size) = (costs.latencyMs[layer], costs.sizeBytes[layer])
            return costs.levels.indices.sorted {
                (latency[$0], size[$0], $0) < (latency[$1], size[$1], $1)
            }
        }
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            baseline = learner.baseline
            learner.begin()
            let allocation = AdditiveAllocation(costs: costs, target: observation.target)
            let asked = ask()
            plan =
                Self.walled(asked, allocation)
                ?? allocation.repaired(asked, loss: costs.outputError) ?? allocation.fastest
        }
        return observation.action(following: plan, score: costs.latencyMs)
    }

    /// What the learner asks for, whatever it costs: an action for each layer, which sees the one before.
    private mutating func ask() -> [Int] {
        var last = 1.0
        var actions: [Int] = []
        for (layer, ladder) in ladders.enumerated() {
            let place = Self.place(learner.act(embedding[layer] + [Float(last)]), of: ladder.count)
            last = Double(place + 1) / Double(ladder.count)
            actions.append(ladder[place])
        }
        return actions
    }

    /// Which of `count` equal parts of [0, 1] an action is in.
    static func place(_ action: Double, of count: Int) -> Int {
        min(count - 1, Int(action * Double(count)))
    }

    /// The action wall: one layer after another, from the last to the first and again from the last, is made
    /// one step cheaper until the target is met (section 3.2; the order is that of the code's
    /// `_final_action_wall`).
    ///
    /// A step is to the next level with a lower latency or, once that is met, of fewer bytes. Where size is
    /// limited too, no step raises the other of the two.
    /// - Returns: nil if no layer can be made cheaper and the target is not met.
    static func walled(_ actions: [Int], _ allocation: AdditiveAllocation) -> [Int]? {
        var actions = actions
        while !allocation.fits(actions) {
            let before = actions
            for layer in actions.indices.reversed() where !allocation.fits(actions) {
                actions[layer] = cheaper(actions, layer, allocation) ?? actions[layer]
            }
            guard actions != before else { return nil }
        }
        return actions
    }

    private static func cheaper(_ actions: [Int], _ layer: Int, _ allocation: AdditiveAllocation) -> Int? {
        let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
        let isTooSlow = allocation.total(allocation.latencyMs, actions) > allocation.latencyLimitMs
        let (cost, other) = isTooSlow ? (latency, size) : (size, latency)
        let now = actions[layer]
        return cost.indices.filter {
            cost[$0] < cost[now] && (allocation.sizeLimitBytes == .infinity || other[$0] <= other[now])
        }.max { (cost[$0], other[$1], $1) < (cost[$1], other[$0], $0) }
    }

    /// (i_dw, c_in, c_out, s_stride, s_kernel, n_params, s_feat, k), in the code's order, scaled to [0, 1]
    /// over the layers; what follows is the last action.
    private static func embedding(_ costs: LevelCosts) -> [[Float]] {
        // As the code has matrix products: not depthwise, stride 0, kernel 1, one position.
        let (depthwise, stride, kernel, positions) = (0.0, 0.0, 1.0, 1.0)
        return scaledOverLayers(
            costs.facts.enumerated().map { layer, facts in
                [
                    depthwise, Double(facts.cols), Double(facts.rows), stride, kernel,
                    Double(facts.rows * facts.cols), positions, Double(layer),
                ]
            })
    }
}
