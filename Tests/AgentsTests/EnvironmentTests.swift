import Environments
import Foundation
import Testing

@testable import Agents

@Suite struct EnvironmentTests {
    @Test func theToyKeepsTheContract() throws {
        let target = ChainEnvironment(problem: 1, budget: 4).usualTarget
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 1, budget: 4) }
    }

    /// Numbers whose sum overflows once crashed the reader.
    @Test func impossibleAccountsAreRefused() throws {
        let costs = ChainEnvironment(problem: 1, budget: 1).costs
        let text = try #require(String(bytes: try JSONEncoder().encode(costs), encoding: .utf8))
        #expect(try JSONDecoder().decode(LevelCosts.self, from: Data(text.utf8)) == costs)
        for (count, wrong) in [
            ("calibrationTokens\":0", "calibrationTokens\":\(Int.max)"),
            ("sensitivityTokens\":0", "sensitivityTokens\":-1"),
            ("tokensPerEvaluation\":1", "tokensPerEvaluation\":0"),
        ] {
            let damaged = text.replacing(count, with: wrong)
            #expect(damaged != text)
            #expect(throws: DecodingError.self) {
                try JSONDecoder().decode(LevelCosts.self, from: Data(damaged.utf8))
            }
        }
    }

    @Test func theToyKeepsTheContractWithALimitOnSize() throws {
        let toy = ChainEnvironment(problem: 2, budget: 4)
        let target = SearchTarget(latencyMs: toy.usualTarget.latencyMs, sizeBytes: toy.costs.sizeLimit)
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 2, budget: 4) }
    }
}
