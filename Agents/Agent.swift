import Environments
import HDF5

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
    /// Whether it has another policy to propose.
    var wantsMore: Bool { get }
    /// The reward it expected when the present episode began; NaN if it does not estimate one.
    var baseline: Double { get }
    /// A new agent that has seen nothing but the tables.
    init(costs: LevelCosts, target: SearchTarget, budget: Int, seed: UInt64)
    /// Continues with a state that ``save(to:)`` wrote.
    /// - Throws: `HDF5Error` or ``SearchError`` when the state is damaged or of another problem.
    init(restoring group: HDF5Group, costs: LevelCosts, target: SearchTarget, budget: Int) throws
    /// Chooses the level of one layer, among those that are not masked.
    mutating func act(_ observation: Observation) -> Int
    /// Learns from an episode.
    mutating func finish(_ episode: Episode)
    /// Writes everything that ``init(restoring:costs:target:budget:)`` needs.
    /// - Throws: `HDF5Error`.
    func save(to group: HDF5Group) throws
}

/// The agents there are, by the names that users type.
public enum AgentKind: String, CaseIterable, Sendable {
    /// Natural policy gradient with sensitivities as prior: ``Reinforce``.
    case reinforce
    /// The mildest single sparsity for all layers: ``Uniform``.
    case uniform
    /// Random levels that meet the target: ``RandomSearch``.
    case random

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
        case .reinforce: Reinforce.self
        case .uniform: Uniform.self
        case .random: RandomSearch.self
        }
    }

    /// Makes a new agent.
    public func make(costs: LevelCosts, target: SearchTarget, budget: Int, seed: UInt64) -> any Agent {
        type.init(costs: costs, target: target, budget: budget, seed: seed)
    }
}
