import Environments

/// Loss per saved millisecond, greedily, in the manner of ZipLM (Kurtic, Frantar and Alistarh, NeurIPS 2023):
/// from the dense model, again and again the switch that pays the least relative output error for each
/// millisecond it saves, until the target is met; what is left is spent likewise.
public struct Greedy: ListedCandidates {
    public static let name = "greedy"
    public static let choosesStructure = true

    var list: CandidateList

    init(list: CandidateList) { self.list = list }

    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]] {
        let errors = costs.outputError
        return [allocation.repaired(costs.densePolicy, loss: errors)].compactMap { actions in
            actions.map { allocation.filledUp($0, loss: errors) }
        }
    }
}
