import Environments
import Tensors

/// Deep deterministic policy gradient (Lillicrap et al., ICLR 2016) for one action in [0, 1] at each layer,
/// as AMC has it (He et al., ECCV 2018, section 3.2); what each ``DeterministicAgent`` learns by.
///
/// An actor μ(s) and a critic Q(s, a), each with a target network μ′, Q′ that follows softly, learn from a
/// memory of whole episodes. All steps of an episode share its final reward r, less a moving average b of
/// rewards (AMC, equation 3):
///
///     y_t = r − b + γ Q′(s_{t+1}, μ′(s_{t+1})),   loss = mean (y_t − Q(s_t, a_t))²
///
/// and the actor ascends Q(s, μ(s)). Actions explore by a normal distribution truncated to [0, 1] around
/// μ(s), whose deviation falls from episode to episode (equation 2).
struct DeterministicPolicyGradient: Sendable {
    /// What can be tuned.
    struct Settings: Sendable, Equatable {
        /// Widths of the hidden layers of actor and critic.
        var hidden: [Int]
        var actorLearningRate: Double
        var criticLearningRate: Double
        /// Transitions of a step of Adam.
        var batch = 64
        /// τ: how far target networks follow with each step.
        var softUpdate: Float = 0.01
        /// γ.
        var discount: Float = 1
        /// How much of b a batch leaves as it was.
        var baselineDecay = 0.5
        /// Episodes whose actions are random, and from which nothing is learned yet.
        var warmUp: Int
        /// Deviation of the exploration after that.
        var initialNoise = 0.5
        /// What it is multiplied by with each episode.
        var noiseDecay: Double
        /// Episodes that the memory holds.
        var capacity = 100
        /// Whether random actions are drawn around the actor, with the initial noise, instead of uniformly.
        var warmsUpAroundActor = false
        /// Factor on the last layer's initial weights: with a small one, the actor starts near 0.5.
        var outputScale = 1.0
        /// Whether features are brought to unit deviation, and rewards divided by theirs.
        var standardises = false
        /// What one unit of the critic is, in reward, where rewards are not divided by their deviation.
        var rewardUnit = 1.0
    }

    /// Actor, critic and those that follow them.
    struct Networks: Sendable, Codable {
        var actor: MultilayerPerceptron
        var critic: MultilayerPerceptron
        var actorTarget: MultilayerPerceptron
        var criticTarget: MultilayerPerceptron
        var actorOptimizer: Adam
        var criticOptimizer: Adam
    }

    /// A finished episode.
    struct Memory: Sendable {
        /// [step][feature].
        let states: [[Float]]
        let actions: [Float]
        let reward: Double
    }

    let settings: Settings
    /// Finished episodes.
    private(set) var episodes = 0
    /// b, in units of reward; NaN before the first batch.
    private(set) var baseline = Double.nan
    /// What the last episode taught: the critic's loss, the norm of the actor's gradient, and the critic's
    /// error.
    private(set) var learning = LearningRecord()
    private(set) var random: CounterBasedRandom
    private var networks: Networks?
    private var scaler = FeatureScaler()
    private var rewards = RunningReward(decay: 0.95)
    private var memory: [Memory] = []
    private var presentStates: [[Float]] = []
    private var presentActions: [Float] = []

    init(settings: Settings, seed: UInt64) {
        self.settings = settings
        random = CounterBasedRandom(seed: seed)
    }

    // MARK: Acting

    /// Forgets an episode that was not finished.
    mutating func begin() {
        presentStates = []
        presentActions = []
    }

    /// The action at a state, with exploration.
    mutating func act(_ state: [Float]) -> Double {
        let networks = networks ?? makeNetworks(inputs: state.count)
        self.networks = networks
        let action: Double
        if episodes < settings.warmUp, !settings.warmsUpAroundActor {
            action = random.nextUniform()
        } else {
            let centre = PortableMath.sigmoid(networks.actor(scaled(state))[0])
            action = truncatedNormal(mean: Double(centre), deviation: noise)
        }
        presentStates.append(state)
        presentActions.append(Float(action))
        return action
    }

    /// σ in this episode.
    var noise: Double {
        settings.initialNoise
            * PortableMath.pow(settings.noiseDecay, Double(max(0, episodes - settings.warmUp)))
    }

