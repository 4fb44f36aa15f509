/// An agent that there is not, or that cannot start as it was asked to.
public enum AgentError: Error, Equatable, CustomStringConvertible {
    /// No agent has this name.
    case unknownAgent(found: String, allowed: [String])
    /// The agent has no such option.
    case unknownOption(agent: String, found: String, allowed: [String])
    /// The option takes other values.
    case badOption(agent: String, option: String, found: String, allowed: String)
    /// A saved state is of another problem, or none that this agent saved.
    case damagedState(String)

    /// One line for people.
    public var description: String {
        switch self {
        case .unknownAgent(let found, let allowed):
            "agent: found '\(found)', allowed \(allowed.joined(separator: ", "))"
        case .unknownOption(let agent, let found, let allowed):
            "agent option: found '\(found)', allowed of agent \(agent): "
                + (allowed.isEmpty ? "none" : allowed.joined(separator: ", "))
        case .badOption(let agent, let option, let found, let allowed):
            "agent option \(option) of \(agent): found '\(found)', allowed \(allowed)"
        case .damagedState(let reason):
            "the agent's state: \(reason)"
        }
    }
}
