import Levels

/// The choice of levels by a price: for each layer by itself the level with the least
///
///     loss_l(a) + λ · latency_l(a) + μ · size_l(a)
///
/// with the least λ at which the target is met, as AutoRound's `solve_lagrangian` finds it for bits. Such a
/// policy is on the convex hull of each layer's losses and latencies; so what it leaves is spent, and pairs of
/// layers are exchanged that a price cannot reach. Where size is limited, the least μ is found around that
/// of λ, which the code has no need of.
struct PricedAllocation: Sendable {
    private let allocation: AdditiveAllocation
    private let loss: [[Double]]
    /// The levels of each layer that no other one beats in all of loss, latency and limited size, slowest
    /// first. The code tries all options: those that are left out never win.
    private let ladders: [[Int]]

    init(_ allocation: AdditiveAllocation, loss: [[Double]]) {
        self.allocation = allocation
        self.loss = loss
        ladders = loss.indices.map { layer in
            let latency = allocation.latencyMs[layer]
            let size = allocation.sizeLimitBytes.isFinite ? allocation.sizeBytes[layer] : latency
            let lost = loss[layer]
            return lost.indices.filter { level in
                !lost.indices.contains { other in
                    lost[other] <= lost[level] && latency[other] <= latency[level]
                        && size[other] <= size[level]
                        && (lost[other], latency[other], size[other], other)
                            < (lost[level], latency[level], size[level], level)
                }
            }.sorted { (latency[$0], size[$0]) > (latency[$1], size[$1]) }
        }
    }

    /// The priced policy, with what it leaves spent and pairs exchanged. The fastest one, where none is found
    /// that meets the target.
    func solution() -> [Int] {
        guard let priced = priced() ?? allocation.repaired(levels(perMs: 0, perByte: 0), loss: loss) else {
            return allocation.fastest
        }
        return exchanged(spent(priced))
    }

    // MARK: Prices

    /// The policy at the least prices at which it meets the target; nil if it never does.
    private func priced() -> [Int]? {
        Self.least(
            { perByte in
                Self.least(
                    { levels(perMs: $0, perByte: perByte) },
                    where: {
                        allocation.total(allocation.latencyMs, $0) <= allocation.latencyLimitMs
                    })
            }, where: allocation.fits)
    }

    /// The levels at prices; of those that cost alike, the fastest.
    private func levels(perMs: Double, perByte: Double) -> [Int] {
        ladders.enumerated().map { layer, ladder in
            let (latency, size) = (allocation.latencyMs[layer], allocation.sizeBytes[layer])
            func price(_ level: Int) -> Double {
                loss[layer][level] + perMs * latency[level] + perByte * size[level]
            }
            return ladder.min { (price($0), latency[$0]) < (price($1), latency[$1]) } ?? 0
        }
    }

    /// The policy at the least price at which it is fine, by the code's numbers: 1e-9 at first, four times as
    /// much until it is, at most 200 times, then 80 bisections.
    private static func least(
        _ policy: (_ price: Double) -> [Int]?, where isFine: ([Int]) -> Bool
    ) -> [Int]? {
        func fine(_ price: Double) -> [Int]? { policy(price).flatMap { isFine($0) ? $0 : nil } }
        if let free = fine(0) { return free }
        var (low, high) = (0.0, 1e-9)
        var best: [Int]?
        for _ in 0..<200 {
            best = fine(high)
            if best != nil { break }
            (low, high) = (high, 4 * high)
        }
        guard best != nil else { return nil }
        for _ in 0..<80 {
            let middle = 0.5 * (low + high)
            if let found = fine(middle) { (best, high) = (found, middle) } else { low = middle }
        }
        return best
    }

    // MARK: What prices cannot reach

