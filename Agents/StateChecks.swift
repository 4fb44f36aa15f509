import Environments
import Levels

/// Refuses a saved state that cannot be one.
/// - Throws: `Issue`.
func requireState(_ isPlausible: Bool, _ reason: @autoclosure () -> String) throws {
    guard isPlausible else {
        throw Issue(.malformed, .other("the agent's state"), advice: reason())
    }
}

extension LevelCosts {
    /// Refuses policies of other layers or levels.
    func requirePolicies(_ policies: [[Int]], _ name: String) throws {
        try requireState(
            policies.allSatisfy { $0.count == layers.count && $0.allSatisfy(levels.indices.contains) },
            "\(name) are not policies of \(layers.count) layers and \(levels.count) levels")
    }

    /// Refuses a table of other layers or levels.
    func requireTable(_ table: [[Double]], _ name: String) throws {
        try requireState(
            table.count == layers.count && table.allSatisfy { $0.count == levels.count },
            "\(name) is not that of \(layers.count) layers and \(levels.count) levels")
    }
}
