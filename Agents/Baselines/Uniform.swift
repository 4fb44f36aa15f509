import Environments

/// The same level for all layers, as nearly as the target can be met: for each width, pattern and precision, the mildest
/// sparsity that meets it, and the next milder one for as many layers, from the first on, as what is left allows.
///
/// Has as many candidates as there are kinds of levels that can meet it, evaluates each once, and is done. When
/// the dense model meets the target, that is the mildest of all and the only candidate.
public struct Uniform: ListedCandidates {
    public static let name = "uniform"
    public static let choosesStructure = true

    var list: CandidateList

    init(list: CandidateList) { self.list = list }

    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        func uniform(_ level: Int) -> [Int] { [Int](repeating: level, count: costs.layers.count) }
        let fitting = costs.levels.indices.filter {
            !costs.levels[$0].isRemoved && allocation.fits(uniform($0))
        }
        if fitting.contains(costs.levels.dense) { return [costs.densePolicy] }
        let mildest = fitting.filter { level in
            !fitting.contains { other in
                costs.levels[other].kind == costs.levels[level].kind
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

    /// The level of the same width, pattern and precision whose sparsity is the next below; below the lowest, that
    /// without zeros.
    private static func milder(than level: Int, _ costs: LevelCosts) -> Int? {
        let (own, levels) = (costs.levels[level], costs.levels)
        return levels.indices
            .filter { index in
                let isLikeIt = levels[index].kind == own.kind
                let isItsPrecision =
                    levels[index].pattern == .dense && !levels.isDense(index)
                    && levels[index].precision == own.precision && levels[index].width == own.width
                return (isLikeIt || isItsPrecision) && levels[index].sparsity < own.sparsity
            }
            .max { costs.levels[$0].sparsity < costs.levels[$1].sparsity }
    }
}
