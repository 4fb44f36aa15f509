import Environments

/// Erdős–Rényi densities (Mocanu et al., Nature Communications 2018, equation 2, as Evci et al., ICML 2020,
/// use them for whole networks; without kernels, ERK is ER): a layer keeps a fraction of its weights in
/// proportion to (rows + cols) / (rows · cols), 1 at most.
public struct ERK: ListedCandidates {
    public static let name = "erk"

    var list: CandidateList

    init(list: CandidateList) { self.list = list }

    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        SparsityRule.candidates(costs, allocation) { severity in
            densities(costs, overall: 1 - severity).map { 1 - $0 }
        }
    }

    /// ε · (rows + cols) / (rows · cols) for each layer, with ε such that `overall` of all weights are kept;
    /// layers that would keep more than all stay dense and the others make up for it.
    static func densities(_ costs: LevelCosts, overall: Double) -> [Double] {
        let counts = costs.facts.map { Double($0.rows * $0.cols) }
        let raw = costs.facts.map { Double($0.rows + $0.cols) / Double($0.rows * $0.cols) }
        var full: Set<Int> = []
        while true {
            let kept = overall * counts.reduce(0, +) - full.reduce(0) { $0 + counts[$1] }
            let sparse = counts.indices.filter { !full.contains($0) }
            let unit = sparse.reduce(0.0) { $0 + raw[$1] * counts[$1] }
            let scale = unit > 0 ? max(0, kept) / unit : 0
            let over = sparse.filter { scale * raw[$0] > 1 }
            guard let first = over.max(by: { raw[$0] < raw[$1] }) else {
                return counts.indices.map { full.contains($0) ? 1 : scale * raw[$0] }
            }
            full.insert(first)
        }
    }
}
