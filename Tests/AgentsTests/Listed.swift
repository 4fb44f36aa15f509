@testable import Agents

/// Whether an agent only lists candidates, and has no use for a seed.
func isListed(_ agent: String) -> Bool {
    (try? AgentRegistry.standard.agent(named: agent)) is any ListedCandidates.Type
}
