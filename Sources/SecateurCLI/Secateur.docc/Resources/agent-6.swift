/// The agents there are, by the names that users type.
public enum AgentKind: String, CaseIterable, Sendable {
    /// Natural policy gradient with sensitivities as prior: ``Reinforce``.
    case reinforce
    /// The mildest single sparsity for all layers: ``Uniform``.
    case uniform
    /// Random levels that meet the target: ``RandomSearch``.
    case random
    /// Changes to the best policy so far: ``HillClimbing``.
    case climbing

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
        case .climbing: HillClimbing.self
        }
    }

    /// Makes a new agent.
    public func make(costs: LevelCosts, target: SearchTarget, budget: Int, seed: UInt64) -> any Agent {
        type.init(costs: costs, target: target, budget: budget, seed: seed)
    }
}
