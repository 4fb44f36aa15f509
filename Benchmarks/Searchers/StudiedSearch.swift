import Agents
import Foundation
import Levels
import Models
import Runs
import Search

/// One search of the study: a run folder, finished or not.
///
/// Policies are compared at equal latency by the table that all searches of a model share; what is measured
/// depends on how fast the machine was at that moment, and is reported separately.
struct StudiedSearch {
    let model: StudiedModel
    /// A latency, or a range such as `0.33...0.6`.
    let target: String
    let budget: Int
    let agent: String
    let seed: UInt64
    /// The folder of everything about the model.
    let modelFolder: String

    var files: RunFiles {
        RunFiles(folder: "\(modelFolder)/\(target)-\(budget)/\(agent)-\(seed)")
    }

    /// What came out; nil while it is not finished.
    func summary() throws -> SearchSummary? { try files.summary() }

    /// Searches, or continues it, unless it is finished, by the latencies that all searches of the model
    /// share.
    func run(data: String) throws -> SearchSummary {
        try summary() ?? run(SearchTasks.standard.task(named: model.task), data)
    }

    /// Takes a policy for one target out of a finished search over a range, once.
    func picked(_ target: String) throws -> SearchSummary {
        try picked(SearchTasks.standard.task(named: model.task), target)
    }

    private func picked<Task: SearchTask>(_ task: Task, _ text: String) throws -> SearchSummary {
        guard let target = LatencyTarget(text) else {
            throw Issue(.malformed, .option("targets"), found: "'\(text)'", allowed: "such as 0.5 or 12ms")
        }
        let folder = "\(files.folder)/picked-\(text)"
        if let summary = try RunFiles(folder: folder).summary() { return summary }
        if FileManager.default.fileExists(atPath: folder) {
            try FileManager.default.removeItem(atPath: folder)
        }
        return try PolicyPick<Task.Model>(run: files.folder, target: target).pick(
            task, to: folder, cache: cache, by: .predicted)
    }

    /// Whether the latencies that all searches of the model share are there.
    var hasLatencies: Bool { FileManager.default.fileExists(atPath: table) }

    /// Whether its layers are pruned to every level.
    var hasLevels: Bool { files.holdsCosts }

    private var cache: String { "\(modelFolder)/cache" }
    private var table: String { "\(modelFolder)/latency.h5" }

    private func run<Task: SearchTask>(_ task: Task, _ data: String) throws -> SearchSummary {
        let session: SearchSession<Task.Model>
        if files.holdsRun {
            session = try .resume(task, folder: files.folder, cache: cache)
        } else {
            session = try .start(
                try options(task.modelType, data), task: task, folder: files.folder, cache: cache,
                latencyTable: hasLatencies ? table : nil)
        }
        if !hasLatencies {
            try FileManager.default.copyItem(atPath: files.path(.latency), toPath: table)
        }
        guard let summary = try session.finish(by: .predicted) else {
            throw Issue(.missing, .path(files.folder), advice: "the search was stopped before its end")
        }
        return summary
    }

    private func options<Model: SearchableModel>(_ type: Model.Type, _ data: String) throws -> SearchOptions {
        guard let targets = LatencyTargets(target) else {
            throw Issue(.malformed, .option("targets"), found: "'\(target)'", allowed: "such as 0.5 or 12ms")
        }
        let (train, validation) = try model.files(data: data, folder: modelFolder)
        var options = SearchOptions(
            model: model.folder, task: model.task, train: train, targetLatency: targets.strictest, threads: 1)
        options.targetLatencies = targets
        options.tokens = type.standardTokens
        options.validation = validation
        options.levels = try model.levels(for: agent)
        options.agent = agent
        options.seed = seed
        options.budget = budget
        return options
    }
}
