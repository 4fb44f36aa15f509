import Environments
import HDF5

/// The same level for all layers: for each pattern, the mildest sparsity that meets the target.
///
/// Has as many candidates as there are patterns that can meet it, evaluates each once, and is done. When
/// the dense model meets the target, that is the mildest of all and the only candidate.
public struct Uniform: Agent {
    /// What users call it.
    public static let name = AgentKind.uniform.rawValue

    /// Does not estimate rewards.
    public let baseline = Double.nan

    private let costs: LevelCosts
    /// Levels still to be evaluated are those from `next` on.
    private let candidates: [Int]
    private var next = 0

    /// A new agent that has seen nothing but the tables.
    public init(costs: LevelCosts, target: SearchTarget, budget: Int, seed: UInt64) {
        self.costs = costs
        candidates = Self.candidates(costs, AdditiveAllocation(costs: costs, target: target))
    }

    /// Whether a candidate is left.
    public var wantsMore: Bool { next < candidates.count }

    /// Chooses the level of one layer, among those that are not masked.
    public mutating func act(_ observation: Observation) -> Int {
        let level = next < candidates.count ? candidates[next] : 0
        let plan = [Int](repeating: level, count: costs.layers.count)
        return observation.action(following: plan, score: costs.sensitivity)
    }

    /// Goes on to the next candidate.
    public mutating func finish(_ episode: Episode) {
        next += 1
    }

    private static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [Int] {
        let fitting = costs.levels.indices.filter { level in
            allocation.fits([Int](repeating: level, count: costs.layers.count))
        }
        if fitting.first == 0 { return [0] }
        return fitting.filter { level in
            !fitting.contains { other in
                costs.levels[other].pattern == costs.levels[level].pattern
                    && (costs.levels[other].sparsity, other) < (costs.levels[level].sparsity, level)
            }
        }
    }

    /// Writes everything that restoring needs.
    public func save(to group: HDF5Group) throws {
        try group.setAttribute("next", next)
    }

    /// Continues with a saved state.
    public init(restoring group: HDF5Group, costs: LevelCosts, target: SearchTarget, budget: Int) throws {
        self.init(costs: costs, target: target, budget: budget, seed: 0)
        next = try group.attribute("next")
        guard (0...candidates.count).contains(next) else {
            throw SearchError.damaged(
                file: "agent", reason: "next is \(next), allowed 0 to \(candidates.count)")
        }
    }
}
