import Environments
import Levels
import Tensors

/// AMC (He et al., "AMC: AutoML for Model Compression and Acceleration on Mobile Devices", ECCV 2018), for
/// levels.
///
/// ``DeterministicPolicyGradient`` with the paper's state of 11 features (equation 1), networks of 300 and
/// 300 hidden units, learning rates of 1e-4 (actor) and 1e-3 (critic), batches of 64, soft updates of 0.01, γ
/// = 1, and exploration noise of 0.5 that falls by 0.95 with each episode (section 3.2 and 4; the published
/// code's defaults where the paper says nothing: uniform actions in the warm-up, a memory of 100 episodes,
/// one step of learning per layer). The action is the share of the layer's computation, here its latency,
/// that is kept; ``clipped(_:remainingMs:laterLeastMs:denseMs:)`` is algorithm 1. Neither looks at the data.
///
/// The paper's 400 episodes, 100 of them warm-up, are scaled to the budget: a quarter is warm-up, and the
/// noise falls as far in the rest as 0.95 per episode takes it in 300.
public struct AMC: DeterministicAgent {
    public static let name = "amc"

    /// What can be tuned; the defaults are the paper's.
    public struct Settings: DeterministicSettings {
        var hidden = [300, 300]
        var actorLearningRate = 1e-4
        var criticLearningRate = 1e-3
        var warmUp = 0.25
        var noiseDecay = 0.95

        public static let options: [AgentOption<Settings>] =
            learnerOptions + [
                .number(
                    "noiseDecay", \.noiseDecay, 0.5...1,
                    "What the noise is multiplied by with each episode of 400, scaled to the budget.")
            ]

        public init() {}

        func learner(budget: Int) -> DeterministicPolicyGradient.Settings {
            learner(
                budget: budget, noiseDecay: PortableMath.pow(noiseDecay, 400 / Double(max(1, budget))))
        }
    }

    public static let usesSensitivities = false
    /// The moving average of rewards when the episode began.
    public private(set) var baseline = Double.nan

    let costs: LevelCosts
    /// The part of the state that stays: t, n, c, h, w, stride, k, and dense latency, scaled to [0, 1] over
    /// the layers.
    private let embedding: [[Float]]
    /// Σ of least latencies after each layer.
    private let laterLeastMs: [Double]
    private let frontiers: [[Int]]
    var learner: DeterministicPolicyGradient

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.init(
            costs: costs,
            learner: DeterministicPolicyGradient(settings: settings.learner(budget: budget), seed: seed))
    }

    private init(costs: LevelCosts, learner: DeterministicPolicyGradient) {
        self.costs = costs
        self.learner = learner
        embedding = Self.embedding(costs)
        var later = 0.0
        laterLeastMs = costs.latencyMs.reversed().map { row in
            defer { later += row.min() ?? 0 }
            return later
        }.reversed()
        // Of levels as fast, the one that keeps more weights.
        let sparsity = costs.levels.map(\.sparsity)
        frontiers = costs.latencyMs.map { frontier(latencyMs: $0, loss: sparsity) }
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        let layer = observation.layer
        if layer == 0 {
            baseline = learner.baseline
            learner.begin()
        }
        let latency = costs.latencyMs[layer]
        let kept = Self.clipped(
            learner.act(state(observation)), remainingMs: observation.remainingLatencyMs,
            laterLeastMs: laterLeastMs[layer], denseMs: latency[costs.levels.dense])
        return observation.nearest(
            toLatency: kept * latency[costs.levels.dense], in: latency, frontier: frontiers[layer])
    }

    /// The largest share of a layer's latency, up to the one that is asked for, that leaves later layers what
    /// they take at their most aggressive levels (algorithm 1, for kept shares instead of removed ones): when
    /// it binds, share · dense + later least = remaining.
    static func clipped(_ action: Double, remainingMs: Double, laterLeastMs: Double, denseMs: Double)
        -> Double
    {
        max(0, min(action, (remainingMs - laterLeastMs) / max(denseMs, .leastNormalMagnitude)))
    }

    /// (t, n, c, h, w, stride, k, FLOPs[t], reduced, rest, a_{t−1}), with latency for FLOPs.
    private func state(_ observation: Observation) -> [Float] {
        let layer = observation.layer
        let dense = costs.denseLayerLatencyMs
        let whole = dense.reduce(0, +)
        let spent = zip(costs.latencyMs, observation.actions).reduce(0) { $0 + $1.0[$1.1] }
        let reduced = (dense[..<layer].reduce(0, +) - spent) / whole
        let rest = dense[(layer + 1)...].reduce(0, +) / whole
        let last = observation.actions.last.map { costs.latencyMs[layer - 1][$0] / dense[layer - 1] } ?? 1
        return embedding[layer] + [Float(reduced), Float(rest), Float(last)]
    }

    private static func embedding(_ costs: LevelCosts) -> [[Float]] {
        // A matrix product is a convolution of kernel 1 on a 1 × 1 input, whose stride the code sets to 0.
        let (height, width, stride, kernel) = (1.0, 1.0, 0.0, 1.0)
        let rows = costs.facts.enumerated().map { layer, facts in
            [
                Double(layer), Double(facts.rows), Double(facts.cols), height, width, stride, kernel,
                costs.denseLayerLatencyMs[layer],
            ]
        }
        return scaledOverLayers(rows)
    }
}