    /// A draw from N(mean, deviation²) within [0, 1], by rejection: at least three in ten are accepted where
    /// the deviation is 0.5 or less.
    private mutating func truncatedNormal(mean: Double, deviation: Double) -> Double {
        for _ in 0..<100 {
            let draw = mean + deviation * random.nextNormal()
            if (0...1).contains(draw) { return draw }
        }
        return mean
    }

    private func scaled(_ state: [Float]) -> [Float] {
        settings.standardises ? scaler.scaled(state) : state
    }

    private mutating func makeNetworks(inputs: Int) -> Networks {
        let actor = MultilayerPerceptron(
            sizes: [inputs] + settings.hidden + [1], activation: .relu, outputScale: settings.outputScale,
            using: &random)
        let critic = MultilayerPerceptron(
            sizes: [inputs + 1] + settings.hidden + [1], activation: .relu,
            outputScale: settings.outputScale, using: &random)
        return Networks(
            actor: actor, critic: critic, actorTarget: actor, criticTarget: critic,
            actorOptimizer: Adam(learningRate: settings.actorLearningRate, for: actor),
            criticOptimizer: Adam(learningRate: settings.criticLearningRate, for: critic))
    }

    // MARK: Learning

    /// Remembers the episode and, after the warm-up, takes one step of learning for each of its layers.
    mutating func finish(reward: Double) {
        learning.criticError = criticError(reward: reward)
        memory.append(Memory(states: presentStates, actions: presentActions, reward: reward))
        if memory.count > settings.capacity { memory.removeFirst() }
        rewards.add(reward)
        for state in presentStates { scaler.add(state) }
        if episodes >= settings.warmUp, var networks {
            var (loss, norm) = (0.0, 0.0)
            for _ in presentActions {
                let update = improve(&networks)
                loss += update.loss
                norm += update.norm
            }
            let count = Double(max(1, presentActions.count))
            (learning.loss, learning.gradientNorm) = (loss / count, norm / count)
            self.networks = networks
        }
        episodes += 1
        begin()
    }

    /// What one unit of the critic is, in reward.
    private var unit: Double {
        settings.standardises && rewards.deviation > 0 ? rewards.deviation : settings.rewardUnit
    }

    /// The reward less what the critic expected: with γ = 1, Q at the first layer is (r − b) · layers.
    private func criticError(reward: Double) -> Double {
        guard let networks, let state = presentStates.first, let action = presentActions.first else {
            return .nan
        }
        let value = Double(networks.critic(scaled(state) + [action])[0])
        return reward - (baseline + unit * value / Double(presentStates.count))
    }

    /// One step of Adam for critic and actor on a batch drawn from the memory, then the targets follow.
    private mutating func improve(_ networks: inout Networks) -> (loss: Double, norm: Double) {
        let drawn = (0..<settings.batch).map { _ in
            let episode = Int.random(in: memory.indices, using: &random)
            return (episode, Int.random(in: memory[episode].states.indices, using: &random))
        }
        let mean = drawn.reduce(0) { $0 + memory[$1.0].reward } / Double(drawn.count)
        baseline =
            baseline.isNaN
            ? mean : settings.baselineDecay * baseline + (1 - settings.baselineDecay) * mean
        let states = drawn.map { scaled(memory[$0.0].states[$0.1]) }
        let targets = targets(drawn, networks)
        let loss = improveCritic(&networks, states, drawn.map { memory[$0.0].actions[$0.1] }, targets)
        let norm = improveActor(&networks, states)
        networks.actorTarget.approach(networks.actor, rate: settings.softUpdate)
        networks.criticTarget.approach(networks.critic, rate: settings.softUpdate)
        return (loss, norm)
    }

    /// y of each transition.
    private func targets(_ drawn: [(Int, Int)], _ networks: Networks) -> [Float] {
        // After the last layer there is no next state: its own stands in, and counts nothing.
        let next = drawn.map { episode, step in
            let states = memory[episode].states
            return scaled(states[min(step + 1, states.count - 1)])
        }
        let actions = networks.actorTarget.forward(Self.matrix(next)).output.elements.map(
            PortableMath.sigmoid)
        let values = networks.criticTarget.forward(Self.matrix(next, actions)).output.elements
        return zip(drawn, values).map { transition, value in
            let (episode, step) = transition
            let reward = Float((memory[episode].reward - baseline) / unit)
            let last = step + 1 == memory[episode].states.count
            return reward + (last ? 0 : settings.discount * value)
        }
    }

