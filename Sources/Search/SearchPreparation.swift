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
public final class SearchPreparation<Model: SearchableModel> {
    /// The options that it was made for.
    public let options: SearchOptions
    /// The dense model.
    public let model: Model
    /// Latencies, sizes and sensitivities.
    public let costs: LevelCosts
    /// Puts candidates together.
    public let candidates: CandidateModels<Model.Network>
    /// The threads.
    public let pool: ThreadPool
    /// The latency table; nil when the costs of an earlier run were taken.
    public let table: LatencyTable?
    /// What the search is about, for telling runs apart.
    public let identity: [String: String]
    let data: SearchData<Model.Network>
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
        model = try Model(path: options.model, phase: options.latencyOf)
        let network = model.network
        let modelDigest = try model.digest()
        data = try model.searchData(options, pool: pool)
        let calibrationDigest = Self.digest(data.calibration)
        let levels = Level.standard
        let database = try Self.database(
            options, network, data,
            key: LevelDatabase.key(
                model: modelDigest, calibration: calibrationDigest, solver: options.solver, levels: levels),
            levels: levels, cache: cache, pool: pool, progress: progress)
        candidates = try CandidateModels(dense: network, database: database, for: options.latencyOf)
        denseReward = data.reward.score(network, pool: pool)
        identity = [
            "model": modelDigest, "calibration": calibrationDigest, "task": options.task.rawValue,
            "solver": options.solver.rawValue,
        ]
        if let storedCosts {
            costs = storedCosts
            table = nil
            return
        }
        let table =
            try given
            ?? Profiler(
                of: network,
                variants: LevelVariants(of: network.forProfiling, levels: levels, for: options.latencyOf),
                options.workload, pool: pool
            ).measure { progress("measuring kernels", $0) }
        self.table = table
        let (candidates, reward, dense, pool) = (candidates, data.reward, denseReward, pool)
        let sensitivity = try Sensitivities.estimate(
            levels: levels, errors: database.errors,
            quality: { reward.score(try candidates.model($0, pool: pool), pool: pool) / dense },
            progress: { progress("estimating sensitivities", $0) })
        costs = try Self.costs(network, table, levels, sensitivity)
    }

    /// The quality of a policy's model, as a fraction of the dense model's, on the reward data.
    public func quality(_ actions: [Int]) throws -> Double {
        data.reward.score(try candidates.model(actions, pool: pool), pool: pool) / denseReward
    }

    /// The same on data that no reward was computed on.
    public func checkedQuality(_ actions: [Int]) throws -> Double {
        data.check.score(try candidates.model(actions, pool: pool), pool: pool)
            / data.check.score(model.network, pool: pool)
    }

    private static func database(
        _ options: SearchOptions, _ network: Model.Network, _ data: SearchData<Model.Network>, key: String,
        levels: [Level],
        cache: String, pool: ThreadPool, progress: StageProgress
    ) throws -> LevelDatabase {
        let folder = "\(cache)/levels-\(key.prefix(16))"
        if let present = try LevelDatabase.open(folder: folder, key: key) { return present }
        return try withoutActuallyEscaping(progress) { progress in
            let calibration = StreamedCalibration(model: network, sequences: data.calibration, pool: pool) {
                progress("calibrating", $0)
            }
            return try LevelDatabase.build(
                folder: folder, key: key, layers: network.layerShapes, weight: network.weight(of:),
                covariance: calibration.covariance(of:), solver: options.solver, levels: levels, pool: pool
            ) { progress("pruning every layer to every level", $0) }
        }
    }

    private static func digest(_ sequences: [[Int32]]) -> String {
        var bytes = Data()
        for sequence in sequences {
            for id in sequence { withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) } }
            bytes.append(contentsOf: [255, 255, 255, 255])
        }
        return FileDigest.sha256(bytes)
    }

    private static func costs(
        _ network: Model.Network, _ table: LatencyTable, _ levels: [Level],
        _ sensitivity: [[Double]]
    ) throws -> LevelCosts {
        let shapes = network.layerShapes
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
        let otherCount = network.parameterCount - network.prunableParameterCount
        return LevelCosts(
            layers: shapes.map(\.name), levels: levels, latencyMs: latency,
            overheadMs: table.fit.overheadMs,
            sizeBytes: sizes, otherSizeBytes: otherCount * MemoryLayout<Float>.size,
            sensitivity: sensitivity)
    }
}
