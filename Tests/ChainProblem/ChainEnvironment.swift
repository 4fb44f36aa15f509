import Environments
import Levels
import Tensors

/// A small control problem with a known optimum: each layer loses quality with the square of its sparsity,
/// neighbours a little more when both are sparse, and the sensitivities that the agent is told are off by a
/// factor of its own for each layer and pattern.
package final class ChainEnvironment: Environment {
    package let costs: LevelCosts
    package let budget: Int
    package var evaluationsLeft: Int { budget - tokenPasses }
    package private(set) var tokenPasses: Int
    /// Loss of a layer alone, [layer][level].
    package let lone: [[Double]]
    private let interaction: Double
    private var target: Target?
    private var actions: [Int] = []

    /// - Parameters:
    ///   - interaction: what a pair of neighbours loses when both are wholly sparse; 0 makes losses add up.
    ///   - misjudgesPatterns: whether the factor that a layer's sensitivities are off by differs between
    ///     patterns.
    package init(
        layers: Int = 16, problem: UInt64, budget: Int, spent: Int = 0, interaction: Double = 0.004,
        misjudgesPatterns: Bool = true
    ) {
        var random = CounterBasedRandom(seed: problem, stream: 99)
        let levels: LevelSet = [
            .dense, Level(pattern: .unstructured, sparsity: 0.5),
            Level(pattern: .unstructured, sparsity: 0.7),
            Level(pattern: .unstructured, sparsity: 0.8), Level(pattern: .unstructured, sparsity: 0.9),
            Level(pattern: .rowBlock4, sparsity: 0.5), Level(pattern: .rowBlock4, sparsity: 0.7),
            Level(pattern: .rowBlock4, sparsity: 0.8), Level(pattern: .rowBlock4, sparsity: 0.9),
        ]
        var (lone, told, latency, size): ([[Double]], [[Double]], [[Double]], [[Int]]) = ([], [], [], [])
        for _ in 0..<layers {
            let weight = 0.02 * (0.2 + 2 * random.nextUniform() * random.nextUniform())
            let blockFactor = 1.2 + random.nextUniform()
            let width = Double(10 + 10 * Int(random.next() % 3))
            let misjudged = (0..<2).map { _ in 0.5 + random.nextUniform() }
            lone.append([])
            told.append([])
            latency.append([])
            size.append([])
            for level in levels {
                let block = level.pattern == .rowBlock4
                let loss = weight * level.sparsity * level.sparsity * (block ? blockFactor : 1)
                lone[lone.count - 1].append(loss)
                told[told.count - 1].append(loss * misjudged[block && misjudgesPatterns ? 1 : 0])
                let speed = block ? 1 - level.sparsity : 1.25 * (1 - level.sparsity)
                latency[latency.count - 1].append(level == .dense ? width : (width * speed).rounded(.up))
                size[size.count - 1].append(Int(1_000 * width * (1 - level.sparsity)))
            }
        }
        self.lone = lone
        self.interaction = interaction
        self.budget = budget
        tokenPasses = spent
        costs = LevelCosts(
            layers: (0..<layers).map { "layer.\($0)" }, levels: levels, latencyMs: latency, overheadMs: 8,
            sizeBytes: size, otherSizeBytes: 5_000, sensitivity: told, outputError: told)
    }

    /// 40 % of what the dense model takes.
    package var usualTarget: Target { costs.target(latencyMs: (0.4 * costs.denseLatencyMs).rounded()) }

    package func loss(of actions: [Int]) -> Double {
        var sum = 0.0
        for (layer, level) in actions.enumerated() {
            sum += lone[layer][level]
            if layer > 0 { sum += pair(actions[layer - 1], level) }
        }
        return sum
    }

    private func pair(_ first: Int, _ second: Int) -> Double {
        interaction * costs.levels[first].sparsity * costs.levels[second].sparsity
    }

    /// The least loss within a latency, by dynamic programming over (level of the last layer, latency):
    /// exact, as latencies are whole milliseconds.
    package func optimalLoss(latencyMs: Double) -> Double {
        let limit = Int(latencyMs - costs.overheadMs)
        let levels = costs.levels.indices
        var value = levels.map { _ in [Double](repeating: .infinity, count: limit + 1) }
        for layer in costs.layers.indices {
            value = levels.map { level in
                let cost = Int(costs.latencyMs[layer][level])
                return (0...limit).map { spent in
                    guard spent >= cost else { return .infinity }
                    if layer == 0 { return lone[0][level] }
                    let before = levels.map { value[$0][spent - cost] + pair($0, level) }
                    return lone[layer][level] + (before.min() ?? .infinity)
                }
            }
        }
        return value.compactMap { $0.min() }.min() ?? .infinity
    }

    package func reset(target: Target) throws -> Observation {
        guard costs.leastLatencyMs <= target.latencyMs, costs.leastSizeBytes <= target.sizeBytes ?? .max
        else {
            throw target.latencyMs < costs.leastLatencyMs
                ? Issue.impossibleLatency(target, of: costs)
                : Issue.impossibleSize(target.sizeBytes ?? 0, of: costs)
        }
        self.target = target
        actions = []
        return observation(target)
    }

    package func step(_ action: Int) throws -> StepResult {
        guard let target else { throw Issue.noEpisode }
        guard evaluationsLeft > 0 else { throw Issue.spentBudget(budget) }
        let mask = observation(target).mask
        guard mask.indices.contains(action), mask[action] else {
            throw Issue.invalidAction(action, layer: costs.layers[actions.count], mask: mask)
        }
        actions.append(action)
        guard actions.count == costs.layers.count else { return .next(observation(target)) }
        self.target = nil
        tokenPasses += 1
        let quality = 1 - loss(of: actions)
        return .terminated(
            RewardTerms(
                quality: quality, latencyMs: costs.latencyMs(of: actions),
                sizeBytes: costs.sizeBytes(of: actions),
                reward: quality))
    }

    private func observation(_ target: Target) -> Observation {
        let layer = actions.count
        let left =
            target.latencyMs - zip(costs.latencyMs, actions).reduce(costs.overheadMs) { $0 + $1.0[$1.1] }
        let sizeLeft = target.sizeBytes.map { limit in
            limit - zip(costs.sizeBytes, actions).reduce(costs.otherSizeBytes) { $0 + $1.0[$1.1] }
        }
        let after = costs.latencyMs[(layer + 1)...].reduce(0) { $0 + ($1.min() ?? 0) }
        let sizeAfter = costs.sizeBytes[(layer + 1)...].reduce(0) { $0 + ($1.min() ?? 0) }
        let mask = costs.levels.indices.map { level in
            costs.latencyMs[layer][level] + after <= left
                && costs.sizeBytes[layer][level] + sizeAfter <= sizeLeft ?? .max
        }
        return Observation(
            layer: layer, remainingLatencyMs: left, remainingSizeBytes: sizeLeft, target: target,
            actions: actions, progress: Double(tokenPasses) / Double(budget),
            mask: mask, features: features(layer, leftMs: left))
    }

    /// Of about unit size, as the contract has it.
    private func features(_ layer: Int, leftMs: Double) -> [Float] {
        let widest = costs.latencyMs.compactMap(\.first).max() ?? 1
        let state = [
            Double(layer) / Double(costs.layers.count), leftMs / costs.denseLatencyMs,
            Double(actions.last ?? 0) / Double(costs.levels.count),
        ]
        return (state + costs.latencyMs[layer].map { $0 / widest } + costs.sensitivity[layer]).map(Float.init)
    }
}
