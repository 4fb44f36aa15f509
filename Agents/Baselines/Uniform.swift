import Environments
import HDF5

/// The same level for all layers, as nearly as the target can be met: for each pattern, the mildest sparsity
/// that meets it, and the next milder one for as many layers, from the first on, as what is left allows.
///
/// Has as many candidates as there are patterns that can meet it, evaluates each once, and is done. When
/// the dense model meets the target, that is the mildest of all and the only candidate.
public struct Uniform: Agent {
    /// What users call it.
    public static let name = AgentKind.uniform.rawValue

    /// No.
    public static let usesSensitivities = false
    /// Does not estimate rewards.
    public let baseline = Double.nan

    private let costs: LevelCosts
    /// Policies still to be evaluated are those from `next` on.
    private let candidates: [[Int]]
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
        let dense = [Int](repeating: 0, count: costs.layers.count)
        let plan = next < candidates.count ? candidates[next] : dense
        return observation.action(following: plan, score: costs.sensitivity)
    }

    /// Goes on to the next candidate.
    public mutating func finish(_ episode: Episode) {
        next += 1
    }

    private static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        func uniform(_ level: Int) -> [Int] { [Int](repeating: level, count: costs.layers.count) }
        let fitting = costs.levels.indices.filter { allocation.fits(uniform($0)) }
        if fitting.first == 0 { return [uniform(0)] }
        let mildest = fitting.filter { level in
            !fitting.contains { other in
                costs.levels[other].pattern == costs.levels[level].pattern
                    && (costs.levels[other].sparsity, other) < (costs.levels[level].sparsity, level)
            }
        }
        return mildest.map { level in
            var actions = uniform(level)
            guard let milder = milder(than: level, costs) else { return actions }
            for layer in actions.indices {
                actions[layer] = milder
                guard allocation.fits(actions) else {
                    actions[layer] = level
                    break
                }
            }
            return actions
        }
    }

    /// The level of the same pattern whose sparsity is the next below.
    private static func milder(than level: Int, _ costs: LevelCosts) -> Int? {
        let (pattern, sparsity) = (costs.levels[level].pattern, costs.levels[level].sparsity)
        return costs.levels.indices
            .filter { costs.levels[$0].pattern == pattern && costs.levels[$0].sparsity < sparsity }
            .max { costs.levels[$0].sparsity < costs.levels[$1].sparsity }
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
