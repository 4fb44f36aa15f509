/// Changes of one layer or one group, and policies that are repaired and improved by them.
extension AdditiveAllocation {
    /// A change of one layer, or of a group as a whole.
    struct Change {
        let places: [Int]
        let levels: [Int]

        /// Leaves everything as it is.
        static let none = Change(places: [], levels: [])

        /// Makes it.
        func apply(to actions: inout [Int]) {
            for (place, level) in zip(places, levels) { actions[place] = level }
        }

        /// A policy after it.
        func applied(to actions: [Int]) -> [Int] {
            var changed = actions
            apply(to: &changed)
            return changed
        }
    }

    /// The levels among some that no other of them beats in all of some costs of a layer, [cost][level]; of equal
    /// ones the first.
    static func undominated(_ levels: [Int], by costs: [[Double]]) -> [Int] {
        levels.filter { level in
            !levels.contains { other in
                costs.allSatisfy { $0[other] <= $0[level] }
                    && (other < level || costs.contains { $0[other] < $0[level] })
            }
        }
    }

    /// What may be changed about a policy without touching `frozen` layers: a layer to another level of its structure,
    /// or a group to another structure. What was removed stays so.
    private func changes(of actions: [Int], frozen: Set<Int>) -> [Change] {
        var changes: [Change] = []
        for group in groups {
            let own = structures[structureOfLevel[actions[group[0]]]]
            for layer in group where !frozen.contains(layer) {
                changes += own.filter { $0 != actions[layer] }.map { Change(places: [layer], levels: [$0]) }
            }
            guard frozen.isDisjoint(with: group) else { continue }
            changes += structures.indices.compactMap { change(of: group, to: $0, in: actions) }
        }
        return changes
    }

    /// A group's change to another structure, each layer at the same level in it; nil where it has that structure, or
    /// the structure has no such levels.
    func change(of group: [Int], to structure: Int, in actions: [Int]) -> Change? {
        let levels = structures[structure]
        guard structureOfLevel[actions[group[0]]] != structure else { return nil }
        if levels.count == 1 { return Change(places: group, levels: group.map { _ in levels[0] }) }
        let same = group.compactMap { alike[structure][actions[$0]] }
        return same.count == group.count ? Change(places: group, levels: same) : nil
    }

    /// The same, where the structure has no such levels with those that take about as long.
    func nearestChange(of group: [Int], to structure: Int, in actions: [Int]) -> Change? {
        guard structureOfLevel[actions[group[0]]] != structure else { return nil }
        if let same = change(of: group, to: structure, in: actions) { return same }
        let levels = group.map { layer in
            let row = latencyMs[layer]
            return structures[structure].min {
                abs(row[$0] - row[actions[layer]]) < abs(row[$1] - row[actions[layer]])
            } ?? actions[layer]
        }
        return Change(places: group, levels: levels)
    }

    /// The sum of a table after a change.
    func sum(_ before: Double, after change: Change, of actions: [Int], in table: [[Double]])
        -> Double
    {
        zip(change.places, change.levels).reduce(before) { sum, choice in
            sum + table[choice.0][choice.1] - table[choice.0][actions[choice.0]]
        }
    }

    /// Exchanges levels of layers that are not `frozen` until the policy fits, each time where the least
    /// loss is paid for what the limits are exceeded by; nil when that does not get there.
    func repaired(_ actions: [Int], loss: [[Double]], frozen: Set<Int> = []) -> [Int]? {
        var actions = actions
        var (latency, size) = (total(latencyMs, actions), total(sizeBytes, actions))
        while !fits(actions) {
            let excess = excess(latency, size)
            var best: (price: Double, change: Change)?
            for change in changes(of: actions, frozen: frozen) {
                let gain =
                    excess
                    - self.excess(
                        sum(latency, after: change, of: actions, in: latencyMs),
                        sum(size, after: change, of: actions, in: sizeBytes))
                guard gain > 1e-15 else { continue }
                let price = sum(0, after: change, of: actions, in: loss) / gain
                if price < best?.price ?? .infinity { best = (price, change) }
            }
            guard let best else { return nil }
            best.change.apply(to: &actions)
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
                for level in structures[structureOfLevel[old]] {
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
            let asGood = structures[structureOfLevel[old]].filter { level in
                let saving = loss[best.layer][old] - loss[best.layer][level]
                return saving >= Self.asGood * best.saving
                    && sizeBytes[best.layer][level] <= sizeBytes[best.layer][best.level]
            }
            actions[best.layer] =
                asGood.min { latencyMs[best.layer][$0] < latencyMs[best.layer][$1] } ?? best.level
        }
    }

    private static var asGood: Double { 0.99 }

    /// Spends what a fitting policy leaves: of some changes the one that saves the most loss per millisecond and still
    /// fits, again and again until there is none.
    func spent(
        _ actions: [Int], loss: [[Double]], on changes: (_ actions: [Int]) -> [Change]
    ) -> [Int] {
        var actions = actions
        while true {
            let latencyLeft = latencyLimitMs - total(latencyMs, actions)
            var best: (rate: Double, actions: [Int])?
            for change in changes(actions) {
                let saved = -sum(0, after: change, of: actions, in: loss)
                let extra = sum(0, after: change, of: actions, in: latencyMs)
                guard saved > 0, extra <= latencyLeft else { continue }
                // Where size is limited, what saves loss may cost bytes alone.
                let rate = saved / max(extra, .leastNormalMagnitude)
                guard rate > best?.rate ?? 0 else { continue }
                let changed = change.applied(to: actions)
                if fits(changed) { best = (rate, changed) }
            }
            guard let best else { return actions }
            actions = best.actions
        }
    }

    /// Spends what a fitting policy leaves on wider groups.
    func widened(_ actions: [Int], loss: [[Double]]) -> [Int] {
        spent(actions, loss: loss) { actions in
            groups.flatMap { group in
                (0..<structureOfLevel[actions[group[0]]]).compactMap {
                    nearestChange(of: group, to: $0, in: actions)
                }
            }
        }
    }
}
