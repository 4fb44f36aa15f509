import Tensors

/// A policy that walks the layers and knows what it may still spend:
///
///     π(a | s) ∝ exp((θ_l(a) − λ(s) · latency_l(a) − μ(s) · size_l(a)) / τ)
///
/// where the prices λ ≥ 0 and μ ≥ 0 are solved again before each layer, so that what the remaining layers
/// are expected to take is what remains. Levels that no later choice could make up for have probability 0.
struct BudgetedSoftmax: Sendable {
    /// What levels cost and what is allowed.
    let allocation: AdditiveAllocation
    /// θ, [layer][level], in units of reward.
    let preference: [[Double]]
    /// τ, in units of reward.
    let temperature: Double

    /// What remains for a layer and all after it.
    struct Remaining {
        var latencyMs: Double
        var sizeBytes: Double
    }

    /// λ in reward per millisecond and μ in reward per byte.
    struct Prices {
        var latency = 0.0
        var size = 0.0
    }

    /// What remains before the first layer.
    var whole: Remaining {
        Remaining(latencyMs: allocation.latencyLimitMs, sizeBytes: allocation.sizeLimitBytes)
    }

    /// Draws a level for every layer.
    func sample(using random: inout CounterBasedRandom) -> [Int] {
        var remaining = whole
        var latencyAfter = allocation.latencyMs.reduce(0) { $0 + ($1.min() ?? 0) }
        var sizeAfter = allocation.sizeBytes.reduce(0) { $0 + ($1.min() ?? 0) }
        return preference.indices.map { layer in
            let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
            latencyAfter -= latency.min() ?? 0
            sizeAfter -= size.min() ?? 0
            var weights = probabilities(layer, prices: prices(from: layer, remaining: remaining))
            for level in weights.indices
            where latency[level] > remaining.latencyMs - latencyAfter
                || size[level] > remaining.sizeBytes - sizeAfter
            {
                weights[level] = 0
            }
            let level =
                weights.contains { $0 > 0 } ? random.nextIndex(weights: weights) : allocation.fastest[layer]
            remaining.latencyMs -= latency[level]
            remaining.sizeBytes -= size[level]
            return level
        }
    }

    /// π at one layer for given prices; sums to 1.
    func probabilities(_ layer: Int, prices: Prices) -> [Double] {
        let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
        let scores = preference[layer].indices.map { level in
            (preference[layer][level] - prices.latency * latency[level] - prices.size * size[level])
                / temperature
        }
        let largest = scores.max() ?? 0
        let weights = scores.map { PortableMath.exp($0 - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// The mean over layers of −Σ_a π(a) log π(a), in nats.
    func meanEntropy(prices: Prices) -> Double {
        let entropies = preference.indices.map { layer in
            probabilities(layer, prices: prices).reduce(0.0) { $0 - ($1 > 0 ? $1 * PortableMath.log($1) : 0) }
        }
        return entropies.reduce(0, +) / Double(max(1, entropies.count))
    }

    /// Σ E_π[table] over a layer and all after it.
    func expected(_ table: [[Double]], from layer: Int, prices: Prices) -> Double {
        (layer..<table.count).reduce(0) { sum, layer in
            sum + zip(probabilities(layer, prices: prices), table[layer]).reduce(0) { $0 + $1.0 * $1.1 }
        }
    }

    /// The prices at which the expected spending from a layer on is at most what remains.
    ///
    /// Each is found by bisection for the other held fixed; when both bind, a few rounds bring them together.
    func prices(from layer: Int, remaining: Remaining) -> Prices {
        var prices = Prices()
        let limitsSize = remaining.sizeBytes.isFinite
        for _ in 0..<(limitsSize ? 3 : 1) {
            prices.latency = price(
                of: allocation.latencyMs, from: layer, limit: remaining.latencyMs, prices, \.latency)
            if limitsSize {
                prices.size = price(
                    of: allocation.sizeBytes, from: layer, limit: remaining.sizeBytes, prices, \.size)
                if prices.size == 0 { break }
            }
        }
        return prices
    }

    private func price(
        of table: [[Double]], from layer: Int, limit: Double, _ prices: Prices,
        _ part: WritableKeyPath<Prices, Double>
    ) -> Double {
        func spends(_ price: Double) -> Double {
            var trial = prices
            trial[keyPath: part] = price
            return expected(table, from: layer, prices: trial)
        }
        guard spends(0) > limit else { return 0 }
        // Reward per unit of spending at which a level's price is as large as the temperature.
        let widest = table[layer...].map { ($0.max() ?? 0) - ($0.min() ?? 0) }.max() ?? 0
        guard widest > 0 else { return 0 }
        var (low, high) = (0.0, temperature / widest)
        for _ in 0..<60 where spends(high) > limit { (low, high) = (high, high * 2) }
        for _ in 0..<30 {
            let middle = (low + high) / 2
            if spends(middle) > limit { low = middle } else { high = middle }
        }
        return high
    }
}
