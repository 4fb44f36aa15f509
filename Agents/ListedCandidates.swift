import Environments
import Levels

/// An agent that knows from the tables alone which policies it will propose; evaluates each once and is done.
protocol ListedCandidates: Agent where Settings == NoSettings, State == ListProgress {
    /// The policies, fixed by costs and target.
    static func candidates(_ costs: LevelCosts, _ allocation: AdditiveAllocation) -> [[Int]]
    /// What is proposed, and how far it is.
    var list: CandidateList { get set }
    /// Starts with a list.
    init(list: CandidateList)
}

/// Policies that are proposed one after the other.
public struct CandidateList: Sendable {
    let candidates: [[Int]]
    /// Those still to be evaluated are from here on.
    var next = 0
    /// What levels are alike by, where a mask forbids the one that was meant.
    let score: [[Double]]
}

extension ListedCandidates {
    public static var usesSensitivities: Bool { false }
    /// Does not estimate rewards.
    public var baseline: Double { .nan }
    /// Whether a candidate is left.
    public var wantsMore: Bool { list.next < list.candidates.count }

    /// Lists the candidates; seed and budget make no difference.
    public init(costs: LevelCosts, target: Target, budget: Int, seed: UInt64, settings: NoSettings) {
        let allocation = AdditiveAllocation(costs: costs, target: target)
        var candidates: [[Int]] = []
        for candidate in Self.candidates(costs, allocation) where !candidates.contains(candidate) {
            candidates.append(candidate)
        }
        self.init(
            list: CandidateList(
                candidates: candidates.isEmpty ? [allocation.fastest] : candidates,
                score: costs.outputError))
    }

    /// The level that the present candidate has for the layer.
    public mutating func act(_ observation: Observation) -> Int {
        observation.action(
            following: list.candidates[min(list.next, list.candidates.count - 1)], score: list.score)
    }

    /// Continues to the next candidate.
    public mutating func finish(_ episode: Episode) {
        list.next += 1
    }

    /// How far it is.
    public var state: ListProgress { ListProgress(next: list.next) }

    /// Continues with a saved state.
    public mutating func restore(_ state: ListProgress) throws {
        try requireState(
            (0...list.candidates.count).contains(state.next),
            "next is \(state.next), allowed 0 to \(list.candidates.count)")
        list.next = state.next
    }
}

/// How far an agent is that knows its candidates beforehand.
public struct ListProgress: Codable, Sendable {
    /// Candidates that were proposed.
    let next: Int
}

/// A rule that gives every layer a sparsity, made more severe until the target is met.
enum SparsityRule {
    /// How finely severities are tried.
    private static let steps = 400

    /// For each pattern, the policy of the least severity at which all layers together meet the target, each
    /// layer at the level of that pattern whose sparsity is nearest to what the rule asks.
    ///
    /// - Parameter sparsities: those of all layers, for a severity from 0 to 1 that makes them no smaller.
    static func candidates(
        _ costs: LevelCosts, _ allocation: AdditiveAllocation, sparsities: (_ severity: Double) -> [Double]
    ) -> [[Int]] {
        var patterns: [Pattern] = []
        let pruned = costs.levels.indices.filter { !costs.levels.isDense($0) }
        for level in pruned where !patterns.contains(costs.levels[level].pattern) {
            patterns.append(costs.levels[level].pattern)
        }
        return patterns.compactMap { pattern in
            let levels = [costs.levels.dense] + pruned.filter { costs.levels[$0].pattern == pattern }
            for step in 0...steps {
                let actions = sparsities(Double(step) / Double(steps)).map { wanted in
                    levels.min {
                        abs(costs.levels[$0].sparsity - wanted) < abs(costs.levels[$1].sparsity - wanted)
                    } ?? costs.levels.dense
                }
                if allocation.fits(actions) { return actions }
            }
            return nil
        }
    }
}
