import Agents
import Environments
import Foundation
import Levels
import ModelFiles
import Models
import Runs

/// Picks a policy from a finished search, without learning more, and writes it into a folder of its own.
///
/// From a search over a range, for a target inside of it: the agent names the policies that it holds to be
/// best there. From any search, for its own target again: the best policies of its trace. They are checked on
/// data that no reward was computed on, and measured, as at the end of a search.
public struct PolicyPick<Model: SearchableModel> {
    private let files: RunFiles
    private let options: SearchOptions
    /// Nil for the search's own.
    private let target: LatencyTarget?

    /// Reads what a run searched.
    ///
    /// - Throws: `Issue` when the folder holds no finished search over a range.
    public init(run folder: String, target: LatencyTarget) throws {
        files = RunFiles(folder: folder)
        options = try files.options()
        self.target = target
        guard options.mildestLatency != nil else {
            throw Issue(
                .mismatch, .path(folder), found: "a search for the one target \(options.targetLatency)",
                allowed: "one over a range of latencies, such as 0.25...0.8")
        }
        try Self.requireEnd(of: files)
    }

    /// Reads what a run searched, to pick for its own target and to measure again.
    ///
    /// - Throws: `Issue` when the folder holds no finished search.
    public init(remeasuring folder: String) throws {
        files = RunFiles(folder: folder)
        options = try files.options()
        target = nil
        try Self.requireEnd(of: files)
    }

    private static func requireEnd(of files: RunFiles) throws {
        guard try files.finishedSummary() == nil else { return }
        throw Issue(
            .mismatch, .path(files.folder), found: "a search that has not ended",
            advice: "`secateur resume \(files.folder)` continues it")
    }

    /// Picks, and writes a folder with the policy, the pruned model and the summary.
    ///
    /// - Parameters:
    ///   - output: the folder to write, which must not exist.
    ///   - cache: folder of level databases.
    ///   - latency: what decides whether a policy meets the target.
    /// - Throws: `Issue` when the target is outside of the range, or the folder exists.
    public func pick<Task: SearchTask>(
        _ task: Task, to output: String, cache: String, by latency: FinalLatency = .measured,
        progress: StageProgress = { _, _ in }
    ) throws -> SearchSummary where Task.Model == Model {
        try OutputPath(output).require(.newFolder)
        progress("reading the model and the data", 0)
        var asked = options
        (asked.targetLatency, asked.mildestLatency) = (target ?? options.targetLatency, nil)
        // What is picked is as it was pruned.
        asked.recover = nil
        let preparation = try SearchPreparation(
            SearchInputs(asked, task: task), cache: cache, files: files, progress: progress)
        let costs = preparation.costs
        let wanted = SearchSession<Model>.target(asked, costs)
        let (policies, evaluations) = try proposals(for: wanted, costs)
        let confirmation = PolicyConfirmation(preparation, target: wanted, by: latency)
        let best = try confirmation.pick(policies, progress: progress)
        var summary = try confirmation.summary(best, evaluations: evaluations, progress: progress)
        let picked = RunFiles(folder: output)
        try picked.makeFolder()
        try picked.store(costs)
        try SearchSession<Model>.handOver(best.candidate.actions, &summary, preparation, picked)
        try picked.store(asked, cache: cache)
        return summary
    }

    private func proposals(for wanted: Target, _ costs: LevelCosts) throws -> (
        policies: [[Int]], evaluations: Int
    ) {
        guard let target else { return try SearchRun.bestPolicies(in: files.folder, costs: costs) }
        guard options.targetLatencies.contains(wanted) else {
            throw Issue(
                .outOfRange, .option("targetLatency"), found: "\(target)",
                allowed: "\(options.targetLatencies), the range that \(files.folder) searched")
        }
        let policies = try SearchRun.policies(for: wanted, in: files.folder, costs: costs)
        return (policies, policies.count)
    }
}
