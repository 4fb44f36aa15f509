import Environments

/// One threshold of magnitude for the whole model, and each layer as sparse as the fraction of its weights
/// below it (Han et al., NeurIPS 2015; "global" as in Blalock et al., MLSys 2020): for each pattern, the
/// lowest threshold that meets the target.
public struct GlobalMagnitude: ListedCandidates {
    public static let name = "magnitude"

    var list: CandidateList

    init(list: CandidateList) { self.list = list }

    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        // Thresholds at the quantiles of all layers, each weighted by how many weights it has.
        let weighted = costs.facts.flatMap { facts in
            facts.magnitudeQuantiles.map { (magnitude: Double($0), weight: Double(facts.rows * facts.cols)) }
        }.sorted { $0.magnitude < $1.magnitude }
        let total = weighted.reduce(0) { $0 + $1.weight }
        return SparsityRule.candidates(costs, allocation) { severity in
            var sum = 0.0
            let threshold =
                weighted.first {
                    sum += $0.weight
                    return sum >= severity * total
                }?.magnitude ?? .infinity
            return costs.facts.map { $0.fraction(below: threshold) }
        }
    }
}
