import ChainProblem
import Environments
import Foundation
import Testing

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

    /// Files of versions that had one table for sensitivities and output errors.
    @Test func costsOfEarlierVersionsAreRead() throws {
        let costs = ChainEnvironment(problem: 1, budget: 1).costs
        var object = try #require(
            try JSONSerialization.jsonObject(with: JSONEncoder().encode(costs)) as? [String: Any])
        object["outputError"] = nil
        let read = try JSONDecoder().decode(
            LevelCosts.self, from: JSONSerialization.data(withJSONObject: object))
        #expect(read.sensitivity == costs.sensitivity && read.outputError == costs.sensitivity)
        object["outputError"] = [[0.5]]
        #expect(throws: DecodingError.self) {
            try JSONDecoder().decode(
                LevelCosts.self, from: JSONSerialization.data(withJSONObject: object))
        }
    }

    /// Scores on parts are paid for by their tokens, and never take what the evaluation after them needs.
    @Test func scoresOnPartsArePaidFor() throws {
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let (known, tokens) = (toy.costs, 64)
        let costs = LevelCosts(
            layers: known.layers, levels: known.levels, latencyMs: known.latencyMs,
            overheadMs: known.overheadMs, sizeBytes: known.sizeBytes, otherSizeBytes: known.otherSizeBytes,
            sensitivity: known.sensitivity, outputError: known.outputError,
            accounting: .init(tokensPerEvaluation: tokens))
        let environment = PruningEnvironment(
            costs: costs, budget: 2, evaluator: ChainEvaluator(toy: toy, tokens: tokens))
        let policies = (0..<8).map { [Int](repeating: $0, count: costs.layers.count) }
        let scores = try #require(try environment.screen(policies, share: 1.0 / 16))
        #expect(scores == policies.map { -toy.loss(of: $0) })
        #expect(environment.tokenPasses == 8 * 4)
        #expect(environment.evaluationsLeft == 1)
        #expect(try environment.screen(policies, share: 1.0 / 8) == nil)
        #expect(environment.tokenPasses == 8 * 4)
        #expect(try environment.screen(policies, share: 1.0 / 16) != nil)
        #expect(environment.evaluationsLeft == 1)
        let unable = PruningEnvironment(
            costs: costs, budget: 2, evaluator: ChainEvaluator(toy: toy, tokens: nil))
        #expect(try unable.screen(policies, share: 1.0 / 16) == nil && unable.tokenPasses == 0)
    }

    /// Effects are paid for, and not asked for when the budget is too small.
    @Test func effectsArePaidFor() throws {
        let toy = ChainEnvironment(problem: 1, budget: 1)
        let evaluator = ChainEvaluator(toy: toy, tokens: 1)
        let policy = toy.costs.densePolicy
        let environment = PruningEnvironment(costs: toy.costs, budget: 5, evaluator: evaluator)
        let effects = try #require(try environment.effects(of: policy))
        #expect(effects.slope[0][3] == toy.loss(of: [3] + policy.dropFirst()) - toy.loss(of: policy))
        #expect(environment.tokenPasses == 3 && environment.evaluationsLeft == 2)
        #expect(try environment.effects(of: policy) == nil && environment.tokenPasses == 3)
    }

    /// The environment of searches keeps the contract too.
    @Test func theEnvironmentOfSearchesKeepsTheContract() throws {
        let toy = ChainEnvironment(problem: 1, budget: 4)
        try checkEnvironment(target: toy.usualTarget, budget: 4) {
            PruningEnvironment(
                costs: toy.costs, budget: 4, evaluator: ChainEvaluator(toy: toy, tokens: nil))
        }
    }

    @Test func theToyKeepsTheContractWithALimitOnSize() throws {
        let toy = ChainEnvironment(problem: 2, budget: 4)
        let target = toy.costs.target(latencyMs: toy.usualTarget.latencyMs, sizeBytes: toy.costs.sizeLimit)
        try checkEnvironment(target: target, budget: 4) { ChainEnvironment(problem: 2, budget: 4) }
    }
}
