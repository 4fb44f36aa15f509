/// The agents there are, by the names that users type.
public enum AgentKind: String, CaseIterable, Sendable {
    // …
    /// Random levels that meet the target: ``RandomSearch``.
    case random
    /// Changes to the best policy so far: ``HillClimbing``.
    case climbing

    // …

    /// The type that implements it.
    public var type: any Agent.Type {
        switch self {
        // …
        case .random: RandomSearch.self
        case .climbing: HillClimbing.self
        }
    }
}
