import Agents
import Environments
import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import SparseKernels
import Tensors
import Transformers

/// Tells a person what is being done and what fraction of it is done.
public typealias StageProgress = (_ stage: String, _ fraction: Double) -> Void

/// What a search works on: the model, its level database, its costs, and the reward.
public final class SearchPreparation<Model: SearchableModel> {
    /// What was read.
    public let inputs: SearchInputs<Model>
    /// Latencies, sizes and sensitivities.
    public let costs: LevelCosts
    /// Evaluates policies.
    public let evaluator: SearchEvaluator<Model>
    /// What the search is about, for telling runs apart.
    public let identity: [String: String]
    private let denseScores: DenseScores
    /// Prepares a search.
    ///
    /// - Parameters:
    ///   - cache: folder for level databases.
    ///   - files: the run's files: what an earlier start left there is taken over, what is made is put there.
    public init(
        _ inputs: SearchInputs<Model>, cache: String, files: RunFiles, progress: StageProgress = { _, _ in }
    ) throws {
        self.inputs = inputs
        denseScores = DenseScores(cache: cache)
        let (options, data) = (inputs.options, inputs.data)
        let levels = options.levels
        let stored = try LevelWeights.stored(for: levels, grid: inputs.grid)
        let database = try Self.database(
            inputs,
            key: Model.databaseKey(
                digest: inputs.modelDigest, calibration: data.calibration, score: options.solver,
                stored: stored),
            levels: stored, cache: cache, progress: progress)
        let weights = try LevelWeights(database, levels: levels)
        evaluator = try SearchEvaluator(inputs, weights: weights)
        identity = inputs.identity
        if let stored = try files.storedCosts() {
            costs = stored
            return
        }
        let given = try files.storedTable(for: inputs.options)
        let table = try given ?? Self.table(inputs, levels: levels, files: files, progress: progress)
        let sensitivities = try Self.sensitivities(
            inputs, weights, evaluator, files, progress: progress)
        let predicted = try Self.costs(inputs, table, weights, sensitivities)
        if given == nil {
            let confirmed = table.with(
                try TargetConfirmation(inputs, evaluator.candidates).confirm(
                    table.fit, by: predicted, progress: progress))
            try files.store(confirmed)
            costs = try Self.costs(inputs, confirmed, weights, sensitivities)
        } else {
            costs = predicted
        }
        try files.store(costs)
    }

    /// Sensitivities of the run's own, of an earlier run, or none, by what the agent asks for.
    private static func sensitivities(
        _ inputs: SearchInputs<Model>, _ weights: LevelWeights, _ evaluator: SearchEvaluator<Model>,
        _ files: RunFiles, progress: StageProgress
    ) throws -> Sensitivities.Estimate {
        let agent = try inputs.components.agents.agent(named: inputs.options.agent)
        guard agent.usesSensitivities else {
            return Sensitivities.Estimate(
                values: weights.errors.map { $0.map { _ in 0 } }, tokenPasses: 0)
        }
        let names = weights.layers.map(\.name)
        if let known = try files.storedSensitivities(layers: names, levels: weights.levels) {
            return Sensitivities.Estimate(values: known, tokenPasses: 0)
        }
        progress("estimating sensitivities", 0)
        return try evaluator.sensitivities { progress("estimating sensitivities", $0) }
    }

    private static func table(
        _ inputs: SearchInputs<Model>, levels: LevelSet, files: RunFiles, progress: StageProgress
    ) throws -> LatencyTable {
        let network = inputs.model.network
        // What is removed takes no time.
        let measured = try LevelSet(levels.filter { !$0.isRemoved })
        let variants = try LevelVariants(
            of: network.forProfiling, levels: measured, for: inputs.options.workload.phase,
            formats: inputs.components.capabilities.formats)
        let table = Profiler(of: network, variants: variants, inputs.options.workload, pool: inputs.pool)
            .measure { progress("measuring kernels", $0) }
        try files.store(table)
        return table
    }

    /// Puts candidates together.
    public var candidates: CandidateModels<Model.Network> { evaluator.candidates }

    /// Scores of a pruned model and of the dense one on the validation file; nil where none was given.
    func validated(_ pruned: Model.Network) -> SearchSummary.Score? {
        guard let task = inputs.validation, let digest = inputs.validationDigest else { return nil }
        let key = DenseScores.Key(
            model: inputs.modelDigest,
            reading: [inputs.model.inputIdentity, inputs.model.outputIdentity ?? ""], validation: digest,
            metric: task.metric, options: inputs.options)
        return SearchSummary.Score(
            metric: task.metric,
            dense: denseScores.score(key) { task.score(inputs.model.network, pool: inputs.pool) },
            pruned: task.score(pruned, pool: inputs.pool))
    }

    /// What a policy gives, outside of a search.
    func terms(of actions: [Int]) throws -> RewardTerms {
        RewardTerms(
            try evaluator.quality(of: actions), of: actions, costs: costs, weights: inputs.options.weights)
    }

    private static func database(
        _ inputs: SearchInputs<Model>, key: String, levels: [Level], cache: String, progress: StageProgress
    ) throws -> LevelDatabase {
        let folder = LevelDatabase.folder(cache: cache, key: key)
        if let present = try LevelDatabase.open(folder: folder, key: key) { return present }
        let (network, pool) = (inputs.base.network, inputs.pool)
        return try withoutActuallyEscaping(progress) { progress in
            let calibration = StreamedCalibration(
                model: network, sequences: inputs.data.calibration, pool: pool
            ) { progress("calibrating", $0) }
            return try LevelDatabase.build(
                folder: folder, key: key, layers: network.layerShapes, weight: network.weight(of:),
                covariance: calibration.covariance(of:), score: inputs.options.solver, levels: levels,
                grid: inputs.grid, formats: inputs.components.capabilities.formats, pool: pool
            ) { progress("pruning every layer to every level", $0) }
        }
    }

    private static func costs(
        _ inputs: SearchInputs<Model>, _ table: LatencyTable, _ weights: LevelWeights,
        _ sensitivities: Sensitivities.Estimate
    ) throws -> LevelCosts {
        let (network, levels) = (inputs.base.network, weights.levels)
        let shapes = network.layerShapes
        let latency = try shapes.map { shape in
            try levels.map { level in
                guard !level.isRemoved else { return 0.0 }
                guard let measured = table.latencyMs(shape, level) else {
                    throw Issue(
                        .missing, .other("latency table"),
                        found: "no entry for \(shape.rows)x\(shape.cols) at \(level)",
                        advice: "measure it with `secateur profile`")
                }
                return measured
            }
        }
        return LevelCosts(
            layers: shapes.map(\.name), levels: levels, latencyMs: latency,
            overheadMs: table.fit.overheadMs,
            sizeBytes: try shapes.map { shape in
                try levels.map {
                    try inputs.components.capabilities.formats.sizeBytes(
                        shape, $0, for: inputs.options.latencyOf)
                }
            },
            otherSizeBytes: network.otherSizeBytes,
            sensitivity: sensitivities.values, outputError: weights.errors,
            groups: levels.hasStructure ? shapes.sublayers : nil, facts: weights.facts,
            accounting: .init(
                tokensPerEvaluation: inputs.data.reward.tokens,
                calibrationTokens: inputs.data.calibration.reduce(0) { $0 + $1.count },
                sensitivityTokens: sensitivities.tokenPasses))
    }
}
