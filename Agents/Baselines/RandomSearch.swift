import Environments
import Levels
import Tensors

/// Random levels that meet the target and leave little of it unspent.
///
/// Each episode draws a level for every layer, makes random layers one step faster until the target is met,
/// then makes random layers one step slower while it still is. It learns nothing.
public struct RandomSearch: Agent {
    public static let name = "random"

    public static let usesSensitivities = false
    /// Does not estimate rewards.
    public let baseline = Double.nan
    public var wantsMore: Bool { true }

    private let costs: LevelCosts
    private var random: CounterBasedRandom
    private var plan: [Int] = []

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: NoSettings) {
        self.costs = costs
        random = CounterBasedRandom(seed: seed)
    }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        if observation.layer == 0 || plan.isEmpty {
            plan = draw(AdditiveAllocation(costs: costs, target: observation.target))
        }
        return observation.action(following: plan, score: costs.latencyMs)
    }

    /// Learns nothing.
    public mutating func finish(_ episode: Episode) {}

    private mutating func draw(_ allocation: AdditiveAllocation) -> [Int] {
        var actions = costs.layers.map { _ in Int.random(in: costs.levels.indices, using: &random) }
        while !allocation.fits(actions) {
            let tooSlow = allocation.total(allocation.latencyMs, actions) > allocation.latencyLimitMs
            let table = tooSlow ? allocation.latencyMs : allocation.sizeBytes
            let movable = actions.indices.filter { step(table[$0], from: actions[$0], down: true) != nil }
            guard let layer = movable.randomElement(using: &random),
                let level = step(table[layer], from: actions[layer], down: true)
            else { return allocation.fastest }
            actions[layer] = level
        }
        for layer in actions.indices.shuffled(using: &random) {
            while let level = step(allocation.latencyMs[layer], from: actions[layer], down: false) {
                var slower = actions
                slower[layer] = level
                guard allocation.fits(slower) else { break }
                actions = slower
            }
        }
        return actions
    }

    /// The level whose cost is the next below, or above, that of `level`.
    private func step(_ costs: [Double], from level: Int, down: Bool) -> Int? {
        let beyond = costs.indices.filter { down ? costs[$0] < costs[level] : costs[$0] > costs[level] }
        return beyond.min { down ? costs[$0] > costs[$1] : costs[$0] < costs[$1] }
    }

    /// The generator: all that its next choices depend on.
    public var state: CounterBasedRandom { random }

    /// Continues with a saved state.
    public mutating func restore(_ state: CounterBasedRandom) {
        random = state
    }
}
