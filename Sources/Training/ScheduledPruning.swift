import Levels
import Pruning
import Tensors

/// Prunes while a model is trained: the sparsity follows a cubic schedule, and what is dropped is chosen by
/// scores that the training steps themselves give.
///
/// With magnitude, gradient, fisher and random, what is dropped stays zero and never comes back. With
/// movement, dropped weights keep their value aside and come back when their score rises (Sanh, Wolf and
/// Rush, 2020). Movement scores are trained by Adam, as the paper's authors train them: w·∂L/∂w is of another
/// size in every layer.
public final class ScheduledPruning {
    private let parameters: [Parameter]
    private let score: PruningScore
    private let pattern: Pattern
    private let scope: PruningScope
    private let schedule: CubicSchedule
    private let pool: ThreadPool
    private var random: CounterBasedRandom
    /// What the score has summed up since it was last used, by parameter.
    private var sums: [[Float]] = []
    /// Of movement pruning.
    private var movement: MovementScores?

    /// Prepares for the linear layers of a model.
    /// - Throws: `Issue` for a score or a pattern that cannot be used while training.
    public init(
        parameters: [Parameter], score: PruningScore, pattern: Pattern, scope: PruningScope,
        schedule: CubicSchedule, seed: UInt64, pool: ThreadPool
    ) throws {
        try Self.require(score, pattern)
        self.parameters = parameters
        self.score = score
        self.pattern = pattern
        self.scope = scope
        self.schedule = schedule
        self.pool = pool
        random = CounterBasedRandom(seed: seed, stream: .scheduledScores)
        switch score {
        case .movement: movement = MovementScores(parameters)
        case .gradient, .fisher:
            sums = parameters.map { [Float](repeating: 0, count: $0.value.elements.count) }
        default: break
        }
    }

    /// Refuses what cannot be used while training.
    static func require(_ score: PruningScore, _ pattern: Pattern) throws {
        guard !pattern.isStructured else {
            throw Issue(
                .mismatch, .option("pattern"),
                found: "\(pattern) for a schedule that prunes while training",
                allowed: "a pattern of weights")
        }
        guard score.evidence != .inputs else {
            throw Issue(
                .mismatch, .option("score"),
                found: "\(score.rawValue) for a schedule that prunes while training",
                allowed: "magnitude, gradient, fisher, movement, random")
        }
    }

    /// Takes the gradients of a step into account.
    func willUpdate(rate: Float) {
        movement?.learn(rate: rate, pool: pool)
        for index in sums.indices {
            let (weight, gradient) = (parameters[index].value.elements, parameters[index].gradient.elements)
            let score = score
            pool.forEachPart(of: &sums[index]) { first, sums in
                for place in sums.indices {
                    let product = weight[first + place] * gradient[first + place]
                    sums[place] += score == .fisher ? product * product / 2 : abs(product)
                }
            }
        }
    }

    /// Chooses again what is dropped, where the schedule says so; `step` is how many have been taken.
    func didUpdate(step: Int, of steps: Int) throws {
        movement?.keepAside(pool: pool)
        let progress = Double(step) / Double(steps)
        guard progress > schedule.warmUp, isChoice(step, steps) else { return }
        try prune(to: schedule.sparsity(at: progress))
    }

    /// Whether weights are chosen after a step: evenly spread, 50 times until the cool-down starts, or 400
    /// times to the very end where dropped ones come back.
    private func isChoice(_ step: Int, _ steps: Int) -> Bool {
        let first = schedule.warmUp * Double(steps)
        let (choices, end) = movement == nil ? (50.0, 1 - schedule.coolDown) : (400, 1)
        let last = end * Double(steps)
        func index(_ step: Int) -> Int {
            Int((min(Double(step), last.rounded(.up)) - first) / max(last - first, 1) * choices)
        }
        return index(step) != index(step - 1)
    }

    private func prune(to sparsity: Double) throws {
        movement?.revive()
        let importance = try parameters.indices.map { index in
            let parameter = parameters[index]
            var evidence = LayerEvidence(weight: parameter.value)
            evidence.movement = movement?.scores[index].value.elements
            if score == .gradient || score == .fisher {
                evidence.products = (sums[index], sums[index].map { 2 * $0 })
            }
            return try evidence.importance(score, layer: parameter.name, random: &random)
                .keepingDropped(parameter.mask)
        }
        let masks = try MaskSelection.masks(
            importance, pattern: pattern, sparsity: pattern.fixedSparsity ?? sparsity,
            scope: scope)
        for (parameter, mask) in zip(parameters, masks) { parameter.hold(mask) }
        sums = sums.map { [Float](repeating: 0, count: $0.count) }
    }
}