    /// Spends what a policy leaves: the change that saves the most loss per millisecond and still fits, again
    /// and again (`_greedy_repair`).
    func spent(_ actions: [Int]) -> [Int] {
        var actions = actions
        while true {
            let latencyLeft = allocation.latencyLimitMs - allocation.total(allocation.latencyMs, actions)
            var best: (rate: Double, changed: [Int])?
            for (layer, ladder) in ladders.enumerated() {
                let (now, latency) = (actions[layer], allocation.latencyMs[layer])
                for level in ladder where loss[layer][level] < loss[layer][now] {
                    let extra = latency[level] - latency[now]
                    guard extra <= latencyLeft else { continue }
                    // Where size is limited, what saves loss may cost bytes alone.
                    let rate = (loss[layer][now] - loss[layer][level]) / max(extra, .leastNormalMagnitude)
                    guard rate > best?.rate ?? 0 else { continue }
                    let changed = actions.with(level, at: layer)
                    if allocation.fits(changed) { best = (rate, changed) }
                }
            }
            guard let best else { return actions }
            actions = best.changed
        }
    }

    /// Exchanges the pair that lowers the total loss most, a layer going up that another one pays for by going
    /// down, until there is none, 200 times at most (`_swap_local_search`).
    func exchanged(_ actions: [Int]) -> [Int] {
        var actions = actions
        for _ in 0..<200 {
            var best: (change: Double, actions: [Int]) = (-1e-12, actions)
            for (layer, ladder) in ladders.enumerated() {
                for level in ladder {
                    let change = loss[layer][level] - loss[layer][actions[layer]]
                    guard change < 0 else { continue }
                    payments(for: level, of: layer, in: actions) { other, lower in
                        let whole = change + loss[other][lower] - loss[other][actions[other]]
                        guard whole < best.change else { return }
                        let changed = actions.with(level, at: layer).with(lower, at: other)
                        if allocation.fits(changed) { best = (whole, changed) }
                    }
                }
            }
            if best.actions == actions { break }
            actions = best.actions
        }
        return actions
    }

    /// The policies in which a layer goes one step up and, where that is too much, another one down; those of
    /// the least loss first.
    func swaps(of actions: [Int], up layer: Int) -> [[Int]] {
        let latency = allocation.latencyMs[layer]
        guard let level = ladders[layer].last(where: { latency[$0] > latency[actions[layer]] }) else {
            return []
        }
        let raised = actions.with(level, at: layer)
        if allocation.fits(raised) { return [raised] }
        var found: [(loss: Double, actions: [Int])] = []
        payments(for: level, of: layer, in: actions) { other, lower in
            let changed = raised.with(lower, at: other)
            if allocation.fits(changed) { found.append((allocation.total(loss, changed), changed)) }
        }
        return found.enumerated().sorted { ($0.1.loss, $0.0) < ($1.1.loss, $1.0) }.map(\.element.actions)
    }

    /// Calls with each level of another layer that makes room for a level of this one.
    private func payments(
        for level: Int, of layer: Int, in actions: [Int], _ body: (_ layer: Int, _ level: Int) -> Void
    ) {
        func excess(_ table: [[Double]], _ limit: Double) -> Double {
            allocation.total(table, actions) + table[layer][level] - table[layer][actions[layer]] - limit
        }
        let tooSlow = excess(allocation.latencyMs, allocation.latencyLimitMs)
        let tooLarge = excess(allocation.sizeBytes, allocation.sizeLimitBytes)
        for (other, ladder) in ladders.enumerated() where other != layer {
            let (latency, size) = (allocation.latencyMs[other], allocation.sizeBytes[other])
            let now = actions[other]
            for lower in ladder
            where latency[now] - latency[lower] >= tooSlow && size[now] - size[lower] >= tooLarge {
                body(other, lower)
            }
        }
    }
}

extension [Int] {
    /// The same policy with another level of one layer.
    fileprivate func with(_ level: Int, at layer: Int) -> [Int] {
        var changed = self
        changed[layer] = level
        return changed
    }
}
