import Agents
import Models

/// What a search can be made of: values that a program adds its own to.
///
///     var mine = SearchComponents.standard
///     mine.tasks = mine.tasks.adding(MyTask())
///     mine.agents = try mine.agents.adding(MyAgent.self)
public struct SearchComponents: Sendable {
    /// The tasks that options may name.
    public var tasks: SearchTasks
    /// The agents that options may name.
    public var agents: AgentRegistry
    /// Families of models and formats of levels.
    public var capabilities: Capabilities

    /// Puts components together.
    public init(
        tasks: SearchTasks = .standard, agents: AgentRegistry = .standard,
        capabilities: Capabilities = .standard
    ) {
        self.tasks = tasks
        self.agents = agents
        self.capabilities = capabilities
    }

    /// What Secateur brings.
    public static let standard = SearchComponents()
}
