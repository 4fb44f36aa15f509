import Environments
import Testing

@testable import Agents

@Suite struct EnvironmentTests {
    @Test func theToyKeepsTheContract() throws {
        let target = ChainEnvironment(problem: 1, budget: 4).usualTarget
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 1, budget: 4) }
    }

    @Test func theToyKeepsTheContractWithALimitOnSize() throws {
        let toy = ChainEnvironment(problem: 2, budget: 4)
        let target = SearchTarget(latencyMs: toy.usualTarget.latencyMs, sizeBytes: toy.costs.sizeLimit)
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 2, budget: 4) }
    }
}
