import Environments
import Levels

/// What a policy is expected to give: reward ≈ offset − Σ_l loss_l(a_l), fitted to all episodes.
///
/// loss_l(a) = scale · m(l, pattern of a) · prior_l(a) − r(l, a): one multiplier m for each layer and
/// pattern, normal around 1, by Bayesian ridge regression; then a residual r for each layer and level,
/// normal around 0 and held tighter. The features of such a model are those of the policy's own
/// log-probabilities, so its weights are the natural policy gradient (compatible function approximation:
/// Kakade, NeurIPS 2001; Peters and Schaal, Neurocomputing 2008).
struct Critic: Sendable {
    /// What the priors allow.
    struct Prior: Sendable, Equatable, Codable {
        /// Standard deviation of a multiplier around 1.
        var multiplierDeviation: Double
        /// Standard deviation of a residual, as a fraction of the mean loss of a layer.
        var residualDeviation: Double
        /// What the model will never explain, as a fraction of the spread of the rewards that is left to it.
        var misfit: Double
    }

    /// Expected loss of reward, [layer][level].
    let loss: [[Double]]

    /// The mean square of what the fit leaves of the rewards, about their mean.
    let unexplained: Double

    /// Fits to episodes; with none, the loss is `expected`.
    ///
    /// - Parameter expected: what each level is thought to lose beforehand, [layer][level].
    init(costs: LevelCosts, expected: [[Double]], prior: Prior, actions: [[Int]], rewards: [Double]) {
        let levels = costs.levels.indices
        let group = Self.groups(of: costs)
        let scale = Self.scale(expected, actions, rewards)
        // Rewards that the sensitivities times the scale leave unexplained, centred.
        let explained = actions.map { scale * Self.sum(expected, $0) }
        var left = Self.centred(zip(rewards, explained).map { $0 + $1 })

        let groupCount = (group.joined().compactMap { $0 }.max() ?? -1) + 1
        let features = Self.features(actions, group, groupCount, expected, scale)
        let deltas = Self.ridge(features, left, prior: prior)
        for (episode, row) in features.enumerated() {
            left[episode] -= zip(row, deltas).reduce(0) { $0 + $1.0 * $1.1 }
        }
        let layerLoss = (explained.reduce(0, +) / Double(max(1, explained.count))) / Double(group.count)
        let residual = Self.residuals(
            actions, left, layers: costs.layers.count, levels: levels.count, misfit: prior.misfit,
            deviation: prior.residualDeviation * layerLoss)
        let loss = costs.layers.indices.map { layer in
            levels.map { level in
                let multiplier = group[layer][level].map { max(0.05, 1 + deltas[$0]) } ?? 1
                return scale * multiplier * expected[layer][level] - residual[layer][level]
            }
        }
        self.loss = loss
        let errors = Self.centred(zip(rewards, actions).map { $0 + Self.sum(loss, $1) })
        unexplained = Self.squares(errors) / Double(max(1, errors.count))
    }

    /// Which multiplier a layer's level has; none for dense.
    private static func groups(of costs: LevelCosts) -> [[Int?]] {
        var patterns: [Pattern] = []
        let patternIndex: [Int?] = costs.levels.indices.map { number in
            guard !costs.levels.isDense(number) else { return nil }
            let level = costs.levels[number]
            if let index = patterns.firstIndex(of: level.pattern) { return index }
            patterns.append(level.pattern)
            return patterns.count - 1
        }
        return costs.layers.indices.map { layer in
            patternIndex.map { $0.map { layer * patterns.count + $0 } }
        }
    }

