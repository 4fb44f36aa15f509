import Environments
import Levels

/// The agents there are, by the names that users type.
///
///     let agents = AgentRegistry.standard.adding(HillClimbing.self)
///     try agents.agent(named: "climbing")
public struct AgentRegistry: Sendable {
    /// Their types, in the order in which they are listed.
    public let agents: [any Agent.Type]

    /// The agents of this project, the default first.
    public static let standard = AgentRegistry([
        NaturalGradient.self, Reinforce.self, PPO.self, DDPG.self, AMC.self, Uniform.self, RandomSearch.self,
        GlobalMagnitude.self, ERK.self, OWL.self, Greedy.self, SPDY.self, EvoPress.self, HAQ.self,
        AutoScheme.self,
    ])

    private init(_ agents: [any Agent.Type]) {
        self.agents = agents
    }

    /// The same agents and one more, which takes the place of one that has its name.
    public func adding(_ agent: any Agent.Type) -> AgentRegistry {
        AgentRegistry(agents.filter { $0.name != agent.name } + [agent])
    }

    /// What users call them.
    public var names: [String] { agents.map { $0.name } }

    /// Finds an agent by name.
    /// - Throws: `Issue`.
    public func agent(named name: String) throws -> any Agent.Type {
        guard let agent = agents.first(where: { $0.name == name }) else {
            throw Issue(
                .unsupported, .option("agent"), found: "'\(name)'", allowed: names.joined(separator: ", "))
        }
        return agent
    }

    /// Makes a new agent.
    ///
    /// - Parameter options: settings by name; those that are left out are at their defaults.
    /// - Throws: `Issue` for an unknown name, an unknown option or a value out of range.
    public func make(
        _ name: String, costs: LevelCosts, target: Target, budget: Int, seed: UInt64,
        options: [String: String] = [:]
    ) throws -> any Agent {
        try agent(named: name).make(
            costs: costs, target: target, budget: budget, seed: seed, options: options)
    }
}

extension Agent {
    /// Makes a new agent, with settings by name.
    /// - Throws: `Issue` for an unknown option or a value out of range.
    public static func make(
        costs: LevelCosts, target: Target, budget: Int, seed: UInt64, options: [String: String]
    ) throws -> Self {
        Self(
            costs: costs, target: target, budget: budget, seed: seed,
            settings: try Settings(options, of: name))
    }

    /// Refuses options that it does not have.
    /// - Throws: `Issue`.
    public static func require(_ options: [String: String]) throws {
        _ = try Settings(options, of: name)
    }

    /// The names of its options.
    public static var optionNames: [String] { Settings.options.map(\.name) }

    /// Its options, their defaults and what they do, a line each.
    public static var optionsHelp: [String] {
        Settings.options.map {
            "\($0.name)=\($0.text(Settings())): \($0.help) (\($0.allowed))"
        }
    }
}
