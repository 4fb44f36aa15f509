import Agents
import Environments
import Evaluation
import Foundation
import SparseKernels
import Tensors
import Transformers

/// A search from a model folder to a finished run folder.
///
///     let session = try SearchSession<EncoderModel>.start(options, folder: "checkpoints/mine", cache: cache)
///     let summary = try session.finish()
public final class SearchSession<Model: SearchableModel> {
    private let preparation: SearchPreparation<Model>
    private let run: SearchRun
    private let folder: String

    private init(_ preparation: SearchPreparation<Model>, _ run: SearchRun, folder: String) {
        self.preparation = preparation
        self.run = run
        self.folder = folder
    }

    /// Prepares everything and starts a run in a folder.
    ///
    /// - Parameters:
    ///   - cache: folder for level databases.
    ///   - latencyTable: a file to take latencies from instead of measuring.
    public static func start(
        _ options: SearchOptions, folder: String, cache: String, latencyTable: String? = nil,
        progress: @escaping StageProgress = { _, _ in }
    ) throws -> SearchSession {
        let agent = try AgentKind(name: options.agent)
        try makeFolder(folder)
        let table = try latencyTable.map { try checkedTable($0, options) }
        let preparation = try SearchPreparation<Model>(
            options, cache: cache, table: table, progress: progress)
        try preparation.table?.write(to: "\(folder)/latency.h5")
        try RunFiles.write(options, to: "\(folder)/run.json")
        try RunFiles.write(preparation.costs, to: "\(folder)/costs.json")
        let target = try target(options, preparation.costs)
        let environment = environment(preparation, spent: 0)
        _ = try environment.reset(target: target)
        let run = try SearchRun.start(
            folder: folder, environment: environment,
            options: SearchRunOptions(
                agent: agent, target: target, budget: options.budget, seed: options.seed),
            identity: preparation.identity)
        return SearchSession(preparation, run, folder: folder)
    }

    /// Goes on with the run in a folder from its last checkpoint, with the latencies it started with.
    public static func resume(
        folder: String, cache: String, progress: @escaping StageProgress = { _, _ in }
    ) throws -> SearchSession {
        let options: SearchOptions = try RunFiles.read("\(folder)/run.json")
        let costs: LevelCosts = try RunFiles.read("\(folder)/costs.json")
        let preparation = try SearchPreparation<Model>(
            options, cache: cache, storedCosts: costs, progress: progress)
        let run = try SearchRun.resume(folder: folder, identity: preparation.identity) { _, spent in
            environment(preparation, spent: spent)
        }
        return SearchSession(preparation, run, folder: folder)
    }

    /// Searches to the end, confirms the best policy by measurement, and writes the pruned model.
    ///
    /// - Parameter shouldStop: asked between two evaluations.
    /// - Returns: the summary; nil when it was stopped before the end, and can be resumed.
    public func finish(
        progress: @escaping StageProgress = { _, _ in }, shouldStop: () -> Bool = { false }
    ) throws -> SearchSummary? {
        let outcome = try run.run(
            progress: { state in
                progress("searching", Double(state.evaluations) / Double(state.budget))
            }, shouldStop: shouldStop)
        guard !outcome.interrupted else { return nil }
        let best = try pick(outcome.best, progress: progress)
        let summary = try confirm(best, evaluations: outcome.evaluations, progress: progress)
        try handOver(best, summary)
        return summary
    }

    /// The policy that does best on data that no reward was computed on.
    private func pick(_ candidates: [Episode], progress: StageProgress) throws -> Episode {
        var best: (episode: Episode, quality: Double)?
        for (number, episode) in candidates.enumerated() {
            progress("checking the best policies on other data", Double(number) / Double(candidates.count))
            let quality = try preparation.checkedQuality(episode.actions)
            if best.map({ quality > $0.quality }) ?? true { best = (episode, quality) }
        }
        guard let best else { throw SearchFailure("\(folder): the search evaluated no policy") }
        return best.episode
    }

    private func confirm(_ best: Episode, evaluations: Int, progress: @escaping StageProgress) throws
        -> SearchSummary
    {
        let pool = preparation.pool
        let options = preparation.options
        let dense = preparation.model.network
        let pruned = try preparation.candidates.model(best.actions, pool: pool)
        let measured = EndToEndBenchmark(options.workload, pool: pool).measure(pruned, against: dense) {
            progress("measuring the pruned model", $0)
        }
        var validation: SearchSummary.Score?
        if let path = options.validation {
            progress("validating", 0)
            let task = try preparation.model.validationTask(
                options, path: path, dense: preparation.model, pool: pool)
            validation = SearchSummary.Score(
                metric: task.metric, dense: task.score(dense, pool: pool),
                pruned: task.score(pruned, pool: pool))
        }
        let costs = preparation.costs
        return SearchSummary(
            options: options, hardware: HardwareFingerprint.current.description, evaluations: evaluations,
            denseMs: measured.reference.medianMs, prunedMs: measured.model.medianMs,
            speedup: measured.speedup,
            predictedMs: best.terms.latencyMs, predictedDenseMs: costs.denseLatencyMs,
            denseSizeBytes: costs.sizeBytes(of: costs.layers.map { _ in 0 }), sizeBytes: best.terms.sizeBytes,
            quality: best.terms.quality, checkedQuality: try preparation.checkedQuality(best.actions),
            reward: best.terms.reward, validation: validation,
            policy: zip(costs.layers, best.actions).map { .init(layer: $0, level: costs.levels[$1]) })
    }

    private func handOver(_ best: Episode, _ summary: SearchSummary) throws {
        let policy = Policy(summary, modelDigest: preparation.identity["model"] ?? "")
        try RunFiles.write(policy, to: "\(folder)/policy.json")
        let model = "\(folder)/model"
        try? FileManager.default.removeItem(atPath: model)
        try preparation.model.write(try preparation.candidates.weights(best.actions), to: model)
        try RunFiles.write(summary, to: "\(folder)/summary.json")
    }

    private static func environment(_ preparation: SearchPreparation<Model>, spent: Int) -> PruningEnvironment
    {
        PruningEnvironment(
            costs: preparation.costs, weights: preparation.options.weights,
            budget: preparation.options.budget,
            spent: spent, quality: preparation.quality)
    }

    private static func target(_ options: SearchOptions, _ costs: LevelCosts) throws -> SearchTarget {
        let dense = costs.sizeBytes(of: costs.layers.map { _ in 0 })
        return SearchTarget(
            latencyMs: options.targetLatency.milliseconds(dense: costs.denseLatencyMs),
            sizeBytes: options.targetSize.map { Int($0 * Double(dense)) })
    }

    private static func checkedTable(_ path: String, _ options: SearchOptions) throws -> LatencyTable {
        let table = try LatencyTable(path: path)
        guard table.tokens == options.tokens, table.threads == options.threads else {
            throw SearchFailure(
                "\(path): found \(table.tokens) tokens and \(table.threads) threads, allowed "
                    + "\(options.tokens) tokens and \(options.threads) threads")
        }
        return table
    }

    private static func makeFolder(_ folder: String) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw SearchFailure("\(folder): the folder cannot be made: \(error.localizedDescription)")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw SearchFailure("\(folder): the folder cannot be written to")
        }
    }
}