    /// How many units of reward one of sensitivity is worth; 1 until four episodes tell.
    private static func scale(_ sensitivity: [[Double]], _ actions: [[Int]], _ rewards: [Double]) -> Double {
        let sums = centred(actions.map { sum(sensitivity, $0) })
        let spread = centred(rewards)
        let (sumSquares, rewardSquares) = (squares(sums), squares(spread))
        guard rewards.count >= 4, sumSquares > 0, rewardSquares > 0 else { return 1 }
        let covariance = -zip(sums, spread).reduce(0) { $0 + $1.0 * $1.1 }
        let correlation = covariance / (sumSquares * rewardSquares).squareRoot()
        // Near the optimum all sums are alike and the correlation may come out negative by chance.
        return max(0.2, correlation) * (rewardSquares / sumSquares).squareRoot()
    }

    /// [episodes × groups], each column centred: what a multiplier changes in the reward.
    private static func features(
        _ actions: [[Int]], _ group: [[Int?]], _ groupCount: Int, _ sensitivity: [[Double]], _ scale: Double
    ) -> [[Double]] {
        var rows = actions.map { episode in
            var row = [Double](repeating: 0, count: groupCount)
            for (layer, level) in episode.enumerated() {
                if let index = group[layer][level] { row[index] = -scale * sensitivity[layer][level] }
            }
            return row
        }
        for column in 0..<groupCount {
            let mean = rows.reduce(0) { $0 + $1[column] } / Double(max(1, rows.count))
            for row in rows.indices { rows[row][column] -= mean }
        }
        return rows
    }

    /// The posterior mean of the multipliers' distances from 1: (FᵀF/σ² + I/s²)⁻¹ Fᵀy/σ².
    private static func ridge(_ features: [[Double]], _ left: [Double], prior: Prior) -> [Double] {
        let count = features.first?.count ?? 0
        let noise = prior.misfit * prior.misfit * squares(left) / Double(max(1, left.count))
        let ridge = noise / (prior.multiplierDeviation * prior.multiplierDeviation)
        guard count > 0, ridge > 0 else { return [Double](repeating: 0, count: count) }
        var matrix = [Double](repeating: 0, count: count * count)
        var rightSide = [Double](repeating: 0, count: count)
        for (row, target) in zip(features, left) {
            for first in 0..<count where row[first] != 0 {
                rightSide[first] += row[first] * target
                for second in 0...first { matrix[first * count + second] += row[first] * row[second] }
            }
        }
        for index in 0..<count { matrix[index * count + index] += ridge }
        return solvePositiveDefinite(matrix, rightSide) ?? [Double](repeating: 0, count: count)
    }

    /// Ridge regression on the choice of each level, by coordinate descent: each layer's columns do not
    /// overlap, so a sweep costs only episodes × layers.
    private static func residuals(
        _ actions: [[Int]], _ left: [Double], layers: Int, levels: Int, misfit: Double, deviation: Double
    ) -> [[Double]] {
        var table = [[Double]](repeating: [Double](repeating: 0, count: levels), count: layers)
        var left = left
        let noise = misfit * misfit * squares(left) / Double(max(1, left.count))
        guard deviation > 0, noise > 0 else { return table }
        let ridge = noise / (deviation * deviation)
        for _ in 0..<20 {
            for layer in 0..<layers {
                var sums = [Double](repeating: 0, count: levels)
                var counts = [Double](repeating: ridge, count: levels)
                for (episode, value) in zip(actions, left) {
                    sums[episode[layer]] += value + table[layer][episode[layer]]
                    counts[episode[layer]] += 1
                }
                let new = zip(sums, counts).map { $0 / $1 }
                for episode in actions.indices {
                    let level = actions[episode][layer]
                    left[episode] += table[layer][level] - new[level]
                }
                table[layer] = new
            }
        }
        return table
    }

    private static func sum(_ table: [[Double]], _ actions: [Int]) -> Double {
        zip(table, actions).reduce(0) { $0 + $1.0[$1.1] }
    }

    private static func centred(_ values: [Double]) -> [Double] {
        let mean = values.reduce(0, +) / Double(max(1, values.count))
        return values.map { $0 - mean }
    }

    private static func squares(_ values: [Double]) -> Double {
        values.reduce(0) { $0 + $1 * $1 }
    }
}
