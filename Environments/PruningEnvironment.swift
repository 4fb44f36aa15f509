import Levels

/// How much each part of the reward counts.
public struct RewardWeights: Sendable, Equatable, Codable {
    /// Weight of quality, as a fraction of the dense model's.
    public var quality = 1.0
    /// Weight of the latency saved, as a fraction of dense.
    public var latency = 0.02
    /// Weight of the bytes saved, as a fraction of dense.
    public var size = 0.02
    /// Weight, within quality, of how near embeddings stay to the dense model's, against 1 for how similarities agree.
    public var space = 0.0

    public init() {}

    /// Reads weights; those of earlier versions have none for space.
    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        quality = try values.decode(Double.self, forKey: .quality)
        latency = try values.decode(Double.self, forKey: .latency)
        size = try values.decode(Double.self, forKey: .size)
        space = try values.decodeIfPresent(Double.self, forKey: .space) ?? 0
    }
}

/// The environment of a search: the layers of a model in order, a level for each, and at the end the
/// evaluation of the model that this policy makes.
///
/// Levels with which the target could no longer be met, however fast and small all later layers were,
/// are masked; so every episode ends within the target. So are levels of another structure than that of the layers
/// before in the same sublayer.
public final class PruningEnvironment: Environment {
    /// What is known beforehand.
    public let costs: LevelCosts
    /// Token-passes so far, those of the preparation included.
    public private(set) var tokenPasses: Int
    private let budget: Int
    private let weights: RewardWeights
    private let evaluator: any Evaluator
    private var episode: Episode?
    private let expectedLoss: [[Double]]
    private let reserves: Reserves

    private struct Episode {
        let target: Target
        var actions: [Int] = []
        var latencyMs: Double
        var sizeBytes: Int
    }

    /// Makes an environment.
    ///
    /// - Parameters:
    ///   - budget: what may be spent, in evaluations of a policy; calibration, sensitivities and effects
    ///     count by the tokens that they run the model on.
    ///   - tokenPasses: what an interrupted run has spent; nil for none but the preparation.
    ///   - evaluator: evaluates policies.
    public init(
        costs: LevelCosts, weights: RewardWeights = RewardWeights(), budget: Int, tokenPasses: Int? = nil,
        evaluator: any Evaluator
    ) {
        self.costs = costs
        expectedLoss = costs.expectedLoss
        reserves = Reserves(costs)
        self.weights = weights
        self.budget = budget
        self.tokenPasses = tokenPasses ?? costs.accounting.preparationTokens
        self.evaluator = evaluator
    }

    private var tokensLeft: Int { budget * costs.accounting.tokensPerEvaluation - tokenPasses }

    /// How many more policies may be evaluated.
    public var evaluationsLeft: Int { max(0, tokensLeft) / costs.accounting.tokensPerEvaluation }

    /// What a switch of each level would do at a policy; nil where nothing can tell or the budget is too
    /// small.
    public func effects(of actions: [Int]) throws -> LevelEffects? {
        let number = tokenPasses
        guard let cost = evaluator.tokenPasses(for: .effects(number: number)), cost <= tokensLeft else {
            return nil
        }
        let effects = try evaluator.effects(of: actions, number: number)
        tokenPasses += cost
        return effects.knowingRemovals(costs)
    }

    /// Scores of policies on a part of the reward data; nil where there is none, or nothing would be left to
    /// evaluate one of them.
    public func screen(_ policies: [[Int]], share: Double) throws -> [Double]? {
        let number = tokenPasses
        guard let each = evaluator.tokenPasses(for: .scores(share: share, number: number)) else {
            return nil
        }
        let cost = each * policies.count
        guard cost + costs.accounting.tokensPerEvaluation <= tokensLeft else { return nil }
        let scores = try evaluator.scores(of: policies, share: share, number: number)
        tokenPasses += cost
        return scores
    }

    /// Starts an episode.
    public func reset(target: Target) throws -> Observation {
        guard target.latencyMs.isFinite, target.latencyMs >= costs.leastLatencyMs else {
            throw Issue.impossibleLatency(target, of: costs)
        }
        if let size = target.sizeBytes, size < costs.leastSizeBytes {
            throw Issue.impossibleSize(size, of: costs)
        }
        let start = Episode(
            target: target, latencyMs: costs.overheadMs, sizeBytes: costs.otherSizeBytes)
        episode = start
        return observation(start)
    }