    private func improveCritic(
        _ networks: inout Networks, _ states: [[Float]], _ actions: [Float], _ targets: [Float]
    ) -> Double {
        let pass = networks.critic.forward(Self.matrix(states, actions))
        let errors = zip(pass.output.elements, targets).map { $0 - $1 }
        let slopes = errors.map { 2 * $0 / Float(errors.count) }
        let gradient = networks.critic.backward(
            pass, outputGradient: Matrix(rows: slopes.count, columns: 1, elements: slopes))
        networks.criticOptimizer.step(&networks.critic, gradient.parameters)
        return errors.reduce(0) { $0 + Double($1) * Double($1) } / Double(errors.count)
    }

    private func improveActor(_ networks: inout Networks, _ states: [[Float]]) -> Double {
        let actorPass = networks.actor.forward(Self.matrix(states))
        let actions = actorPass.output.elements.map(PortableMath.sigmoid)
        let criticPass = networks.critic.forward(Self.matrix(states, actions))
        let count = Float(states.count)
        let byInput = networks.critic.backward(
            criticPass, outputGradient: Matrix(rows: states.count, columns: 1, repeating: -1 / count)
        ).input
        // ∂Q/∂a is the last column; the sigmoid's derivative is a (1 − a).
        let slopes = actions.enumerated().map { byInput[$0, byInput.columns - 1] * $1 * (1 - $1) }
        var gradient = networks.actor.backward(
            actorPass, outputGradient: Matrix(rows: states.count, columns: 1, elements: slopes)
        ).parameters
        let norm = clip(&gradient, toNorm: .infinity)
        networks.actorOptimizer.step(&networks.actor, gradient)
        return norm
    }

    /// [batch × features], and the action as one more if there is one.
    private static func matrix(_ states: [[Float]], _ actions: [Float]? = nil) -> Matrix {
        let rows = states.enumerated().map { row, state in actions.map { state + [$0[row]] } ?? state }
        return Matrix(rows: rows.count, columns: rows[0].count, elements: Array(rows.joined()))
    }

    // MARK: State

    /// What ``restore(_:layers:)`` continues with.
    struct State: Sendable, Codable {
        let random: CounterBasedRandom
        let episodes: Int
        let baseline: Double
        let scaler: FeatureScaler
        let rewards: RunningReward
        let networks: Networks?
        let memory: [Memory]
    }

    var state: State {
        State(
            random: random, episodes: episodes, baseline: baseline, scaler: scaler, rewards: rewards,
            networks: networks, memory: memory)
    }

    mutating func restore(_ state: State, layers: Int) throws {
        let features = state.memory.first?.states.first?.count ?? 0
        if let networks = state.networks {
            let inputs = networks.actor.sizes[0]
            for actor in [networks.actor, networks.actorTarget] {
                try actor.require(sizes: [inputs] + settings.hidden + [1])
            }
            for critic in [networks.critic, networks.criticTarget] {
                try critic.require(sizes: [inputs + 1] + settings.hidden + [1])
            }
            try networks.actorOptimizer.require(fit: networks.actor)
            try networks.criticOptimizer.require(fit: networks.critic)
            try requireState(
                state.memory.isEmpty || features == inputs, "its memory is not of \(inputs) features")
        }
        try requireState(
            state.memory.allSatisfy {
                $0.states.count == layers && $0.actions.count == layers
                    && $0.states.allSatisfy { $0.count == features }
            }, "its memory is not of \(layers) layers")
        (random, episodes, baseline) = (state.random, state.episodes, state.baseline)
        (scaler, rewards) = (state.scaler, state.rewards)
        (networks, memory) = (state.networks, state.memory)
    }
}

extension DeterministicPolicyGradient.Memory: Codable {
    private enum Key: CodingKey { case features, actions, reward }

    init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: Key.self)
        let features = try values.decode(PackedFloats.self, forKey: .features).values
        actions = try values.decode(PackedFloats.self, forKey: .actions).values
        reward = try values.decode(Double.self, forKey: .reward)
        guard !actions.isEmpty, features.count.isMultiple(of: actions.count) else {
            throw DecodingError.dataCorruptedError(
                forKey: .features, in: values,
                debugDescription: "found \(features.count) features of \(actions.count) steps")
        }
        let width = features.count / actions.count
        states = actions.indices.map { Array(features[$0 * width..<($0 + 1) * width]) }
    }

    func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: Key.self)
        try values.encode(PackedFloats(Array(states.joined())), forKey: .features)
        try values.encode(PackedFloats(actions), forKey: .actions)
        try values.encode(reward, forKey: .reward)
    }
}
