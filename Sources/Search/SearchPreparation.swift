import Environments
import Evaluation
import Foundation
import ModelFiles
import Pruning
import SparseKernels
import Tensors
import Transformers

/// Tells a person what is being done and what fraction of it is done.
public typealias StageProgress = (_ stage: String, _ fraction: Double) -> Void

/// What a search works on: the model, its level database, its costs, and the reward.
public final class SearchPreparation {
    /// The options that it was made for.
    public let options: SearchOptions
    /// The dense model.
    public let model: EncoderModel
    /// Latencies, sizes and sensitivities.
    public let costs: LevelCosts
    /// Puts candidates together.
    public let candidates: CandidateModels
    /// The threads.
    public let pool: ThreadPool
    /// The latency table; nil when the costs of an earlier run were taken.
    public let table: LatencyTable?
    /// What the search is about, for telling runs apart.
    public let identity: [String: String]
    let data: SearchData
    private let denseReward: Double

    /// Prepares a search.
    ///
    /// - Parameters:
    ///   - cache: folder for level databases.
    ///   - table: a latency table to use instead of measuring.
    ///   - storedCosts: the costs of an earlier start of the same run.
    public init(
        _ options: SearchOptions, cache: String, table given: LatencyTable? = nil,
        storedCosts: LevelCosts? = nil,
        progress: StageProgress
    ) throws {
        self.options = options
        pool = ThreadPool(threads: options.threads)
        progress("loading the model", 0)
        model = try EncoderModel(folder: options.model)
        let encoder = model.encoder
        let modelDigest = try model.digest()
        data = try SearchData(options, model: model, pool: pool)
        let levels = Level.standard
        let database = try Self.database(
            options, encoder, data,
            key: LevelDatabase.key(
                model: modelDigest, calibration: data.digest, solver: options.solver, levels: levels),
            levels: levels, cache: cache, pool: pool, progress: progress)
        candidates = try CandidateModels(dense: encoder, database: database)
        denseReward = data.reward.score(encoder, pool: pool)
        identity = [
            "model": modelDigest, "calibration": data.digest, "task": options.task.rawValue,
            "solver": options.solver.rawValue,
        ]
        if let storedCosts {
            costs = storedCosts
            table = nil
            return
        }
        let table =
            given
            ?? Profiler(
                variants: LevelVariants(of: encoder, levels: levels), tokens: options.tokens, pool: pool
            ).measure { progress("measuring kernels", $0) }
        self.table = table
        let (candidates, reward, dense, pool) = (candidates, data.reward, denseReward, pool)
        let sensitivity = try Sensitivities.estimate(
            levels: levels, errors: database.errors,
            quality: { reward.score(try candidates.model($0, pool: pool), pool: pool) / dense },
            progress: { progress("estimating sensitivities", $0) })
        costs = try Self.costs(encoder, model, table, levels, sensitivity)
    }

    /// The quality of a policy's model, as a fraction of the dense model's, on the reward data.
    public func quality(_ actions: [Int]) throws -> Double {
        data.reward.score(try candidates.model(actions, pool: pool), pool: pool) / denseReward
    }

    /// The same on data that no reward was computed on.
    public func checkedQuality(_ actions: [Int]) throws -> Double {
        data.check.score(try candidates.model(actions, pool: pool), pool: pool)
            / data.check.score(model.encoder, pool: pool)
    }

    private static func database(
        _ options: SearchOptions, _ encoder: BERT, _ data: SearchData, key: String, levels: [Level],
        cache: String, pool: ThreadPool, progress: StageProgress
    ) throws -> LevelDatabase {
        let folder = "\(cache)/levels-\(key.prefix(16))"
        if let present = try LevelDatabase.open(folder: folder, key: key) { return present }
        let calibration = Calibration(model: encoder, sequences: data.calibration, pool: pool) {
            progress("calibrating", $0)
        }
        return try LevelDatabase.build(
            folder: folder, key: key, layers: encoder.layerShapes, weights: encoder.weights,
            covariances: calibration.covariances, solver: options.solver, levels: levels, pool: pool
        ) { progress("pruning every layer to every level", $0) }
    }

    private static func costs(
        _ encoder: BERT, _ model: EncoderModel, _ table: LatencyTable, _ levels: [Level],
        _ sensitivity: [[Double]]
    ) throws -> LevelCosts {
        let shapes = encoder.layerShapes
        let latency = try shapes.map { shape in
            try levels.map { level in
                guard let measured = table.latencyMs(shape, level) else {
                    throw SearchFailure(
                        "latency table: found no entry for \(shape.rows)x\(shape.cols) at \(level): "
                            + "measure it with `secateur profile`")
                }
                return measured
            }
        }
        let sizes = shapes.map { shape in levels.map { PackedSize.bytes(shape, $0) } }
        let prunable = shapes.reduce(0) { $0 + $1.weightCount }
        return LevelCosts(
            layers: shapes.map(\.name), levels: levels, latencyMs: latency,
            overheadMs: table.fit.overheadMs,
            sizeBytes: sizes, otherSizeBytes: (encoder.parameterCount - prunable) * MemoryLayout<Float>.size,
            sensitivity: sensitivity)
    }
}
