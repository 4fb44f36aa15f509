import Environments
import Evaluation
import Foundation
import Pruning
import Tensors
import Training
import Transformers

/// What a switch of each level would do to an encoder's fidelity: slopes by a backward pass at the present
/// weights, curvature by backward passes of random projections at the dense ones.
///
/// The curvature of a layer is Kronecker-factored, H = G ⊗ A with A the covariance of its inputs and G that
/// of the gradients at its outputs (Martens and Grosse, ICML 2015), and scaled so that over all levels it
/// agrees with E[⟨∂f/∂W, Δ⟩²], of which a few projections give an unbiased but noisy estimate.
final class EncoderSwitches: SwitchEffects {
    /// Random projections that the curvature is estimated from.
    private static let projections = 6
    /// One in how many sentences is looked at.
    private static let share = 2
    /// The fewest sentences whose similarities mean something.
    private static let leastSentences = 24
    /// How far the scale of a layer's curvature follows its own projections, and not those of all layers.
    private static let ownScale = 0.7

    private let changes: LevelChanges
    private let weights: [Parameter]
    private let gradients: FidelityGradients
    private let sequences: [[Int32]]
    private let encoder: Encoder
    private lazy var embeddings = encoder.embed(sequences, pool: pool)
    private let seed: UInt64
    private let pool: ThreadPool
    private lazy var factored = Result { try factor() }

    /// Takes a dense encoder's folder, and sentences.
    ///
    /// - Parameter spaceWeight: how much the space that is kept counts in the fidelity.
    init(
        folder: String, encoder: Encoder, sequences: [[Int32]], levels: LevelWeights, spaceWeight: Double,
        seed: UInt64, pool: ThreadPool
    ) throws {
        let training = try EncoderTraining(
            folder: folder, architectures: Architectures([encoder.architecture]), task: .sts, classes: 0,
            maximumTokens: .max, seed: seed)
        weights = training.graph.prunable
        changes = LevelChanges(levels: levels, dense: weights.map(\.value))
        gradients = FidelityGradients(
            graph: training.graph, pooling: training.modules.pooling, spaceWeight: spaceWeight, pool: pool)
        self.sequences = sequences
        self.encoder = encoder
        self.seed = seed
        self.pool = pool
    }

    /// Half of the sentences, once forward and once backward.
    func tokenPasses(number: Int) -> Int {
        3 * tokens(subset(number))
    }

    /// The slopes at a policy, on a part of the sentences that `number` fixes, and the curvature.
    func effects(of actions: [Int], number: Int) throws -> LevelEffects {
        let factors = try factored.get()
        for (layer, level) in actions.enumerated() {
            weights[layer].value = try changes.weight(layer, level)
        }
        let chosen = subset(number)
        _ = gradients.loss(chosen.map { sequences[$0] }, dense: embeddings.selectingRows(chosen))
        let (changes, slopes) = (changes, weights.map(\.gradient))
        let tables = try pool.map(count: changes.dense.count) { layer in
            try changes.effects(layer, now: actions[layer], gradient: slopes[layer], factors[layer])
        }
        return LevelEffects(slope: tables.map(\.slope), curvature: tables.map(\.curvature))
    }

    /// The curvature at dense: what each level would lose alone.
    func sensitivities() throws -> Sensitivities.Estimate {
        let factors = try factored.get()
        return Sensitivities.Estimate(
            values: factors.map(\.alone),
            tokenPasses: (1 + 2 * Self.projections) * tokens(subset(0)))
    }

    // MARK: Curvature

    private func factor() throws -> [Factors] {
        for (layer, weight) in changes.dense.enumerated() { weights[layer].value = weight }
        var random = CounterBasedRandom(seed: seed, stream: .curvature)
        let chosen = subset(0).map { sequences[$0] }
        let tokens = chosen.reduce(0) { $0 + $1.count }
        let (changes, curvatures) = (
            changes, gradients.curvature(chosen, projections: Self.projections, random: &random)
        )
        let estimates = try pool.map(count: changes.dense.count) { layer in
            try changes.losses(layer, curvatures[layer], tokens: tokens)
        }
        let small = estimates.map { pairs in
            pairs.indices.filter { changes.levels.levels[$0].width == 1 }.map { pairs[$0] }
        }
        let common = Self.logarithmicRatio(small.joined())
        return zip(curvatures, zip(estimates, small)).map { curvature, estimates in
            let (pairs, small) = estimates
            let own = Self.logarithmicRatio(small)
            let scale = exp(Self.ownScale * own + (1 - Self.ownScale) * common)
            return Factors(
                inputs: curvature.inputs,
                outputs: curvature.outputs.scaled(by: Float(scale / Double(tokens))),
                alone: pairs.map { max(0, scale * $0.factored) })
        }
    }

