import Environments
import Foundation
import Levels
import Runs

/// What is known of a run: the files of its folder, or a search that is still running.
public struct RunRecord: Sendable {
    /// The folder's name.
    public let name: String
    /// What was asked for.
    public let options: SearchOptions
    /// Latencies, sizes and sensitivities; nil until they are known.
    public let costs: LevelCosts?
    /// The latency that was asked for, in milliseconds.
    public let targetMs: Double?
    /// Every evaluated policy.
    public let rows: [TraceRow]
    /// What it came to; nil before the end.
    public let summary: SearchSummary?
    /// What training came to whose result took the pruned model's place; nil where there is none.
    public let recovery: RecoverySummary?
    /// What is being done now; nil unless it continues.
    public let stage: String?

    /// Puts a record together.
    public init(
        name: String, options: SearchOptions, costs: LevelCosts? = nil, rows: [TraceRow] = [],
        summary: SearchSummary? = nil, recovery: RecoverySummary? = nil, stage: String? = nil
    ) {
        self.name = name
        self.options = options
        self.costs = costs
        self.rows = rows
        self.summary = summary
        self.recovery = recovery?.isKept == true ? recovery : nil
        self.stage = stage
        targetMs = costs?.target(options.targetLatency).latencyMs
    }

    /// Reads the folder of a search that still runs.
    ///
    /// - Parameter stage: what it is doing.
    /// - Throws: as ``init(folder:)``.
    public init(folder: String, during stage: String) throws {
        let record = try RunRecord(folder: folder)
        self.init(
            name: record.name, options: record.options, costs: record.costs, rows: record.rows,
            summary: record.summary, recovery: record.recovery, stage: stage)
    }

    /// Reads a run folder, also one whose search still runs or was stopped.
    /// - Throws: `Issue` when it is no run folder; errors that name the damaged file.
    public init(folder: String) throws {
        let files = RunFiles(folder: folder)
        let options = try files.options()
        let costs = try files.storedCosts()
        let trace = try files.trace()
        if let costs, let trace,
            trace.header.layers != costs.layers || trace.header.levels != costs.levels.map(\.description)
        {
            throw Issue(
                .mismatch, .path(files.path(.trace)),
                found: "other layers or levels than in \(files.path(.costs))")
        }
        self.init(
            name: URL(fileURLWithPath: folder).lastPathComponent, options: options, costs: costs,
            rows: costs == nil ? [] : trace?.rows ?? [], summary: try files.summary(),
            recovery: try files.recovery())
    }

    /// Reads run folders; those of one name are told apart by their paths.
    /// - Throws: as ``init(folder:)``.
    public static func named(apart folders: [String]) throws -> [RunRecord] {
        let records = try folders.map { try RunRecord(folder: $0) }
        return zip(records, folders).map { record, folder in
            let isShared = records.count { $0.name == record.name } > 1
            return isShared ? record.with(name: folder) : record
        }
    }

    private func with(name: String) -> RunRecord {
        RunRecord(
            name: name, options: options, costs: costs, rows: rows, summary: summary, recovery: recovery,
            stage: stage)
    }

    /// The best row so far by reward, of those that meet the target.
    var best: TraceRow? {
        let limit = (targetMs ?? .infinity) * (1 + 1e-9)
        return rows.filter { $0.terms.latencyMs <= limit }
            .max { ($0.terms.reward, $1.evaluation) < ($1.terms.reward, $0.evaluation) }
    }

    /// The policy that was handed over, which may be one that was repaired after the last evaluation; before
    /// the end the best so far.
    var chosen: FrontierChart.Policy? {
        guard let summary else { return best.map(FrontierChart.Policy.init) }
        return .init(
            evaluation: summary.evaluations, latency: summary.predictedMs, quality: summary.quality)
    }

    /// A level for every layer: of the policy handed over, or the best so far.
    var policy: [SearchSummary.Choice] {
        if let summary { return summary.policy }
        guard let costs, let best else { return [] }
        return zip(costs.layers, best.actions).map { .init(layer: $0, level: costs.levels[$1]) }
    }

    /// The fraction of the weights of prunable layers that are zero.
    var sparsity: Double? {
        guard let costs, policy.count == costs.layers.count else { return nil }
        let weights = costs.sizeBytes.map { Double($0.first ?? 0) }
        let zeros = zip(weights, policy).reduce(0) { $0 + $1.0 * $1.1.level.sparsity }
        return zeros / max(weights.reduce(0, +), 1)
    }
}

extension FrontierChart.Policy {
    /// A policy that was evaluated; latency in milliseconds.
    init(_ row: TraceRow) {
        self.init(evaluation: row.evaluation, latency: row.terms.latencyMs, quality: row.terms.quality)
    }
}
