import Environments

/// The chain's losses in memory, as if they were of a model and its data.
package struct ChainEvaluator: Evaluator {
    package let toy: ChainEnvironment
    /// Of the reward data; nil where it cannot be cut up, and nothing has a gradient.
    package let tokens: Int?

    package init(toy: ChainEnvironment, tokens: Int?) {
        self.toy = toy
        self.tokens = tokens
    }

    package func quality(of policy: [Int]) -> Double { 1 - toy.loss(of: policy) }

    /// A backward pass counts twice.
    package func tokenPasses(for question: EvaluatorQuestion) -> Int? {
        switch question {
        case .effects: tokens.map { 3 * $0 }
        case .scores(let share, _): tokens.map { Int(share * Double($0)) }
        }
    }

    package func effects(of policy: [Int], number: Int) -> LevelEffects {
        let now = toy.loss(of: policy)
        let slope = policy.indices.map { layer in
            toy.costs.levels.indices.map { level in
                var switched = policy
                switched[layer] = level
                return toy.loss(of: switched) - now
            }
        }
        return LevelEffects(slope: slope, curvature: slope.map { $0.map { _ in 0 } })
    }

    package func scores(of policies: [[Int]], share: Double, number: Int) -> [Double] {
        policies.map { -toy.loss(of: $0) }
    }
}
