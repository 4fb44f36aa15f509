import Environments
import Levels

/// What can be tuned of every agent that learns by ``DeterministicPolicyGradient``.
protocol DeterministicSettings: AgentSettings {
    /// Widths of the hidden layers of actor and critic.
    var hidden: [Int] { get set }
    /// Adam's, of the actor.
    var actorLearningRate: Double { get set }
    /// Adam's, of the critic.
    var criticLearningRate: Double { get set }
    /// Part of the budget whose actions are random.
    var warmUp: Double { get set }
}

extension DeterministicSettings {
    /// The options of these fields.
    static var learnerOptions: [AgentOption<Self>] {
        [
            .widths("hidden", \.hidden, "Widths of the hidden layers of actor and critic."),
            .number("actorLearningRate", \.actorLearningRate, 0...1, "Adam's, of the actor."),
            .number("criticLearningRate", \.criticLearningRate, 0...1, "Adam's, of the critic."),
            .number("warmUp", \.warmUp, 0...1, "Part of the budget whose actions are random."),
        ]
    }

    /// Episodes of a budget whose actions are random.
    func warmUpEpisodes(of budget: Int) -> Int { Int(warmUp * Double(budget)) }

    /// The learner's settings: these, and the defaults of the others.
    func learner(budget: Int, noiseDecay: Double) -> DeterministicPolicyGradient.Settings {
        DeterministicPolicyGradient.Settings(
            hidden: hidden, actorLearningRate: actorLearningRate, criticLearningRate: criticLearningRate,
            warmUp: warmUpEpisodes(of: budget), noiseDecay: noiseDecay)
    }
}

/// An agent whose actions are those of a ``DeterministicPolicyGradient``, and which has learned nothing else.
protocol DeterministicAgent: Agent where Settings: DeterministicSettings, State == DeterministicState {
    /// The tables.
    var costs: LevelCosts { get }
    /// What learns.
    var learner: DeterministicPolicyGradient { get set }
}

extension DeterministicAgent {
    public var wantsMore: Bool { true }
    /// What the last episode taught.
    public var learning: LearningRecord { learner.learning }

    /// Learns from an episode.
    public mutating func finish(_ episode: Episode) {
        learner.finish(reward: episode.terms.reward)
    }

    /// What it has learned.
    public var state: DeterministicState { DeterministicState(learner: learner.state) }

    /// Continues with a saved state.
    public mutating func restore(_ state: DeterministicState) throws {
        try learner.restore(state.learner, layers: costs.layers.count)
    }
}

/// What an agent continues with that learns by ``DeterministicPolicyGradient``.
public struct DeterministicState: Codable, Sendable {
    let learner: DeterministicPolicyGradient.State
}
