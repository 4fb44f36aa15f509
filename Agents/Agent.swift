import Environments
import HDF5
import Levels

/// A finished walk over the layers: what was chosen and what it gave.
public struct Episode: Sendable, Equatable {
    /// The level of every layer.
    public let actions: [Int]
    /// What the environment answered.
    public let terms: RewardTerms

    /// Puts an episode together.
    public init(actions: [Int], terms: RewardTerms) {
        self.actions = actions
        self.terms = terms
    }
}

/// What decides the levels and learns from what they gave.
///
/// An agent is a value: copying one copies all that it has learnt, and the same seed and rewards give
/// the same actions. Its state is saved between episodes only, never inside one.
public protocol Agent: Sendable {
    /// What users call it.
    static var name: String { get }
    /// Whether it goes by sensitivities, which then are estimated and paid for beforehand; without, it has
    /// the layers' relative output errors alone.
    static var usesSensitivities: Bool { get }
    /// Whether it has another policy to propose.
    var wantsMore: Bool { get }
    /// The reward it expected when the present episode began; NaN if it does not estimate one.
    var baseline: Double { get }
    /// What the last ``finish(_:)`` did to it; nothing for agents that do not learn.
    var learning: LearningRecord { get }
    /// A new agent that has seen nothing but the tables.
    init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64)
    /// Continues with a state that ``save(to:)`` wrote.
    /// - Throws: `HDF5Error` or ``SearchError`` when the state is damaged or of another problem.
    init(restoring group: HDF5Group, costs: LevelCosts, target: Target, budget: Int) throws
    /// Chooses the level of one layer, among those that are not masked.
    mutating func act(_ observation: Observation) -> Int
    /// Learns from an episode.
    mutating func finish(_ episode: Episode)
    /// Whether it wants to be told the effects of all switches at the policy that was just evaluated.
    var wantsEffects: Bool { get }
    /// Learns from the effects it asked for; nil where the environment cannot tell, or its budget is too small.
    mutating func learn(from effects: LevelEffects?)
    /// What it wants to have scored on a part of the reward data before it starts an episode; nil for nothing (more).
    mutating func screening(for target: Target) -> Screening?
    /// Learns the scores of what it asked for last; nil where the environment cannot tell, or its budget is too small.
    mutating func learn(fromScores scores: [Double]?)
    /// Policies that it holds to be best for a target inside of the range that it searched, without learning more;
    /// none for agents that serve one target.
    func policies(for target: Target) -> [[Int]]
    /// Writes everything that ``init(restoring:costs:target:budget:)`` needs.
    /// - Throws: `HDF5Error`.
    func save(to group: HDF5Group) throws
}

extension Agent {
    /// Yes.
    public static var usesSensitivities: Bool { true }
    /// No.
    public var wantsEffects: Bool { false }
    /// Nothing.
    public mutating func learn(from effects: LevelEffects?) {}
    /// Nothing.
    public mutating func screening(for target: Target) -> Screening? { nil }
    /// Nothing.
    public mutating func learn(fromScores scores: [Double]?) {}
    /// None.
    public func policies(for target: Target) -> [[Int]] { [] }
    /// Nothing.
    public var learning: LearningRecord { LearningRecord() }
}

/// Policies to be scored on a part of the reward data.
public struct Screening: Sendable, Equatable {
    /// The policies.
    public let policies: [[Int]]
    /// The part, as a fraction.
    public let share: Double
}

/// What learning did after an episode, for the trace; NaN where an agent has no such thing.
public struct LearningRecord: Sendable, Equatable {
    /// The loss that the policy's parameters were moved by, or what the critic leaves unexplained, squared.
    public var loss = Double.nan
    /// Mean entropy of the policy at a layer, in nats.
    public var entropy = Double.nan
    /// Euclidean norm of the step that the policy's parameters were asked to take, before clipping.
    public var gradientNorm = Double.nan
    /// Reward minus what the critic expected of this very policy.
    public var criticError = Double.nan
    /// λ: what a millisecond costs, in reward.
    public var price = Double.nan

    /// Nothing learnt.
    public init() {}
}

/// The agents there are, by the names that users type.
public enum AgentKind: String, CaseIterable, Sendable {
    /// Natural policy gradient with sensitivities as prior: ``NaturalGradient``.
    case natural
    /// REINFORCE with a running baseline: ``Reinforce``.
    case reinforce
    /// Proximal policy optimisation: ``PPO``.
    case ppo
    /// Deep deterministic policy gradient: ``DDPG``.
    case ddpg
    /// DDPG with AMC's state, settings and action clipping: ``AMC``.
    case amc
    /// The mildest single sparsity for all layers: ``Uniform``.
    case uniform
    /// Random levels that meet the target: ``RandomSearch``.
    case random
    /// One threshold of magnitude for all layers: ``GlobalMagnitude``.
    case magnitude
    /// Erdős–Rényi densities: ``ERK``.
    case erk
    /// Less sparsity where there are outliers: ``OWL``.
    case owl
    /// Least output error for each saved millisecond: ``Greedy``.
    case greedy
    /// Dynamic programming with searched coefficients: ``SPDY``.
    case spdy
    /// Evolution by level switches: ``EvoPress``.
    case evopress

    /// Finds an agent by name.
    /// - Throws: ``SearchError/unknownAgent(found:allowed:)``.
    public init(name: String) throws {
        guard let kind = AgentKind(rawValue: name) else {
            throw SearchError.unknownAgent(found: name, allowed: Self.allCases.map(\.rawValue))
        }
        self = kind
    }

    /// The type that implements it.
    public var type: any Agent.Type {
        switch self {
        case .natural: NaturalGradient.self
        case .reinforce: Reinforce.self
        case .ppo: PPO.self
        case .ddpg: DDPG.self
        case .amc: AMC.self
        case .uniform: Uniform.self
        case .random: RandomSearch.self
        case .magnitude: GlobalMagnitude.self
        case .erk: ERK.self
        case .owl: OWL.self
        case .greedy: Greedy.self
        case .spdy: SPDY.self
        case .evopress: EvoPress.self
        }
    }

    /// Whether it can search a range of targets.
    public var servesRanges: Bool { self == .natural }

    /// Makes a new agent.
    public func make(costs: LevelCosts, target: Target, budget: Int, seed: UInt64) -> any Agent {
        type.init(costs: costs, target: target, budget: budget, seed: seed)
    }
}
