import Tensors

/// A policy that walks the layers and knows what it may still spend:
///
///     π(a | s) ∝ exp((θ_l(a) − λ(s) · latency_l(a) − μ(s) · size_l(a)) / τ)
///
/// where the prices λ ≥ 0 and μ ≥ 0 are solved again before each layer, so that what the remaining layers
/// are expected to take is what remains. Levels that no later choice could make up for have probability 0. The layers of
/// a group have one structure, each with the probability that it has among all that they could be.
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
            let fitting = structures.indices.filter {
                latencies[number][$0] <= remaining.latencyMs - later.latencyMs
                    && sizes[number][$0] <= remaining.sizeBytes - later.sizeBytes
            }
            let structure = structure(of: group, among: fitting, remaining, using: &random)
            let own = Remaining(latencyMs: latencies[number][structure], sizeBytes: sizes[number][structure])
            actions += levels(of: group, structure, &remaining, least: own, later: later, using: &random)
        }
        return actions
    }

    /// Draws the structure of a group among those that fit; the first where none does.
    private func structure(
        of group: [Int], among fitting: [Int], _ remaining: Remaining, using random: inout CounterBasedRandom
    ) -> Int {
        guard fitting.count > 1 else { return fitting.first ?? 0 }
        let weights = structureProbabilities(group, prices: prices(from: group[0], remaining: remaining))
        let left = weights.indices.map { fitting.contains($0) ? weights[$0] : 0 }
        return left.contains { $0 > 0 } ? random.nextIndex(weights: left) : fitting[0]
    }

    /// Draws the levels of a group's layers in a structure, so that what comes later has at least what it needs.
    private func levels(
        of group: [Int], _ structure: Int, _ remaining: inout Remaining, least: Remaining, later: Remaining,
        using random: inout CounterBasedRandom
    ) -> [Int] {
        let levels = structures[structure]
        var own = least
        return group.map { layer in
            let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
            own.latencyMs -= allocation.least(latency, among: levels)
            own.sizeBytes -= allocation.least(size, among: levels)
            var level = levels[0]
            if levels.count > 1 {
                var weights = probabilities(
                    layer, among: levels,
                    prices: prices(from: layer, in: structure, remaining: remaining))
                for level in weights.indices
                where latency[level] > remaining.latencyMs - later.latencyMs - own.latencyMs
                    || size[level] > remaining.sizeBytes - later.sizeBytes - own.sizeBytes
                {
                    weights[level] = 0
                }
                level =
                    weights.contains { $0 > 0 }
                    ? random.nextIndex(weights: weights)
                    : levels.min { latency[$0] < latency[$1] } ?? level
            }
            spend(level, of: layer, &remaining)
            return level
        }
    }

    private func spend(_ level: Int, of layer: Int, _ remaining: inout Remaining) {
        remaining.latencyMs -= allocation.latencyMs[layer][level]
        remaining.sizeBytes -= allocation.sizeBytes[layer][level]
    }

    private var structures: [[Int]] { allocation.structures }

    private func sum(_ leasts: [[Double]]) -> Double {
        leasts.reduce(0) { $0 + ($1.min() ?? 0) }
    }

    /// (θ_l(a) − λ · latency − μ · size) / τ
    private func score(_ layer: Int, _ level: Int, _ prices: Prices) -> Double {
        (preference[layer][level] - prices.latency * allocation.latencyMs[layer][level]
            - prices.size * allocation.sizeBytes[layer][level]) / temperature
    }

    /// π of each structure of a group, for given prices: a softmax over all that its layers could be; sums to 1.
    func structureProbabilities(_ group: [Int], prices: Prices) -> [Double] {
        guard structures.count > 1 else { return [1] }
        let scores = structures.map { levels in
            group.reduce(0) { sum, layer in
                let scores = levels.map { score(layer, $0, prices) }
                let largest = scores.max() ?? 0
                return sum + largest
                    + PortableMath.log(scores.reduce(0) { $0 + PortableMath.exp($1 - largest) })
            }
        }
        return Self.softmax(scores)
    }

    /// π at one layer among the levels of a structure, for given prices; sums to 1, and is 0 for other levels.
    func probabilities(_ layer: Int, among levels: [Int], prices: Prices) -> [Double] {
        var weights = [Double](repeating: 0, count: preference[layer].count)
        for (level, share) in zip(levels, Self.softmax(levels.map { score(layer, $0, prices) })) {
            weights[level] = share
        }
        return weights
    }

    private static func softmax(_ scores: [Double]) -> [Double] {
        let largest = scores.max() ?? 0
        let weights = scores.map { PortableMath.exp($0 - largest) }
        let sum = weights.reduce(0, +)
        return weights.map { $0 / sum }
    }

    /// The mean over layers of −Σ_a π(a) log π(a), in nats.
    func meanEntropy(prices: Prices) -> Double {
        let entropies = preference.indices.map { layer in
            probabilities(layer, among: structures[0], prices: prices)
                .reduce(0.0) { $0 - ($1 > 0 ? $1 * PortableMath.log($1) : 0) }
        }
        return entropies.reduce(0, +) / Double(max(1, entropies.count))
    }

    /// Σ E_π[table] over a layer and all after it.
    ///
    /// - Parameter structure: of the layer's group, where that is begun.
    func expected(
        _ table: [[Double]], from layer: Int, in structure: Int = 0, prices: Prices
    ) -> Double {
        func expected(_ layers: some Sequence<Int>, among levels: [Int]) -> Double {
            layers.reduce(0) { sum, layer in
                sum
                    + zip(probabilities(layer, among: levels, prices: prices), table[layer])
                    .reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        guard structures.count > 1 else { return expected(layer..<table.count, among: structures[0]) }
        return allocation.groups.reduce(0) { sum, group in
            let rest = group.filter { $0 >= layer }
            guard !rest.isEmpty else { return sum }
            guard rest.count == group.count else {
                return sum + expected(rest, among: structures[structure])
            }
            let shares = structureProbabilities(group, prices: prices)
            return zip(structures, shares).reduce(sum) { $0 + $1.1 * expected(group, among: $1.0) }
        }
    }

    /// The prices at which the expected spending from a layer on is at most what remains.
    ///
    /// Each is found by bisection for the other held fixed; when both bind, a few rounds bring them together.
    func prices(from layer: Int, in structure: Int = 0, remaining: Remaining) -> Prices {
        var prices = Prices()
        let limitsSize = remaining.sizeBytes.isFinite
        for _ in 0..<(limitsSize ? 3 : 1) {
            prices.latency = price(
                of: allocation.latencyMs, from: layer, structure, limit: remaining.latencyMs, prices,
                \.latency)
            if limitsSize {
                prices.size = price(
                    of: allocation.sizeBytes, from: layer, structure, limit: remaining.sizeBytes, prices,
                    \.size)
                if prices.size == 0 { break }
            }
        }
        return prices
    }

    private func price(
        of table: [[Double]], from layer: Int, _ structure: Int, limit: Double, _ prices: Prices,
        _ part: WritableKeyPath<Prices, Double>
    ) -> Double {
        func spends(_ price: Double) -> Double {
            var trial = prices
            trial[keyPath: part] = price
            return expected(table, from: layer, in: structure, prices: trial)
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
