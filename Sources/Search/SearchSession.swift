import Agents
import Environments
import Evaluation
import Export
import Foundation
import ModelFiles
import SparseKernels
import Tensors
import Transformers

/// A search from a model folder to a finished run folder.
///
///     let session = try SearchSession.start(options, folder: "checkpoints/mine", cache: cache)
///     let summary = try session.finish()
public final class SearchSession {
    private let preparation: SearchPreparation
    private let run: SearchRun
    private let folder: String

    private init(_ preparation: SearchPreparation, _ run: SearchRun, folder: String) {
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
        let preparation = try SearchPreparation(options, cache: cache, table: table, progress: progress)
        try preparation.table?.write(to: "\(folder)/latency.h5")
        try writeJSON(options, to: "\(folder)/run.json")
        try writeJSON(preparation.costs, to: "\(folder)/costs.json")
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
        let options: SearchOptions = try readJSON("\(folder)/run.json")
        let costs: LevelCosts = try readJSON("\(folder)/costs.json")
        let preparation = try SearchPreparation(
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
        let dense = preparation.model.encoder
        let pruned = try preparation.candidates.model(best.actions, pool: pool)
        let measured = EndToEndBenchmark(tokens: options.tokens, pool: pool).measure(pruned, against: dense) {
            progress("measuring the pruned model", $0)
        }
        var validation: SearchSummary.Score?
        if let path = options.validation {
            progress("validating", 0)
            let task = try TaskFile(task: options.task, path: path).task(
                for: preparation.model, dense: preparation.model, pool: pool)
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
        try Self.writeJSON(policy, to: "\(folder)/policy.json")
        let model = "\(folder)/model"
        try? FileManager.default.removeItem(atPath: model)
        try PrunedModelFolder.write(
            weights: try preparation.candidates.weights(best.actions), of: preparation.options.model,
            metadata: ["format": "pt"], to: model)
        try Self.writeJSON(summary, to: "\(folder)/summary.json")
    }

    /// The model folder that a run searched; nil when the folder is no run.
    public static func searchedModel(run folder: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: "\(folder)/run.json") else { return nil }
        let options: SearchOptions = try readJSON("\(folder)/run.json")
        return options.model
    }

    private static func environment(_ preparation: SearchPreparation, spent: Int) -> PruningEnvironment {
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

    static func writeJSON(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(value), to: path)
    }

    static func readJSON<Value: Decodable>(_ path: String) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SearchFailure("\(path): no such file: is this the folder of a run?")
        }
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw SearchFailure("\(path): found JSON of another kind, or damaged: \(error)")
        }
    }
}
