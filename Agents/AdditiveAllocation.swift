import Environments
import Levels

/// The choice of a level for each layer when losses add up:
/// minimize Σ loss_l(a_l) subject to Σ latency_l(a_l) ≤ what the target leaves, and likewise for size.
///
/// This is the multiple-choice knapsack problem. ``optimum(loss:bins:)`` solves it by dynamic
/// programming over finely discretised latency, as SPDY does (Frantar and Alistarh, ICML 2022), with
/// a Lagrange multiplier for size; the other methods repair and improve a policy that is given.
struct AdditiveAllocation: Sendable {
    /// Milliseconds, [layer][level].
    let latencyMs: [[Double]]
    /// Bytes, [layer][level].
    let sizeBytes: [[Double]]
    /// What the layers together may take, in milliseconds.
    let latencyLimitMs: Double
    /// What the layers together may weigh, in bytes; infinite for no limit.
    let sizeLimitBytes: Double

    init(costs: LevelCosts, target: Target) {
        latencyMs = costs.latencyMs
        sizeBytes = costs.sizeBytes.map { $0.map(Double.init) }
        latencyLimitMs = target.latencyMs - costs.overheadMs
        sizeLimitBytes = target.sizeBytes.map { Double($0 - costs.otherSizeBytes) } ?? .infinity
    }

    /// Whether a policy meets the target.
    func fits(_ actions: [Int]) -> Bool {
        total(latencyMs, actions) <= latencyLimitMs && total(sizeBytes, actions) <= sizeLimitBytes
    }

    /// Σ_l table[l][actions[l]].
    func total(_ table: [[Double]], _ actions: [Int]) -> Double {
        var sum = 0.0
        for (layer, action) in actions.enumerated() { sum += table[layer][action] }
        return sum
    }

    /// The fastest policy, whatever it loses.
    var fastest: [Int] {
        latencyMs.map { row in row.indices.min { row[$0] < row[$1] } ?? 0 }
    }

    /// The policy with the least total loss that fits, or nil if none was found.
    ///
    /// Latencies above each layer's least are rounded up to `bins` steps of the slack, so the result
    /// always fits; its loss is no more than that of the optimum for a limit lower by layers ÷ bins of
    /// the slack, and a fill-up pass spends what rounding saved. Takes O(layers · levels · bins).
    func optimum(loss: [[Double]], bins: Int = 2_000) -> [Int]? {
        guard let unpriced = latencyOptimum(loss: loss, bins: bins) else { return nil }
        if fits(unpriced) { return filledUp(unpriced, loss: loss) }
        var (low, high) = (0.0, 1.0)
        var best: [Int]?
        let range = loss.joined().reduce(0) { max($0, abs($1)) } + .leastNormalMagnitude
        let scale = range / max(1, sizeLimitBytes)
        for step in 0..<40 {
            let price = best == nil && step < 20 ? high : (low + high) / 2
            let priced = zip(loss, sizeBytes).map { zip($0, $1).map { $0 + price * scale * $1 } }
            guard let actions = latencyOptimum(loss: priced, bins: bins) else { return nil }
            if fits(actions) {
                (best, high) = (actions, price)
            } else {
                low = price
                if best == nil { high = price * 4 }
            }
        }
        return best.map { filledUp($0, loss: loss) }
    }

