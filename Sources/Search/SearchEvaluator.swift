import Environments
import Evaluation
import Levels
import Models
import Pruning
import Runs
import Tensors

/// Evaluates policies on a model and its data.
public final class SearchEvaluator<Model: SearchableModel>: Evaluator {
    /// Puts candidates together.
    let candidates: CandidateModels<Model.Network>
    private let inputs: SearchInputs<Model>
    private let weights: LevelWeights
    /// Tells the effects of switches, where the model has a backward pass.
    private let switches: (any SwitchEffects)?
    private let denseReward: Double
    /// Of the dense model on the data that the final policy is picked by, the same for every candidate.
    private lazy var denseCheck = inputs.data.check.score(inputs.model.network, pool: inputs.pool)

    init(_ inputs: SearchInputs<Model>, weights: LevelWeights) throws {
        self.inputs = inputs
        self.weights = weights
        candidates = try CandidateModels(
            dense: inputs.base.network, weights: weights, for: inputs.options.latencyOf,
            formats: inputs.components.capabilities.formats)
        switches = try inputs.model.switches(inputs, levels: weights)
        denseReward = inputs.data.reward.score(inputs.model.network, pool: inputs.pool)
    }

    /// The quality of a policy's model, as a fraction of the dense model's, on the reward data.
    public func quality(of policy: [Int]) throws -> Double {
        try score(inputs.data.reward, policy) / denseReward
    }

    /// The same on data that no reward was computed on.
    func checkedQuality(of policy: [Int]) throws -> Double {
        try score(inputs.data.check, policy) / denseCheck
    }

    /// What a model's embeddings keep of the dense model's space, on the same data.
    func checkedSpace(of model: Model.Network) -> SpaceKept? {
        inputs.data.check.space(of: model, dense: inputs.model.network, pool: inputs.pool)
    }

    /// The standard error of that quality: how much it differs between random halves of the data, which is as much as
    /// between data sets of the whole's size (half-samples: McCarthy, 1969); nil for data that cannot be cut up.
    func checkedError(of model: Model.Network, progress: (Double) -> Void) -> Double? {
        var qualities: [Double] = []
        for number in 0..<Self.halves {
            progress(Double(number) / Double(Self.halves))
            var random = CounterBasedRandom(
                seed: inputs.options.seed, stream: .checkHalves, member: UInt64(number))
            guard let half = inputs.data.check.part(share: 0.5, using: &random) else { return nil }
            qualities.append(
                half.score(model, pool: inputs.pool) / half.score(inputs.model.network, pool: inputs.pool))
        }
        let mean = qualities.reduce(0, +) / Double(qualities.count)
        let squares = qualities.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(qualities.count - 1)).squareRoot()
    }

    private static var halves: Int { 10 }

    /// How much quality each layer loses at each level when it alone is pruned: by gradients where there are
    /// some, else by evaluations.
    func sensitivities(progress: (Double) -> Void) throws -> Sensitivities.Estimate {
        let estimate =
            try switches?.sensitivities()
            ?? Sensitivities.addingWidths(
                to: Sensitivities.estimate(
                    levels: weights.levels, layers: weights.layers, errors: weights.errors,
                    tokensPerEvaluation: inputs.data.reward.tokens, quality: quality(of:), progress: progress),
                levels: weights.levels, layers: weights.layers, errors: weights.errors,
                tokensPerEvaluation: inputs.data.reward.tokens, quality: quality(of:), progress: progress)
        return try Sensitivities.addingRemovals(
            to: estimate, levels: weights.levels, layers: weights.layers,
            tokensPerEvaluation: inputs.data.reward.tokens, quality: quality(of:), progress: progress)
    }

    /// Nil for effects of a model without a backward pass, and for data that cannot be cut up.
    public func tokenPasses(for question: EvaluatorQuestion) -> Int? {
        switch question {
        case .effects(let number): switches?.tokenPasses(number: number)
        case .scores(let share, let number): part(share, number)?.tokens
        }
    }

    /// What a switch of each level would do at a policy.
    public func effects(of policy: [Int], number: Int) throws -> LevelEffects {
        guard let switches else {
            throw Issue(
                .unsupported, .other("effects"), found: "a model without a backward pass", allowed: "one with"
            )
        }
        return try switches.effects(of: policy, number: number)
    }

    /// Scores of policies on a part of the reward data.
    public func scores(of policies: [[Int]], share: Double, number: Int) throws -> [Double] {
        guard let part = part(share, number) else {
            throw Issue(
                .unsupported, .other("scores"), found: "reward data that cannot be cut up",
                allowed: "data in parts")
        }
        return try policies.map { try score(part, $0) }
    }

    private func score(_ task: any ModelTask<Model.Network>, _ policy: [Int]) throws -> Double {
        task.score(try candidates.model(policy, pool: inputs.pool), pool: inputs.pool)
    }

    private func part(_ share: Double, _ number: Int) -> (any ModelTask<Model.Network>)? {
        var random = CounterBasedRandom(seed: UInt64(number), stream: .screening)
        return inputs.data.reward.part(share: share, using: &random)
    }
}
