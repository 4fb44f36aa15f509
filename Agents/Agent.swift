import Environments
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
/// An agent is a value: copying one copies all that it has learned, and the same seed and rewards give the
/// same actions. Its state is a value of its own, which a run keeps: it is taken between episodes only, never
/// inside one.
public protocol Agent: Sendable {
    /// What of it can be tuned.
    associatedtype Settings: AgentSettings = NoSettings
    /// All that it has learned and what its next choices depend on, but for costs, target and settings.
    associatedtype State: Codable & Sendable
    static var name: String { get }
    /// Whether it goes by sensitivities, which then are estimated and paid for beforehand; without, it has
    /// the layers' relative output errors alone.
    static var usesSensitivities: Bool { get }
    /// Whether it can search a range of targets.
    static var servesRanges: Bool { get }
    /// Whether it knows that the layers of a sublayer are removed together; what others search has no such levels.
    static var choosesStructure: Bool { get }
    /// Whether it has another policy to propose.
    var wantsMore: Bool { get }
    /// The reward it expected when the present episode began; NaN if it does not estimate one.
    var baseline: Double { get }
    /// What the last ``finish(_:)`` did to it; nothing for agents that do not learn.
    var learning: LearningRecord { get }
    /// A new agent that has seen nothing but the tables.
    init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: Settings)
    /// What ``restore(_:)`` continues with.
    var state: State { get }
    /// Continues with the state of an agent that was made for the same costs, target, budget and settings.
    /// - Throws: `Issue` for a state of another problem.
    mutating func restore(_ state: State) throws
    /// Chooses the level of one layer, among those that are not masked.
    mutating func act(_ observation: Observation) -> Int
    /// Learns from an episode.
    mutating func finish(_ episode: Episode)
    /// Whether it wants to be told the effects of all switches at the policy that was just evaluated.
    var wantsEffects: Bool { get }
    /// Learns from the effects it asked for; nil where the environment cannot tell, or its budget is too
    /// small.
    mutating func learn(from effects: LevelEffects?)
    /// What it wants to have scored on a part of the reward data before it starts an episode; nil for nothing
    /// (more).
    mutating func screening(for target: Target) -> Screening?
    /// Learns the scores of what it asked for last; nil where the environment cannot tell, or its budget is
    /// too small.
    mutating func learn(fromScores scores: [Double]?)
    /// Policies that it holds to be best for a target inside of the range that it searched, without learning
    /// more; none for agents that serve one target.
    func policies(for target: Target) -> [[Int]]
}

extension Agent {
    public static var usesSensitivities: Bool { true }
    public static var servesRanges: Bool { false }
    public static var choosesStructure: Bool { false }
    public var wantsEffects: Bool { false }
    public mutating func learn(from effects: LevelEffects?) {}
    public mutating func screening(for target: Target) -> Screening? { nil }
    public mutating func learn(fromScores scores: [Double]?) {}
    public func policies(for target: Target) -> [[Int]] { [] }
    public var learning: LearningRecord { LearningRecord() }

    /// A new agent with the settings that are usual.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64) {
        self.init(costs: costs, target: target, budget: budget, seed: seed, settings: Settings())
    }
}

/// Policies to be scored on a part of the reward data.
public struct Screening: Sendable, Equatable {
    /// The policies.
    public let policies: [[Int]]
    /// The part, as a fraction.
    public let share: Double
}
