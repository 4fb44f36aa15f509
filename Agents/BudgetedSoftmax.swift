import Tensors

/// A policy that walks the layers and knows what it may still spend:
///
///     π(a | s) ∝ exp((θ_l(a) − λ(s) · latency_l(a) − μ(s) · size_l(a)) / τ)
///
/// where the prices λ ≥ 0 and μ ≥ 0 are solved again before each layer, so that what the remaining layers
/// are expected to take is what remains. Levels that no later choice could make up for have probability 0. A group of
/// layers is removed as a whole, with the probability that such a choice has among all that its layers could be.
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
        let (latencies, sizes) = (
            allocation.leasts(allocation.latencyMs), allocation.leasts(allocation.sizeBytes)
        )
        var remaining = whole
        // What the groups after the present one take at least.
        var later = Remaining(latencyMs: sum(latencies), sizeBytes: sum(sizes))
        var actions: [Int] = []
        for (number, group) in allocation.groups.enumerated() {
            later.latencyMs -= latencies[number].min() ?? 0
            later.sizeBytes -= sizes[number].min() ?? 0
            func fits(_ structure: Int) -> Bool {
                latencies[number][structure] <= remaining.latencyMs - later.latencyMs
                    && sizes[number][structure] <= remaining.sizeBytes - later.sizeBytes
            }
            if let removed, fits(1), !fits(0) || isRemoved(group, remaining, using: &random) {
                for layer in group { spend(removed, of: layer, &remaining) }
                actions += group.map { _ in removed }
            } else {
                let own = Remaining(latencyMs: latencies[number][0], sizeBytes: sizes[number][0])
                actions += levels(of: group, &remaining, least: own, later: later, using: &random)
            }
        }
        return actions
    }

    private func isRemoved(
        _ group: [Int], _ remaining: Remaining, using random: inout CounterBasedRandom
    ) -> Bool {
        random.nextUniform()
            < removalProbability(group, prices: prices(from: group[0], remaining: remaining))
    }

    /// Draws the levels of a group that is kept, so that what comes later has at least what it needs.
    private func levels(
        of group: [Int], _ remaining: inout Remaining, least: Remaining, later: Remaining,
        using random: inout CounterBasedRandom
    ) -> [Int] {
        var own = least
        return group.map { layer in
            let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
            own.latencyMs -= allocation.least(latency, among: kept)
            own.sizeBytes -= allocation.least(size, among: kept)
            var weights = probabilities(layer, prices: prices(from: layer, remaining: remaining))
            for level in weights.indices
            where latency[level] > remaining.latencyMs - later.latencyMs - own.latencyMs
                || size[level] > remaining.sizeBytes - later.sizeBytes - own.sizeBytes
            {
                weights[level] = 0
            }
            let level =
                weights.contains { $0 > 0 } ? random.nextIndex(weights: weights) : allocation.fastest[layer]
            spend(level, of: layer, &remaining)
            return level
        }
    }

    private func spend(_ level: Int, of layer: Int, _ remaining: inout Remaining) {
        remaining.latencyMs -= allocation.latencyMs[layer][level]
        remaining.sizeBytes -= allocation.sizeBytes[layer][level]
    }

    /// Levels that keep a layer.
    private var kept: [Int] { allocation.structures[0] }
    /// The level that removes it.
    private var removed: Int? { allocation.structures.dropFirst().first?.first }

    private func sum(_ leasts: [[Double]]) -> Double {
        leasts.reduce(0) { $0 + ($1.min() ?? 0) }
    }

    /// (θ_l(a) − λ · latency − μ · size) / τ
    private func score(_ layer: Int, _ level: Int, _ prices: Prices) -> Double {
        (preference[layer][level] - prices.latency * allocation.latencyMs[layer][level]
            - prices.size * allocation.sizeBytes[layer][level]) / temperature
    }

    /// π that a group is removed, for given prices: a softmax over that and all that its layers could be.
    func removalProbability(_ group: [Int], prices: Prices) -> Double {
        guard let removed else { return 0 }
        let advantage = group.reduce(0) { sum, layer in
            let scores = kept.map { score(layer, $0, prices) }
            let largest = scores.max() ?? 0
            let kept = largest + PortableMath.log(scores.reduce(0) { $0 + PortableMath.exp($1 - largest) })
            return sum + score(layer, removed, prices) - kept
        }
        return 1 / (1 + PortableMath.exp(min(-advantage, 700)))
    }

    /// π at one layer of what is kept, for given prices; sums to 1.
    func probabilities(_ layer: Int, prices: Prices) -> [Double] {
        var weights = [Double](repeating: 0, count: preference[layer].count)
        for level in kept { weights[level] = score(layer, level, prices) }
        let largest = kept.map { weights[$0] }.max() ?? 0
        for level in kept { weights[level] = PortableMath.exp(weights[level] - largest) }
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

    /// Σ E_π[table] over a layer and all after it; a group that is begun is kept.
    func expected(_ table: [[Double]], from layer: Int, prices: Prices) -> Double {
        func kept(_ layers: some Sequence<Int>) -> Double {
            layers.reduce(0) { sum, layer in
                sum + zip(probabilities(layer, prices: prices), table[layer]).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        guard let removed else { return kept(layer..<table.count) }
        return allocation.groups.reduce(0) { sum, group in
            let rest = group.filter { $0 >= layer }
            guard !rest.isEmpty else { return sum }
            guard rest.count == group.count else { return sum + kept(rest) }
            let share = removalProbability(group, prices: prices)
            let nothing = group.reduce(0) { $0 + table[$1][removed] }
            return sum + share * nothing + (1 - share) * kept(group)
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
