import Environments

/// Outlier weighed layerwise sparsity (Yin et al., ICML 2024): layers with more outliers among their Wanda
/// scores are pruned less, by ``spread`` at most from the mean.
public struct OWL: ListedCandidates {
    public static let name = "owl"
    /// λ; the paper's and its code's choice for most models.
    static let spread = 0.08

    var list: CandidateList

    init(list: CandidateList) { self.list = list }

    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        SparsityRule.candidates(costs, allocation) { severity in
            sparsities(costs.facts.map(\.outlierRatio), mean: severity).map { min(1, max(0, $0)) }
        }
    }

    /// 1 − density, with density = 2λ (D − min D) / (max D − min D), shifted so that its mean is 1 − S
    /// (section 3.2 and the public code).
    static func sparsities(_ outlierRatios: [Double], mean: Double) -> [Double] {
        let (least, most) = (outlierRatios.min() ?? 0, outlierRatios.max() ?? 0)
        let stretched = outlierRatios.map { most > least ? ($0 - least) / (most - least) * 2 * spread : 0 }
        let average = stretched.reduce(0, +) / Double(max(1, stretched.count))
        return stretched.map { 1 - ($0 - average + 1 - mean) }
    }
}
