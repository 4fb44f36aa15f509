/// What an environment evaluates policies with: the model, its data, and where there is one its backward
/// pass.
///
/// A policy is a level index for every layer. Two conform: what a search makes of a model, and the tests'
/// own.
public protocol Evaluator {
    /// The quality of a policy's model on the reward data, as a fraction of the dense model's.
    ///
    /// Costs what ``LevelCosts/Accounting/tokensPerEvaluation`` says: it is stored with the costs, so that a
    /// resumed run counts as it began.
    func quality(of policy: [Int]) throws -> Double
    /// Token-passes that an answer to a question takes; nil for a question that it cannot answer.
    func tokenPasses(for question: EvaluatorQuestion) -> Int?
    /// What a switch of each level would do at a policy, on the data that `number` fixes.
    func effects(of policy: [Int], number: Int) throws -> LevelEffects
    /// Scores of policies on the part of the reward data that `number` fixes; only their order means
    /// something.
    func scores(of policies: [[Int]], share: Double, number: Int) throws -> [Double]
}

/// What an evaluator may be asked besides the quality of a policy.
public enum EvaluatorQuestion: Sendable, Equatable {
    /// ``Evaluator/effects(of:number:)``
    case effects(number: Int)
    /// ``Evaluator/scores(of:share:number:)`` of one policy.
    case scores(share: Double, number: Int)
}

/// What a switch of one layer to another level would do to the loss of quality, as far as gradients tell;
/// [layer][level], 0 for the present level.
public struct LevelEffects: Sendable, Equatable {
    /// ⟨∂loss/∂W, W(a) − W(now)⟩.
    public let slope: [[Double]]
    /// ½ Δᵀ·H·Δ with Δ = W(a) − W(now) and H the curvature of the loss at the dense weights; never negative.
    public let curvature: [[Double]]

    /// Takes the tables.
    public init(slope: [[Double]], curvature: [[Double]]) {
        self.slope = slope
        self.curvature = curvature
    }
}

extension LevelEffects {
    /// The same, in which removing a sublayer does what was measured: it is no small step from where gradients are.
    ///
    /// It loses, compared with dense, what ``LevelCosts/sensitivity`` says of it.
    func knowingRemovals(_ costs: LevelCosts) -> LevelEffects {
        guard let removed = costs.levels.removed, costs.hasSensitivities else { return self }
        let dense = costs.levels.dense
        var (slope, curvature) = (slope, curvature)
        for layer in slope.indices {
            slope[layer][removed] = slope[layer][dense]
            curvature[layer][removed] = curvature[layer][dense] + costs.sensitivity[layer][removed]
        }
        return LevelEffects(slope: slope, curvature: curvature)
    }
}