    /// Dynamic programming over latency alone.
    private func latencyOptimum(loss: [[Double]], bins: Int) -> [Int]? {
        let least = latencyMs.map { $0.min() ?? 0 }
        let slack = latencyLimitMs - least.reduce(0, +)
        guard slack >= -1e-12 * abs(latencyLimitMs) else { return nil }
        let width = slack / Double(bins)
        var value = [Double](repeating: 0, count: bins + 1)
        var choice: [[Int]] = []
        var steps: [[Int]] = []
        for layer in latencyMs.indices {
            // The tolerance keeps a latency that is a whole number of bins from being one more.
            let layerSteps = latencyMs[layer].map { latency in
                let extra = latency - least[layer]
                return extra <= 0 ? 0 : extra <= slack ? Int((extra / width - 1e-9).rounded(.up)) : bins + 1
            }
            var next = [Double](repeating: .infinity, count: bins + 1)
            var chosen = [Int](repeating: 0, count: bins + 1)
            for (level, step) in layerSteps.enumerated() where step <= bins {
                let levelLoss = loss[layer][level]
                for bin in step...bins where value[bin - step] + levelLoss < next[bin] {
                    next[bin] = value[bin - step] + levelLoss
                    chosen[bin] = level
                }
            }
            value = next
            choice.append(chosen)
            steps.append(layerSteps)
        }
        var bin = bins
        var actions = [Int](repeating: 0, count: latencyMs.count)
        for layer in latencyMs.indices.reversed() {
            actions[layer] = choice[layer][bin]
            bin -= steps[layer][actions[layer]]
        }
        return actions
    }

    /// Exchanges levels of layers that are not `frozen` until the policy fits, each time where the least
    /// loss is paid for what the limits are exceeded by; nil when that does not get there.
    func repaired(_ actions: [Int], loss: [[Double]], frozen: Set<Int> = []) -> [Int]? {
        var actions = actions
        var (latency, size) = (total(latencyMs, actions), total(sizeBytes, actions))
        while !fits(actions) {
            let excess = excess(latency, size)
            var best: (price: Double, layer: Int, level: Int)?
            for layer in actions.indices where !frozen.contains(layer) {
                let old = actions[layer]
                for level in loss[layer].indices where level != old {
                    let gain =
                        excess
                        - self.excess(
                            latency + latencyMs[layer][level] - latencyMs[layer][old],
                            size + sizeBytes[layer][level] - sizeBytes[layer][old])
                    guard gain > 1e-15 else { continue }
                    let price = (loss[layer][level] - loss[layer][old]) / gain
                    if price < best?.price ?? .infinity { best = (price, layer, level) }
                }
            }
            guard let best else { return nil }
            actions[best.layer] = best.level
            (latency, size) = (total(latencyMs, actions), total(sizeBytes, actions))
        }
        return actions
    }

    /// By how much the limits are exceeded, each as a fraction of itself.
    private func excess(_ latency: Double, _ size: Double) -> Double {
        max(0, latency / latencyLimitMs - 1)
            + (sizeLimitBytes.isFinite ? max(0, size / sizeLimitBytes - 1) : 0)
    }

    /// Spends what a fitting policy leaves: the single change that saves the most loss and still fits, again
    /// and again until there is none. Of levels that save as much but for a hundredth, the fastest.
    func filledUp(_ actions: [Int], loss: [[Double]], frozen: Set<Int> = []) -> [Int] {
        var actions = actions
        while true {
            let latencyLeft = latencyLimitMs - total(latencyMs, actions)
            let sizeLeft = sizeLimitBytes - total(sizeBytes, actions)
            var best: (saving: Double, layer: Int, level: Int)?
            for layer in actions.indices where !frozen.contains(layer) {
                let old = actions[layer]
                for level in loss[layer].indices {
                    let saving = loss[layer][old] - loss[layer][level]
                    guard saving > best?.saving ?? 0,
                        latencyMs[layer][level] - latencyMs[layer][old] <= latencyLeft,
                        sizeBytes[layer][level] - sizeBytes[layer][old] <= sizeLeft
                    else { continue }
                    var changed = actions
                    changed[layer] = level
                    if fits(changed) { best = (saving, layer, level) }
                }
            }
            guard let best else { return actions }
            let old = actions[best.layer]
            let asGood = loss[best.layer].indices.filter { level in
                let saving = loss[best.layer][old] - loss[best.layer][level]
                return saving >= Self.asGood * best.saving
                    && sizeBytes[best.layer][level] <= sizeBytes[best.layer][best.level]
            }
            actions[best.layer] =
                asGood.min { latencyMs[best.layer][$0] < latencyMs[best.layer][$1] } ?? best.level
        }
    }

    private static var asGood: Double { 0.99 }
}