    /// Decides the level of the present layer; after the last one, evaluates the policy.
    public func step(_ action: Int) throws -> StepResult {
        guard var episode else { throw Issue.noEpisode }
        let layer = episode.actions.count
        let mask = mask(episode)
        guard mask.indices.contains(action), mask[action] else {
            throw Issue.invalidAction(action, layer: costs.layers[layer], mask: mask)
        }
        if layer + 1 == costs.layers.count, evaluationsLeft == 0 {
            throw Issue.spentBudget(budget)
        }
        episode.actions.append(action)
        episode.latencyMs += costs.latencyMs[layer][action]
        episode.sizeBytes += costs.sizeBytes[layer][action]
        guard episode.actions.count == costs.layers.count else {
            self.episode = episode
            return .next(observation(episode))
        }
        self.episode = nil
        tokenPasses += costs.accounting.tokensPerEvaluation
        return .terminated(
            RewardTerms(
                try evaluator.quality(of: episode.actions), of: episode.actions, costs: costs,
                weights: weights))
    }

    private func mask(_ episode: Episode) -> [Bool] {
        let layer = episode.actions.count
        guard layer < costs.layers.count else { return costs.levels.map { _ in false } }
        let first = reserves.firstOfGroup[layer]
        // Sums in another order may differ in the last bits: the slack keeps the fastest policy allowed.
        let slack = episode.target.latencyMs * 1e-9
        var mask = costs.levels.map { _ in false }
        for (structure, levels) in costs.structures.enumerated() {
            // A sublayer is removed as a whole.
            guard first == layer || levels.contains(episode.actions[first]) else { continue }
            let (latencyAfter, sizeAfter) = (
                reserves.latencyMs[structure][layer], reserves.sizeBytes[structure][layer]
            )
            for level in levels {
                mask[level] =
                    episode.latencyMs + costs.latencyMs[layer][level] + latencyAfter
                    <= episode.target.latencyMs + slack
                    && (episode.target.sizeBytes.map {
                        episode.sizeBytes + costs.sizeBytes[layer][level] + sizeAfter <= $0
                    } ?? true)
            }
        }
        return mask
    }

    private func observation(_ episode: Episode) -> Observation {
        let layer = episode.actions.count
        return Observation(
            layer: layer, remainingLatencyMs: episode.target.latencyMs - episode.latencyMs,
            remainingSizeBytes: episode.target.sizeBytes.map { $0 - episode.sizeBytes },
            target: episode.target, actions: episode.actions,
            progress: min(1, Double(tokenPasses) / Double(budget * costs.accounting.tokensPerEvaluation)),
            mask: mask(episode),
            features: features(episode, layer))
    }

    /// Numbers of a state besides two for each level.
    static let stateFeatures = 7

    private func features(_ episode: Episode, _ layer: Int) -> [Float] {
        let dense = costs.denseLatencyMs
        let alone = costs.denseLayerLatencyMs
        let largest = alone.max() ?? 1
        let state = [
            Double(layer) / Double(costs.layers.count),
            alone[layer] / largest,
            alone[layer] / dense,
            episode.latencyMs / dense,
            (episode.target.latencyMs - episode.latencyMs) / dense,
            episode.target.latencyMs / dense,
            Double(episode.actions.last ?? costs.levels.dense) / Double(costs.levels.count),
        ]
        assert(state.count == Self.stateFeatures)
        let latencies = costs.latencyMs[layer].map { $0 / largest }
        return (state + latencies + expectedLoss[layer]).map(Float.init)
    }
}

/// What the layers after one take at least, by the structure of its own sublayer.
private struct Reserves {
    /// The first layer of each layer's group.
    private(set) var firstOfGroup: [Int] = []
    /// [structure][layer]
    private(set) var latencyMs: [[Double]]
    /// [structure][layer]
    private(set) var sizeBytes: [[Int]]

    init(_ costs: LevelCosts) {
        for group in costs.groups { firstOfGroup += group.map { _ in group[0] } }
        latencyMs = Self.after(costs.latencyMs, costs)
        sizeBytes = Self.after(costs.sizeBytes, costs)
    }

    private static func after<Value: Numeric & Comparable>(
        _ table: [[Value]], _ costs: LevelCosts
    ) -> [[Value]] {
        let structures = costs.structures
        var result = structures.map { _ in [Value](repeating: 0, count: table.count) }
        var later = Value.zero
        for group in costs.groups.reversed() {
            var sums = structures.map { _ in later }
            for layer in group.reversed() {
                for (structure, levels) in structures.enumerated() {
                    result[structure][layer] = sums[structure]
                    sums[structure] += levels.map { table[layer][$0] }.min() ?? 0
                }
            }
            later = sums.min() ?? later
        }
        return result
    }
}
