import Levels

/// The choice of levels by a price: for each layer by itself the level, and for each group the structure, with the least
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
    /// For each structure, the levels of each layer that no other one of it beats in all of loss, latency and limited
    /// size, slowest first. The code tries all options: those that are left out never win.
    private let ladders: [[[Int]]]

    init(_ allocation: AdditiveAllocation, loss: [[Double]]) {
        self.allocation = allocation
        self.loss = loss
        ladders = allocation.structures.map { levels in
            loss.indices.map { layer in
                let latency = allocation.latencyMs[layer]
                let size = allocation.sizeLimitBytes.isFinite ? allocation.sizeBytes[layer] : latency
                return AdditiveAllocation.undominated(levels, by: [loss[layer], latency, size])
                    .sorted { (latency[$0], size[$0]) > (latency[$1], size[$1]) }
            }
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

    /// The levels at prices, in the structure of each group in which they cost least together; of those that cost
    /// alike, the fastest.
    private func levels(perMs: Double, perByte: Double) -> [Int] {
        typealias Cost = (price: Double, latencyMs: Double)
        func cost(_ level: Int, of layer: Int) -> Cost {
            let (latency, size) = (allocation.latencyMs[layer][level], allocation.sizeBytes[layer][level])
            return (loss[layer][level] + perMs * latency + perByte * size, latency)
        }
        return allocation.groups.flatMap { group in
            let options = ladders.map { ladders in
                group.map { layer in ladders[layer].min { cost($0, of: layer) < cost($1, of: layer) } ?? 0 }
            }
            func sum(_ levels: [Int]) -> Cost {
                zip(group, levels).reduce((0, 0)) { sum, choice in
                    let own = cost(choice.1, of: choice.0)
                    return (sum.0 + own.price, sum.1 + own.latencyMs)
                }
            }
            return options.min { sum($0) < sum($1) } ?? group.map { _ in 0 }
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

    /// Spends what a policy leaves (`_greedy_repair`).
    func spent(_ actions: [Int]) -> [Int] {
        allocation.spent(actions, loss: loss, on: changes(of:))
    }

    /// Exchanges the pair that lowers the total loss most, a layer going up that another one pays for by going
    /// down, until there is none, 200 times at most (`_swap_local_search`).
    func exchanged(_ actions: [Int]) -> [Int] {
        var actions = actions
        for _ in 0..<200 {
            var best: (saved: Double, actions: [Int]) = (-1e-12, actions)
            let changes = changes(of: actions)
            for raise in changes {
                let change = allocation.sum(0, after: raise, of: actions, in: loss)
                guard change < 0 else { continue }
                for payment in payments(for: raise, among: changes, in: actions) {
                    let whole = change + allocation.sum(0, after: payment, of: actions, in: loss)
                    guard whole < best.saved else { continue }
                    let changed = payment.applied(to: raise.applied(to: actions))
                    if allocation.fits(changed) { best = (whole, changed) }
                }
            }
            if best.actions == actions { break }
            actions = best.actions
        }
        return actions
    }

    /// The policies in which a layer is raised by a step, or its whole group where there is none, and, where that is too
    /// much, another layer or group is lowered; those of the least loss first.
    func swaps(of actions: [Int], up layer: Int) -> [[Int]] {
        guard let raise = raise(of: layer, in: actions) else { return [] }
        let raised = raise.applied(to: actions)
        if allocation.fits(raised) { return [raised] }
        let found = payments(for: raise, among: changes(of: actions), in: actions).compactMap { payment in
            let changed = payment.applied(to: raised)
            return allocation.fits(changed) ? (loss: allocation.total(loss, changed), actions: changed) : nil
        }
        return found.enumerated().sorted { ($0.1.loss, $0.0) < ($1.1.loss, $1.0) }.map(\.element.actions)
    }

    private func raise(of layer: Int, in actions: [Int]) -> AdditiveAllocation.Change? {
        let latency = allocation.latencyMs[layer]
        let structure = allocation.structureOfLevel[actions[layer]]
        if let level = ladders[structure][layer].last(where: { latency[$0] > latency[actions[layer]] }) {
            return .init(places: [layer], levels: [level])
        }
        guard structure > 0, let group = allocation.groups.first(where: { $0.contains(layer) }) else {
            return nil
        }
        return allocation.nearestChange(of: group, to: structure - 1, in: actions)
    }

    /// Each layer at other levels of its structure, and each group in other structures.
    private func changes(of actions: [Int]) -> [AdditiveAllocation.Change] {
        allocation.groups.flatMap { group in
            let own = ladders[allocation.structureOfLevel[actions[group[0]]]]
            return group.flatMap { layer in
                own[layer].filter { $0 != actions[layer] }.map { .init(places: [layer], levels: [$0]) }
            } + ladders.indices.compactMap { allocation.nearestChange(of: group, to: $0, in: actions) }
        }
    }

    /// Changes elsewhere that make room for one; none, where there is room.
    private func payments(
        for raise: AdditiveAllocation.Change, among changes: [AdditiveAllocation.Change], in actions: [Int]
    ) -> [AdditiveAllocation.Change] {
        func change(_ table: [[Double]], _ change: AdditiveAllocation.Change) -> Double {
            allocation.sum(0, after: change, of: actions, in: table)
        }
        func excess(_ table: [[Double]], _ limit: Double) -> Double {
            allocation.total(table, actions) + change(table, raise) - limit
        }
        let tooSlow = excess(allocation.latencyMs, allocation.latencyLimitMs)
        let tooLarge = excess(allocation.sizeBytes, allocation.sizeLimitBytes)
        return ([.none] + changes).filter {
            -change(allocation.latencyMs, $0) >= tooSlow && -change(allocation.sizeBytes, $0) >= tooLarge
                && $0.places.allSatisfy { !raise.places.contains($0) }
        }
    }
}
