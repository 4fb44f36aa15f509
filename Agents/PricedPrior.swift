import Environments
import Levels
import Tensors

/// What a policy would do before it has learned anything, and where its exploration is centred:
///
///     log π₀(a | s) = −(sensitivity_l(a) + λ(s) · latency_l(a) + μ · size_l(a)) / τ + constant
///
/// with the price λ(s) at which the remaining layers are expected to take what remains (see
/// ``BudgetedSoftmax``). Without a price, a learner that starts by choosing freely spends the budget on the
/// first layers, and masks leave the last ones a single level: nothing would be learned of them.
///
/// The price goes by sensitivities alone, not by what is learned, so that adding log π₀ to a network's logits
/// leaves ∇ log π what it is. Expected latencies are tabulated once over a grid of prices.
struct PricedPrior: Sendable {
    /// τ, in units of reward.
    let temperature: Double
    private let costs: LevelCosts
    /// −(sensitivity + μ · size) / τ, [layer][level].
    private let unpriced: [[Double]]
    /// The grid of λ / τ, ascending from 0, in 1/ms.
    private let prices: [Double]
    /// Expected latency of a layer and all after it, [layer][price].
    private let expected: [[Double]]

    /// - Parameter relativeTemperature: τ in units of the mean loss of a layer in the policy that is best by
    ///   sensitivities.
    init(costs: LevelCosts, target: Target, relativeTemperature: Double) {
        self.costs = costs
        let allocation = AdditiveAllocation(costs: costs, target: target)
        let best = allocation.optimum(loss: costs.sensitivity, bins: 500) ?? allocation.fastest
        let layers = costs.layers.count
        let largest = costs.sensitivity.joined().reduce(0) { max($0, abs($1)) }
        let mean = allocation.total(costs.sensitivity, best) / Double(max(1, layers))
        let temperature = relativeTemperature * max(mean, 1e-3 * largest, 1e-9)
        self.temperature = temperature
        let preference = costs.sensitivity.map { $0.map { -$0 } }
        let softmax = BudgetedSoftmax(
            allocation: allocation, preference: preference, temperature: temperature)
        let sizePrice = softmax.prices(from: 0, remaining: softmax.whole).size
        let unpriced = zip(preference, allocation.sizeBytes).map { row in
            zip(row.0, row.1).map { ($0 - sizePrice * $1) / temperature }
        }
        // From a price that hardly matters to one at which any two levels are e^±50 apart or more.
        let widest = costs.latencyMs.map { ($0.max() ?? 0) - ($0.min() ?? 0) }.max() ?? 0
        let prices =
            widest > 0 ? [0] + (0...120).map { 1e-3 * PortableMath.pow(10, Double($0) / 20) / widest } : [0]
        var expected = [[Double]](
            repeating: [Double](repeating: 0, count: prices.count), count: layers + 1)
        for layer in (0..<layers).reversed() {
            let latency = costs.latencyMs[layer]
            for (index, price) in prices.enumerated() {
                let weights = softmaxed(zip(unpriced[layer], latency).map { $0 - price * $1 })
                expected[layer][index] =
                    expected[layer + 1][index] + zip(weights, latency).reduce(0) { $0 + $1.0 * $1.1 }
            }
        }
        self.unpriced = unpriced
        self.prices = prices
        self.expected = expected
    }

    /// log π₀ at a state, up to a constant; masks are not applied.
    func logits(_ observation: Observation) -> [Double] {
        let layer = observation.layer
        let price = price(from: layer, remainingMs: observation.remainingLatencyMs)
        return zip(unpriced[layer], costs.latencyMs[layer]).map { $0 - price * $1 }
    }

    /// λ / τ at which a layer and those after it are expected to take what remains.
    func price(from layer: Int, remainingMs: Double) -> Double {
        let row = expected[layer]
        // Expected latency falls with the price.
        guard row[0] > remainingMs else { return 0 }
        guard let above = row.firstIndex(where: { $0 <= remainingMs }) else {
            return prices[prices.count - 1]
        }
        let (before, after) = (row[above - 1], row[above])
        let share = before > after ? (before - remainingMs) / (before - after) : 1
        return prices[above - 1] + share * (prices[above] - prices[above - 1])
    }

    /// λ before the first layer, in reward per millisecond.
    func initialPrice(target: Target) -> Double {
        temperature * price(from: 0, remainingMs: target.latencyMs - costs.overheadMs)
    }
}

/// exp(x_i) / Σ exp(x_j), without overflow; where a mask is false, 0.
func softmaxed(_ logits: [Double], mask: [Bool]? = nil) -> [Double] {
    func allowed(_ index: Int) -> Bool { mask?[index] ?? true }
    var largest = -Double.infinity
    for index in logits.indices where allowed(index) { largest = max(largest, logits[index]) }
    var sum = 0.0
    var weights = [Double](repeating: 0, count: logits.count)
    for index in logits.indices where allowed(index) {
        weights[index] = PortableMath.exp(logits[index] - largest)
        sum += weights[index]
    }
    if sum > 0 { for index in weights.indices { weights[index] /= sum } }
    return weights
}

/// −Σ p log p, in nats.
func entropy(_ probabilities: [Double]) -> Double {
    probabilities.reduce(0) { $0 - ($1 > 0 ? $1 * PortableMath.log($1) : 0) }
}
