import Environments
import HDF5
import Levels
import Tensors

/// Proximal policy optimisation (Schulman et al., arXiv 1707.06347, 2017) with generalised advantage
/// estimation (Schulman et al., ICLR 2016).
///
/// The policy is π(a | s) ∝ exp(f_a(x(s)) + log π₀(a | s)) over the levels that are not masked: a network f of
/// the observation's features x, brought to unit size, on top of the ``PricedPrior``. The reward comes at the
/// end of an episode only; it is standardised by its running mean and deviation. After every few episodes
/// policy and value network take several epochs of Adam on what these gave.
public struct PPO: Agent {
    /// What users call it.
    public static let name = AgentKind.ppo.rawValue

    /// What can be tuned.
    struct HyperParameters: Sendable, Equatable {
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
    }

    /// The reward that the value network expected when the episode began.
    public private(set) var baseline = Double.nan
    /// What the last batch taught.
    public private(set) var learning = LearningRecord()
    /// Always.
    public var wantsMore: Bool { true }

    /// One decision.
    private struct Step {
        /// As the networks saw them.
        let features: [Float]
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
    private struct Networks {
        var policy: MultilayerPerceptron
        var value: MultilayerPerceptron
        var policyOptimiser: Adam
        var valueOptimiser: Adam
    }

    private let parameters: HyperParameters
    private let costs: LevelCosts
    private let prior: PricedPrior
    private var random: CounterBasedRandom
    private var networks: Networks?
    private var scaler = FeatureScaler()
    /// What the scaler will be once the present batch is learnt from.
    private var nextScaler = FeatureScaler()
    private var rewards: RunningReward
    /// Finished episodes of the present batch.
    private var batch: [[Step]] = []
    private var batchRewards: [Double] = []
    /// The episode that runs.
    private var present: [Step] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64) {
        self.init(costs: costs, target: target, seed: seed, parameters: HyperParameters())
    }

    init(costs: LevelCosts, target: Target, seed: UInt64, parameters: HyperParameters) {
        self.parameters = parameters
        self.costs = costs
        prior = PricedPrior(
            costs: costs, target: target, relativeTemperature: parameters.priorTemperature)
        random = CounterBasedRandom(seed: seed)
        rewards = RunningReward(decay: parameters.rewardDecay)
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
                features: features, mask: observation.mask, prior: priorLogits, action: action,
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
            sizes: [inputs] + parameters.hidden + [costs.levels.count], activation: .tanh,
            outputScale: 0.01, using: &random)
        let value = MultilayerPerceptron(
            sizes: [inputs] + parameters.hidden + [1], activation: .tanh, using: &random)
        return Networks(
            policy: policy, value: value,
            policyOptimiser: Adam(learningRate: parameters.learningRate, for: policy),
            valueOptimiser: Adam(learningRate: parameters.learningRate, for: value))
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
        if batch.count >= parameters.episodesPerBatch { learn() }
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

