import Environments
import Levels
import Tensors

/// Proximal policy optimization (Schulman et al., arXiv 1707.06347, 2017) with generalised advantage
/// estimation (Schulman et al., ICLR 2016).
///
/// The policy is π(a | s) ∝ exp(f_a(x(s)) + log π₀(a | s)) over the levels that are not masked: a network f
/// of the observation's features x, brought to unit size, on top of the ``PricedPrior``. The reward comes at
/// the end of an episode only; it is standardised by its running mean and deviation. After every few episodes
/// policy and value network take several epochs of Adam on what these gave.
public struct PPO: Agent {
    public static let name = "ppo"

    /// What can be tuned.
    public struct Settings: AgentSettings {
        /// Episodes that a batch consists of.
        var episodesPerBatch = 5
        /// Passes over a batch.
        var epochs = 8
        /// Steps of Adam are taken on this many layers' decisions each.
        var minibatch = 64
        /// Of both networks.
        var learningRate = 3e-3
        /// ε: a step may not raise or lower a probability by a larger factor than 1 ± ε.
        var clipRange = 0.2
        /// γ.
        var discount = 1.0
        /// λ of the advantage estimates.
        var traceDecay = 0.95
        /// Weight of the entropy.
        var entropyBonus = 0.003
        /// Gradients are scaled down to this norm.
        var largestGradient = 0.5
        /// Widths of the hidden layers.
        var hidden = [64, 64]
        /// How much of the rewards' mean and variance an episode leaves as it was.
        var rewardDecay = 0.95
        /// τ of the prior, in units of the mean loss of a layer.
        var priorTemperature = 0.5

        public static let options: [AgentOption<Settings>] = [
            .count("episodesPerBatch", \.episodesPerBatch, 1...10_000, "Episodes that a batch consists of."),
            .count("epochs", \.epochs, 1...10_000, "Passes over a batch."),
            .count("minibatch", \.minibatch, 1...1_000_000, "Decisions that a step of Adam is taken on."),
            .number("learningRate", \.learningRate, 0...1, "Adam's, of both networks."),
            .number("clipRange", \.clipRange, 0...1, "ε: how far a step may raise or lower a probability."),
            .number("discount", \.discount, 0...1, "γ."),
            .number("traceDecay", \.traceDecay, 0...1, "λ of the advantage estimates."),
            .number("entropyBonus", \.entropyBonus, 0...10, "Weight of the entropy."),
            .number(
                "largestGradient", \.largestGradient, 1e-9...1e9, "Gradients are scaled down to this norm."),
            .widths("hidden", \.hidden, "Widths of the hidden layers."),
            .number("rewardDecay", \.rewardDecay, 0...1, "How much of the rewards' mean an episode leaves."),
            .number(
                "priorTemperature", \.priorTemperature, 0.001...1_000,
                "Temperature of the prior, in units of the mean loss of a layer."),
        ]

        public init() {}
    }

    /// The reward that the value network expected when the episode began.
    public private(set) var baseline = Double.nan
    /// What the last batch taught.
    public private(set) var learning = LearningRecord()
    public var wantsMore: Bool { true }

    /// One decision.
    struct Step: Codable, Sendable {
        /// As the networks saw them.
        let features: PackedFloats
        let mask: [Bool]
        /// log π₀.
        let prior: [Double]
        let action: Int
        /// log π(a | s) when it was taken.
        let logProbability: Double
        /// V(s), in deviations of the reward.
        let value: Double
    }

    /// Policy and value, made when the number of features is known.
    struct Networks: Codable, Sendable {
        var policy: MultilayerPerceptron
        var value: MultilayerPerceptron
        var policyOptimizer: Adam
        var valueOptimizer: Adam
    }