    /// The mean of log(exact / factored): each level counts alike, however much it loses, but for those that remove
    /// heads, neurons or a sublayer, which is no small change.
    private static func logarithmicRatio(_ pairs: some Sequence<LevelChanges.Loss>) -> Double {
        let ratios = pairs.filter { $0.factored > 0 && $0.exact > 0 }.map { log($0.exact / $0.factored) }
        return ratios.isEmpty ? 0 : ratios.reduce(0, +) / Double(ratios.count)
    }

    // MARK: Sentences

    /// The first half of the sentences in an order of its own, as indices.
    private func subset(_ number: Int) -> [Int] {
        let count = min(sequences.count, max(Self.leastSentences, sequences.count / Self.share))
        var random = CounterBasedRandom(seed: seed, stream: .effects, member: UInt64(number))
        return Array(sequences.indices.shuffled(using: &random).prefix(count))
    }

    private func tokens(_ indices: [Int]) -> Int {
        indices.reduce(0) { $0 + sequences[$1].count }
    }

}

/// The curvature of one layer.
private struct Factors: Sendable {
    /// A [columns × columns].
    let inputs: Matrix
    /// G [rows × rows], with the scale of the layer.
    let outputs: Matrix
    /// ½ tr(G·Δ·A·Δᵀ) for Δ from dense to each level.
    let alone: [Double]
}

/// What each level changes in the weights, and what that does.
private struct LevelChanges: Sendable {
    let levels: LevelWeights
    /// The dense weights.
    let dense: [Matrix]

    /// Two estimates of what a level of a layer alone loses.
    struct Loss {
        /// By the Kronecker factors.
        let factored: Double
        /// By the projections: unbiased, but noisy.
        let exact: Double
    }

    /// Of a sublayer that is removed, its last layer alone counts: whatever the others give goes into that.
    func weight(_ layer: Int, _ level: Int) throws -> Matrix {
        let isRemoved = level == levels.levels.removed
        return levels.isUnchanged(level) || (isRemoved && !levels.layers[layer].role.endsSublayer)
            ? dense[layer] : try levels.weight(layer: layer, level: level).expanded(in: dense[layer])
    }

    /// W(level) − W(dense).
    private func change(_ layer: Int, _ level: Int) throws -> Matrix {
        var change = dense[layer].scaled(by: -1)
        change.add(try weight(layer, level))
        return change
    }

    /// What each level of a layer loses alone.
    func losses(_ layer: Int, _ curvature: FidelityGradients.Curvature, tokens: Int) throws -> [Loss] {
        try levels.levels.indices.map { level in
            let change = try change(layer, level)
            let factored = BLAS.dot(Self.product(curvature.outputs, change, curvature.inputs), change)
            let squares = curvature.projections.map { pow(BLAS.dot($0, change), 2) }
            return Loss(
                factored: 0.5 * factored / Double(tokens),
                exact: 0.5 * squares.reduce(0, +) / Double(squares.count))
        }
    }

    /// Slopes and curvature of the switches of a layer from its present level.
    func effects(
        _ layer: Int, now: Int, gradient: Matrix, _ factors: Factors
    ) throws -> (slope: [Double], curvature: [Double]) {
        let here = try change(layer, now)
        let pull = Self.product(factors.outputs, here, factors.inputs)
        let slopeHere = BLAS.dot(gradient, here)
        var (slope, curvature) = ([Double](), [Double]())
        for level in levels.levels.indices {
            let there = try change(layer, level)
            slope.append(level == now ? 0 : BLAS.dot(gradient, there) - slopeHere)
            let bend = factors.alone[level] + factors.alone[now] - BLAS.dot(pull, there)
            curvature.append(level == now ? 0 : max(0, bend))
        }
        return (slope, curvature)
    }

    /// G·Δ·A.
    private static func product(_ outputs: Matrix, _ change: Matrix, _ inputs: Matrix) -> Matrix {
        var (left, result) = (change, change)
        BLAS.multiply(outputs, change, into: &left)
        BLAS.multiply(left, inputs, into: &result)
        return result
    }
}