    /// min(ρ Â, clip(ρ, 1 − ε, 1 + ε) Â) (Schulman et al., 2017, equation 7), and its derivative by log π, which is
    /// 0 where the clipped term is the smaller one.
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
        for _ in 0..<parameters.epochs {
            samples.shuffle(using: &random)
            for start in stride(from: 0, to: samples.count, by: parameters.minibatch) {
                let part = samples[start..<min(start + parameters.minibatch, samples.count)]
                let inputs = Matrix(
                    rows: part.count, columns: part[start].step.features.count,
                    elements: part.flatMap(\.step.features))
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
                rewards: stepRewards, values: steps.map(\.value), discount: parameters.discount,
                traceDecay: parameters.traceDecay)
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
                ratio: ratio, advantage: sample.advantage, clipRange: parameters.clipRange)
            gain += term.value / count
            entropies += spread / count
            for (level, probability) in policy.enumerated() where probability > 0 {
                let slope =
                    term.slope * ((level == step.action ? 1 : 0) - probability)
                    - parameters.entropyBonus * probability * (PortableMath.log(probability) + spread)
                slopes[row, level] = Float(-slope / count)
            }
        }
        var gradient = networks.policy.backward(pass, outputGradient: slopes).parameters
        let norm = clip(&gradient, toNorm: parameters.largestGradient)
        networks.policyOptimiser.step(&networks.policy, gradient)
        return (-gain - parameters.entropyBonus * entropies, entropies, norm)
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
        clip(&gradient, toNorm: parameters.largestGradient)
        networks.valueOptimiser.step(&networks.value, gradient)
    }

    // MARK: State

    /// Writes everything that restoring needs.
    public func save(to group: HDF5Group) throws {
        try group.write(random)
        try rewards.save(to: group)
        try scaler.save(to: try group.createGroup("scaler"))
        try nextScaler.save(to: try group.createGroup("nextScaler"))
        try group.write("batchRewards", batchRewards)
        guard let networks else { return }
        try networks.policy.save(to: try group.createGroup("policy"))
        try networks.value.save(to: try group.createGroup("value"))
        try networks.policyOptimiser.save(to: try group.createGroup("policyOptimiser"))
        try networks.valueOptimiser.save(to: try group.createGroup("valueOptimiser"))
        let steps = Array(batch.joined())
        let stored = try group.createGroup("batch")
        try stored.write("features", steps.flatMap(\.features))
        try stored.write("mask", steps.flatMap { $0.mask.map { Int32($0 ? 1 : 0) } })
        try stored.write("prior", steps.flatMap(\.prior))
        try stored.write("action", steps.map { Int32($0.action) })
        try stored.write("logProbability", steps.map(\.logProbability))
        try stored.write("value", steps.map(\.value))
    }

    /// Continues with a saved state.
    public init(restoring group: HDF5Group, costs: LevelCosts, target: Target, budget: Int) throws {
        self.init(costs: costs, target: target, budget: budget, seed: 0)
        random = try group.readRandom()
        rewards = try RunningReward(restoring: group, decay: parameters.rewardDecay)
        scaler = try FeatureScaler(restoring: try group.group("scaler"))
        nextScaler = try FeatureScaler(restoring: try group.group("nextScaler"))
        batchRewards = try group.dataset("batchRewards").read(as: Double.self)
        guard try group.contains("policy") else { return }
        let policy = try MultilayerPerceptron(
            restoring: try group.group("policy"), inputs: nil, hidden: parameters.hidden,
            outputs: costs.levels.count, activation: .tanh)
        let value = try MultilayerPerceptron(
            restoring: try group.group("value"), inputs: policy.sizes[0], hidden: parameters.hidden,
            outputs: 1, activation: .tanh)
        let rate = parameters.learningRate
        networks = Networks(
            policy: policy, value: value,
            policyOptimiser: try Adam(
                restoring: try group.group("policyOptimiser"), learningRate: rate, for: policy),
            valueOptimiser: try Adam(
                restoring: try group.group("valueOptimiser"), learningRate: rate, for: value))
        batch = try restoredBatch(try group.group("batch"), inputs: policy.sizes[0])
    }

    private func restoredBatch(_ group: HDF5Group, inputs: Int) throws -> [[Step]] {
        let (layers, levels) = (costs.layers.count, costs.levels.count)
        let count = batchRewards.count * layers
        let features = try group.dataset("features").read(as: Float.self)
        let mask = try group.dataset("mask").read(as: Int32.self).map { $0 != 0 }
        let prior = try group.dataset("prior").read(as: Double.self)
        let actions = try group.dataset("action").read(as: Int32.self).map(Int.init)
        let logProbabilities = try group.dataset("logProbability").read(as: Double.self)
        let values = try group.dataset("value").read(as: Double.self)
        guard features.count == count * inputs, mask.count == count * levels, prior.count == mask.count,
            [actions.count, logProbabilities.count, values.count].allSatisfy({ $0 == count }),
            actions.allSatisfy(costs.levels.indices.contains)
        else {
            throw SearchError.damaged(
                file: "agent", reason: "its batch is not of \(layers) layers and \(levels) levels")
        }
        let steps = (0..<count).map { step in
            let ofLevels = step * levels..<(step + 1) * levels
            return Step(
                features: Array(features[step * inputs..<(step + 1) * inputs]), mask: Array(mask[ofLevels]),
                prior: Array(prior[ofLevels]), action: actions[step],
                logProbability: logProbabilities[step], value: values[step])
        }
        return batchRewards.indices.map { Array(steps[$0 * layers..<($0 + 1) * layers]) }
    }
}
