import Agents
import Environments
import Export
import Foundation
import ModelFiles

/// Takes a policy for one target out of a finished search over a range of targets, without learning anew.
///
/// The agent names the policies that it holds to be best there; they are checked on data that no reward was computed on,
/// and measured, as at the end of a search.
public struct PolicyPick<Model: SearchableModel> {
    private let files: RunFiles
    private let options: SearchOptions
    private let target: LatencyTarget

    /// Reads what a run searched.
    ///
    /// - Throws: ``SearchFailure`` when the folder holds no finished search over a range.
    public init(run folder: String, target: LatencyTarget) throws {
        files = RunFiles(folder: folder)
        options = try files.options()
        self.target = target
        guard options.mildestLatency != nil else {
            throw SearchFailure(
                "\(folder): found a search for the one target \(options.targetLatency), allowed one over a range, "
                    + "such as --target-latency 0.25...0.8")
        }
        guard try files.summary() != nil else {
            throw SearchFailure(
                "\(folder): found a search that has not ended: `secateur resume \(folder)` goes on")
        }
    }

    /// Picks, and writes a folder with the policy, the pruned model and the summary.
    ///
    /// - Parameters:
    ///   - output: the folder to write, which must not exist.
    ///   - cache: folder of level databases.
    ///   - latency: what decides whether a policy meets the target.
    /// - Throws: ``SearchFailure`` when the target is outside of the range.
    public func pick(
        to output: String, cache: String, by latency: FinalLatency = .measured,
        progress: StageProgress = { _, _ in }
    ) throws -> SearchSummary {
        try OutputPath(output).require(.newFolder)
        progress("reading the model and the data", 0)
        var asked = options
        (asked.targetLatency, asked.mildestLatency) = (target, nil)
        let preparation = try SearchPreparation(
            SearchInputs<Model>(asked), cache: cache, files: files, progress: progress)
        let costs = preparation.costs
        guard options.targetLatencies.contains(target, dense: costs.denseLatencyMs) else {
            throw SearchFailure(
                "--target-latency: found \(target), allowed \(options.targetLatencies), the range that "
                    + "\(files.folder) searched")
        }
        let wanted = SearchSession<Model>.target(asked, costs)
        let policies = try SearchRun.policies(for: wanted, in: files.folder, costs: costs)
        let confirmation = PolicyConfirmation(preparation, target: wanted, by: latency)
        let best = try confirmation.pick(policies, progress: progress)
        var summary = try confirmation.summary(best, evaluations: policies.count, progress: progress)
        let picked = RunFiles(folder: output)
        try picked.makeFolder()
        try picked.store(costs)
        try SearchSession<Model>.handOver(best.candidate.actions, &summary, preparation, picked)
        try picked.store(asked)
        return summary
    }
}
