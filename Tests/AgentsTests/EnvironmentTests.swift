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

    /// Scores on parts are paid for by their tokens, and never take what the evaluation after them needs.
    @Test func scoresOnPartsArePaidFor() throws {
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let (known, tokens) = (toy.costs, 64)
        let costs = LevelCosts(
            layers: known.layers, levels: known.levels, latencyMs: known.latencyMs,
            overheadMs: known.overheadMs, sizeBytes: known.sizeBytes, otherSizeBytes: known.otherSizeBytes,
            sensitivity: known.sensitivity, accounting: .init(tokensPerEvaluation: tokens))
        let environment = PruningEnvironment(
            costs: costs, budget: 2, screening: ChainScreening(toy: toy, tokens: tokens)
        ) { 1 - toy.loss(of: $0) }
        let policies = (0..<8).map { [Int](repeating: $0, count: costs.layers.count) }
        let scores = try #require(try environment.screen(policies, share: 1.0 / 16))
        #expect(scores == policies.map { -toy.loss(of: $0) })
        #expect(environment.tokenPasses == 8 * 4)
        #expect(environment.evaluationsLeft == 1)
        #expect(try environment.screen(policies, share: 1.0 / 8) == nil)
        #expect(environment.tokenPasses == 8 * 4)
        #expect(try environment.screen(policies, share: 1.0 / 16) != nil)
        #expect(environment.evaluationsLeft == 1)
        let unable = PruningEnvironment(costs: costs, budget: 2) { 1 - toy.loss(of: $0) }
        #expect(try unable.screen(policies, share: 1.0 / 16) == nil && unable.tokenPasses == 0)
    }

    /// The toy's loss, as if it were of a part of some data.
    private struct ChainScreening: PolicyScreening {
        let toy: ChainEnvironment
        let tokens: Int

        func tokenPasses(share: Double, number: Int) -> Int? { Int(share * Double(tokens)) }

        func scores(of policies: [[Int]], share: Double, number: Int) -> [Double] {
            policies.map { -toy.loss(of: $0) }
        }
    }

    @Test func theToyKeepsTheContractWithALimitOnSize() throws {
        let toy = ChainEnvironment(problem: 2, budget: 4)
        let target = SearchTarget(latencyMs: toy.usualTarget.latencyMs, sizeBytes: toy.costs.sizeLimit)
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 2, budget: 4) }
    }
}