    private let settings: Settings
    private let costs: LevelCosts
    private let prior: PricedPrior
    private var random: CounterBasedRandom
    private var networks: Networks?
    private var scaler = FeatureScaler()
    /// What the scaler will be once the present batch is learned from.
    private var nextScaler = FeatureScaler()
    private var rewards: RunningReward
    /// Finished episodes of the present batch.
    private var batch: [[Step]] = []
    private var batchRewards: [Double] = []
    /// The episode that runs.
    private var present: [Step] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings) {
        self.settings = settings
        self.costs = costs
        prior = PricedPrior(
            costs: costs, target: target, relativeTemperature: settings.priorTemperature)
        random = CounterBasedRandom(seed: seed)
        rewards = RunningReward(decay: settings.rewardDecay)
        learning.price = prior.initialPrice(target: target)
    }

    // MARK: Acting

    /// Draws the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        let networks = networks ?? makeNetworks(inputs: observation.features.count)
        self.networks = networks
        let features = scaler.scaled(observation.features)
        let priorLogits = prior.logits(observation)
        let policy = Self.policy(networks.policy(features)[...], priorLogits, observation.mask)
        let value = Double(networks.value(features)[0])
        if observation.layer == 0 {
            present = []
            baseline = rewards.mean + rewards.deviation * value
        }
        let action = random.nextIndex(weights: policy)
        present.append(
            Step(
                features: PackedFloats(features), mask: observation.mask, prior: priorLogits, action: action,
                logProbability: PortableMath.log(policy[action]), value: value))
        nextScaler.add(observation.features)
        return action
    }

    private static func policy(_ logits: ArraySlice<Float>, _ prior: [Double], _ mask: [Bool]) -> [Double] {
        softmaxed(zip(logits, prior).map { Double($0) + $1 }, mask: mask)
    }

    private mutating func makeNetworks(inputs: Int) -> Networks {
        // A hundredth, so that the policy starts as the prior.
        let policy = MultilayerPerceptron(
            sizes: [inputs] + settings.hidden + [costs.levels.count], activation: .tanh,
            outputScale: 0.01, using: &random)
        let value = MultilayerPerceptron(
            sizes: [inputs] + settings.hidden + [1], activation: .tanh, using: &random)
        return Networks(
            policy: policy, value: value,
            policyOptimizer: Adam(learningRate: settings.learningRate, for: policy),
            valueOptimizer: Adam(learningRate: settings.learningRate, for: value))
    }

    // MARK: Learning

    /// Keeps the episode; when the batch is full, learns from it.
    public mutating func finish(_ episode: Episode) {
        let reward = episode.terms.reward
        learning.criticError = reward - baseline
        rewards.add(reward)
        batch.append(present)
        batchRewards.append(reward)
        present = []
        if batch.count >= settings.episodesPerBatch { learn() }
    }

    /// Â_t = Σ_k (γλ)^k δ_{t+k} with δ_t = r_t + γ V(s_{t+1}) − V(s_t), V = 0 after the end (Schulman et al.,
    /// ICLR 2016, equation 16).
    static func advantages(rewards: [Double], values: [Double], discount: Double, traceDecay: Double)
        -> [Double]
    {
        var advantages = [Double](repeating: 0, count: rewards.count)
        var (following, nextValue) = (0.0, 0.0)
        for step in rewards.indices.reversed() {
            let difference = rewards[step] + discount * nextValue - values[step]
            following = difference + discount * traceDecay * following
            advantages[step] = following
            nextValue = values[step]
        }
        return advantages
    }

    /// min(ρ Â, clip(ρ, 1 − ε, 1 + ε) Â) (Schulman et al., 2017, equation 7), and its derivative by log π,
    /// which is 0 where the clipped term is the smaller one.
    static func surrogate(ratio: Double, advantage: Double, clipRange: Double)
        -> (value: Double, slope: Double)
    {
        let plain = ratio * advantage
        let clipped = min(1 + clipRange, max(1 - clipRange, ratio)) * advantage
        return plain <= clipped ? (plain, plain) : (clipped, 0)
    }

    /// A decision with what learning wants of it.
    private struct Sample {
        let step: Step
        let advantage: Double
        /// What V(s) should have been.
        let valueTarget: Double
    }

    private mutating func learn() {
        guard var networks else { return }
        var samples = collectSamples()
        var sums = (loss: 0.0, entropy: 0.0, norm: 0.0, count: 0.0)
        for _ in 0..<settings.epochs {
            samples.shuffle(using: &random)
            for start in stride(from: 0, to: samples.count, by: settings.minibatch) {
                let part = samples[start..<min(start + settings.minibatch, samples.count)]
                let inputs = Matrix(
                    rows: part.count, columns: part[start].step.features.values.count,
                    elements: part.flatMap(\.step.features.values))
                let update = improvePolicy(&networks, Array(part), inputs)
                improveValue(&networks, Array(part), inputs)
                sums = (
                    sums.loss + update.loss, sums.entropy + update.entropy, sums.norm + update.norm,
                    sums.count + 1
                )
            }
        }
        self.networks = networks
        learning.loss = sums.loss / sums.count
        learning.entropy = sums.entropy / sums.count
        learning.gradientNorm = sums.norm / sums.count
        scaler = nextScaler
        batch = []
        batchRewards = []
    }

    /// The batch's decisions, advantages standardised.
    private func collectSamples() -> [Sample] {
        var samples: [Sample] = []
        for (steps, reward) in zip(batch, batchRewards) {
            var stepRewards = [Double](repeating: 0, count: steps.count)
            stepRewards[steps.count - 1] = rewards.standardised(reward)
            let advantages = Self.advantages(
                rewards: stepRewards, values: steps.map(\.value), discount: settings.discount,
                traceDecay: settings.traceDecay)
            for (step, advantage) in zip(steps, advantages) {
                samples.append(
                    Sample(step: step, advantage: advantage, valueTarget: advantage + step.value))
            }
        }
        let count = Double(samples.count)
        let mean = samples.reduce(0) { $0 + $1.advantage } / count
        let variance = samples.reduce(0) { $0 + ($1.advantage - mean) * ($1.advantage - mean) } / count
        let deviation = variance.squareRoot() + 1e-8
        return samples.map {
            Sample(
                step: $0.step, advantage: ($0.advantage - mean) / deviation, valueTarget: $0.valueTarget)
        }
    }

    /// One step of Adam on the clipped surrogate and the entropy.
    private func improvePolicy(_ networks: inout Networks, _ samples: [Sample], _ inputs: Matrix)
        -> (loss: Double, entropy: Double, norm: Double)
    {
        let pass = networks.policy.forward(inputs)
        var slopes = Matrix(rows: samples.count, columns: costs.levels.count)
        let count = Double(samples.count)
        var (gain, entropies) = (0.0, 0.0)
        for (row, sample) in samples.enumerated() {
            let step = sample.step
            let policy = Self.policy(pass.output.row(row), step.prior, step.mask)
            let spread = entropy(policy)
            let ratio = PortableMath.exp(
                PortableMath.log(policy[step.action]) - step.logProbability)
            let term = Self.surrogate(
                ratio: ratio, advantage: sample.advantage, clipRange: settings.clipRange)
            gain += term.value / count
            entropies += spread / count
            for (level, probability) in policy.enumerated() where probability > 0 {
                let slope =
                    term.slope * ((level == step.action ? 1 : 0) - probability)
                    - settings.entropyBonus * probability * (PortableMath.log(probability) + spread)
                slopes[row, level] = Float(-slope / count)
            }
        }
        var gradient = networks.policy.backward(pass, outputGradient: slopes).parameters
        let norm = clip(&gradient, toNorm: settings.largestGradient)
        networks.policyOptimizer.step(&networks.policy, gradient)
        return (-gain - settings.entropyBonus * entropies, entropies, norm)
    }

    /// One step of Adam on ½ (V − target)².
    private func improveValue(_ networks: inout Networks, _ samples: [Sample], _ inputs: Matrix) {
        let pass = networks.value.forward(inputs)
        let slopes = samples.enumerated().map { row, sample in
            (pass.output[row, 0] - Float(sample.valueTarget)) / Float(samples.count)
        }
        var gradient = networks.value.backward(
            pass, outputGradient: Matrix(rows: samples.count, columns: 1, elements: slopes)
        ).parameters
        clip(&gradient, toNorm: settings.largestGradient)
        networks.valueOptimizer.step(&networks.value, gradient)
    }

    // MARK: State

    /// What ``restore(_:)`` continues with.
    public struct State: Codable, Sendable {
        let random: CounterBasedRandom
        let rewards: RunningReward
        let scaler: FeatureScaler
        let nextScaler: FeatureScaler
        let networks: Networks?
        let batch: [[Step]]
        let batchRewards: [Double]
    }

    /// Both networks, and the batch that is being collected.
    public var state: State {
        State(
            random: random, rewards: rewards, scaler: scaler, nextScaler: nextScaler, networks: networks,
            batch: batch, batchRewards: batchRewards)
    }

    /// Continues with a saved state.
    public mutating func restore(_ state: State) throws {
        let (layers, levels) = (costs.layers.count, costs.levels.count)
        if let networks = state.networks {
            let inputs = networks.policy.sizes[0]
            try networks.policy.require(sizes: [inputs] + settings.hidden + [levels])
            try networks.value.require(sizes: [inputs] + settings.hidden + [1])
            try networks.policyOptimizer.require(fit: networks.policy)
            try networks.valueOptimizer.require(fit: networks.value)
            try requireState(
                state.batch.joined().allSatisfy { $0.features.values.count == inputs },
                "its batch is not of \(inputs) features")
        }
        try requireState(
            state.batch.count == state.batchRewards.count && state.batch.allSatisfy { $0.count == layers }
                && state.batch.joined().allSatisfy {
                    $0.mask.count == levels && $0.prior.count == levels
                        && costs.levels.indices.contains($0.action)
                }, "its batch is not of \(layers) layers and \(levels) levels")
        (random, rewards) = (state.random, state.rewards)
        (scaler, nextScaler) = (state.scaler, state.nextScaler)
        (networks, batch, batchRewards) = (state.networks, state.batch, state.batchRewards)
    }
}
