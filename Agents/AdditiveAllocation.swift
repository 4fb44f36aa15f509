import Environments
import Levels

/// The choice of a level for each layer when losses add up:
/// minimize Σ loss_l(a_l) subject to Σ latency_l(a_l) ≤ what the target leaves, and likewise for size.
///
/// The layers of a sublayer have one structure. This is the multiple-choice knapsack problem.
/// ``optimum(loss:bins:)`` solves it by dynamic programming over finely discretised latency, as SPDY does (Frantar and
/// Alistarh, ICML 2022), with a Lagrange multiplier for size; the other methods repair and improve a policy that is
/// given.
struct AdditiveAllocation: Sendable {
    /// Milliseconds, [layer][level].
    let latencyMs: [[Double]]
    /// Bytes, [layer][level].
    let sizeBytes: [[Double]]
    /// What the layers together may take, in milliseconds.
    let latencyLimitMs: Double
    /// What the layers together may weigh, in bytes; infinite for no limit.
    let sizeLimitBytes: Double
    /// Layers that have one structure together, side by side.
    let groups: [[Int]]
    /// The levels of each structure, the whole group first.
    let structures: [[Int]]
    /// Which structure a level is of.
    let structureOfLevel: [Int]
    /// The same level in each structure, [structure][level]; nil where there is none.
    let alike: [[Int?]]

    init(costs: LevelCosts, target: Target) {
        latencyMs = costs.latencyMs
        sizeBytes = costs.sizeBytes.map { $0.map(Double.init) }
        latencyLimitMs = target.latencyMs - costs.overheadMs
        sizeLimitBytes = target.sizeBytes.map { Double($0 - costs.otherSizeBytes) } ?? .infinity
        groups = costs.groups
        structures = costs.structures
        let (levels, structures) = (costs.levels, structures)
        structureOfLevel = levels.indices.map { level in
            structures.firstIndex { $0.contains(level) } ?? 0
        }
        alike = structures.map { own in
            levels.map { level in
                own.first { !levels[$0].isRemoved && level.with(width: levels[$0].width) == levels[$0] }
            }
        }
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

    /// The fastest policy of whole groups, whatever it loses.
    var fastest: [Int] {
        latencyMs.map { row in structures[0].min { row[$0] < row[$1] } ?? 0 }
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

    /// Dynamic programming over latency alone, group by group: each has the structure in which the best levels of its
    /// layers lose least.
    private func latencyOptimum(loss: [[Double]], bins: Int) -> [Int]? {
        let leasts = self.leasts(latencyMs)
        let slack = latencyLimitMs - leasts.reduce(0) { $0 + ($1.min() ?? 0) }
        guard slack >= -1e-12 * abs(latencyLimitMs) else { return nil }
        let width = slack / Double(bins)
        // The tolerance keeps a latency that is a whole number of bins from being one more.
        func steps(_ extra: Double) -> Int {
            extra <= 0 ? 0 : extra <= slack ? Int((extra / width - 1e-9).rounded(.up)) : bins + 1
        }
        var value = [Double](repeating: 0, count: bins + 1)
        var walks: [[GroupWalk]] = []
        for (group, leasts) in zip(groups, leasts) {
            let own = zip(structures, leasts).map { levels, least in
                GroupWalk(
                    from: value, start: steps(least - (leasts.min() ?? 0)),
                    layers: group.map { layer in
                        let least = self.least(latencyMs[layer], among: levels)
                        return levels.map {
                            .init(
                                level: $0, steps: steps(latencyMs[layer][$0] - least), loss: loss[layer][$0])
                        }
                    })
            }
            for bin in value.indices { value[bin] = own.map { $0.value[bin] }.min() ?? .infinity }
            walks.append(own)
        }
        var bin = bins
        var actions: [Int] = []
        for own in walks.reversed() {
            guard let best = own.min(by: { $0.value[bin] < $1.value[bin] }), best.value[bin].isFinite else {
                return nil
            }
            actions = best.levels(endingAt: &bin) + actions
        }
        return actions
    }

    /// What each group takes at least, [group][structure].
    func leasts(_ table: [[Double]]) -> [[Double]] {
        groups.map { group in
            structures.map { levels in group.reduce(0) { $0 + least(table[$1], among: levels) } }
        }
    }

    /// What a layer takes at least at one of some levels.
    func least(_ row: [Double], among levels: [Int]) -> Double {
        levels.reduce(.infinity) { min($0, row[$1]) }
    }
}

/// The dynamic program's way through one group that has one structure.
private struct GroupWalk {
    /// A level of a layer, what it takes above the layer's least, in bins, and what it loses.
    struct Option {
        let level: Int
        let steps: Int
        let loss: Double
    }

    /// The least loss of all groups so far, by the bins spent.
    private(set) var value: [Double]
    /// What the structure takes above the group's least, in bins.
    private let start: Int
    /// The best option of each layer, by the bins spent.
    private var chosen: [[Option]] = []

    init(from before: [Double], start: Int, layers: [[Option]]) {
        self.start = min(start, before.count)
        value = [Double](repeating: .infinity, count: self.start) + before.dropLast(self.start)
        for options in layers {
            var next = [Double](repeating: .infinity, count: value.count)
            var best = [Option](repeating: options[0], count: value.count)
            for option in options where option.steps < value.count {
                for bin in option.steps..<value.count
                where value[bin - option.steps] + option.loss < next[bin] {
                    next[bin] = value[bin - option.steps] + option.loss
                    best[bin] = option
                }
            }
            value = next
            chosen.append(best)
        }
    }

    /// The levels of the group's layers when so many bins are spent; those before it have what is left in `bin`.
    func levels(endingAt bin: inout Int) -> [Int] {
        var levels: [Int] = []
        for options in chosen.reversed() {
            let option = options[bin]
            levels.append(option.level)
            bin -= option.steps
        }
        bin -= start
        return levels.reversed()
    }
}
