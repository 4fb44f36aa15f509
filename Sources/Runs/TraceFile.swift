import Environments
import Foundation
import HDF5
import Levels
import ModelFiles

/// What a trace tells of its search as a whole.
public struct TraceHeader: Sendable, Equatable {
    /// Which agent searched.
    public let agent: String
    /// Settings of the agent that were not left at their defaults, by name.
    public let agentOptions: [String: String]
    /// The latency that it was asked for, in milliseconds; of a range, the strictest.
    public let targetLatencyMs: Double
    /// The size that it was asked for, in bytes; nil for no limit.
    public let targetSizeBytes: Int?
    /// The mild end of a range of latencies, in milliseconds; nil for one target.
    public let mildestLatencyMs: Double?
    /// How much quality may be lost, as a fraction of dense; nil where latency alone is asked for.
    public let maxDrop: Double?
    /// How many policies it may evaluate.
    public let budget: Int
    /// What fixes its random numbers.
    public let seed: UInt64
    /// Layer names, the columns of `actions`.
    public let layers: [String]
    /// Descriptions of the levels that actions number.
    public let levels: [String]
    /// What model, database, latency table and task it was about.
    public let identity: [String: String]
    /// Which version of the agents began it, and how policies are weighed: no other reproduces it to the bit.
    public let arithmetic: Int

    /// The version of this program: 2 computes in one order on every CPU, and counts sizes as operators pack
    /// them. Files of version 1 do not say so.
    public static let presentArithmetic = 2

    /// What it was asked for, of layers and levels that cost this.
    public func target(of costs: LevelCosts) -> Target {
        costs.target(latencyMs: targetLatencyMs, sizeBytes: targetSizeBytes)
    }

    func write(to root: HDF5Group) throws {
        try root.setAttribute("agent", agent)
        if !agentOptions.isEmpty {
            let fields = agentOptions.keys.sorted()
            let group = try root.createGroup("agentOptions")
            try group.writeStrings("fields", fields)
            try group.writeStrings("values", fields.compactMap { agentOptions[$0] })
        }
        try root.setAttribute("seed", Int(bitPattern: UInt(seed)))
        try root.setAttribute("budget", budget)
        try root.setAttribute("arithmetic", arithmetic)
        try root.setAttribute("targetLatencyMs", targetLatencyMs)
        if let mildestLatencyMs { try root.setAttribute("mildestLatencyMs", mildestLatencyMs) }
        if let maxDrop { try root.setAttribute("maxDrop", maxDrop) }
        if let size = targetSizeBytes { try root.setAttribute("targetSizeBytes", size) }
        try root.writeStrings("layers", layers)
        try root.writeStrings("levels", levels)
        let group = try root.createGroup("identity")
        try group.writeStrings("fields", identity.keys.sorted())
        for (field, value) in identity { try group.setAttribute(field, value) }
    }

    package init(
        agent: String, agentOptions: [String: String] = [:], target: Target, mildestLatencyMs: Double?,
        maxDrop: Double? = nil, budget: Int, seed: UInt64,
        layers: [String], levels: [String], identity: [String: String], arithmetic: Int = presentArithmetic
    ) {
        self.agent = agent
        self.agentOptions = agentOptions
        targetLatencyMs = target.latencyMs
        targetSizeBytes = target.sizeBytes
        self.mildestLatencyMs = mildestLatencyMs
        self.maxDrop = maxDrop
        self.budget = budget
        self.seed = seed
        self.layers = layers
        self.levels = levels
        self.identity = identity
        self.arithmetic = arithmetic
    }

    init(from root: HDF5Group) throws {
        agent = try root.attribute("agent")
        if try root.contains("agentOptions") {
            let group = try root.group("agentOptions")
            let pairs = zip(try group.readStrings("fields"), try group.readStrings("values"))
            agentOptions = Dictionary(pairs.map { ($0, $1) }) { $1 }
        } else {
            agentOptions = [:]
        }
        let bits: Int = try root.attribute("seed")
        seed = UInt64(UInt(bitPattern: bits))
        budget = try root.attribute("budget")
        arithmetic = try root.attributeIfPresent("arithmetic") ?? 1
        targetLatencyMs = try root.attribute("targetLatencyMs")
        targetSizeBytes = try root.attributeIfPresent("targetSizeBytes")
        mildestLatencyMs = try root.attributeIfPresent("mildestLatencyMs")
        maxDrop = try root.attributeIfPresent("maxDrop")
        layers = try root.readStrings("layers")
        levels = try root.readStrings("levels")
        let group = try root.group("identity")
        var identity: [String: String] = [:]
        for field in try group.readStrings("fields") { identity[field] = try group.attribute(field) }
        self.identity = identity
    }
}

/// One evaluated policy.
public struct TraceRow: Sendable, Equatable {
    /// Its number, from 1.
    public let evaluation: Int
    /// The level of every layer.
    public let actions: [Int]
    /// What it gave.
    public let terms: RewardTerms
    /// What the agent expected before; NaN if it does not estimate.
    public let baseline: Double
    /// What the agent learned from it.
    public let learning: LearningRecord
    /// Tokens that models were run on so far, calibration and sensitivities included; a backward pass counts
    /// twice.
    public let tokenPasses: Int
    /// Seconds since the search started, not counting pauses.
    public let wallClockSeconds: Double

    package init(
        evaluation: Int, actions: [Int], terms: RewardTerms, baseline: Double, learning: LearningRecord,
        tokenPasses: Int, wallClockSeconds: Double
    ) {
        self.evaluation = evaluation
        self.actions = actions
        self.terms = terms
        self.baseline = baseline
        self.learning = learning
        self.tokenPasses = tokenPasses
        self.wallClockSeconds = wallClockSeconds
    }
}

/// `trace.h5`: one row for each evaluated policy, which others may read while it grows.
///
/// Datasets, rows first: `evaluation`, `actions` [rows × layers], `reward`, `quality`, `latencyMs`,
/// `sizeBytes`, `baseline`, `loss`, `entropy`, `gradientNorm`, `criticError`, `price` (see
/// ``LearningRecord``) `tokenPasses` and `wallClockSeconds`. `evaluation` is flushed last: as many rows as it
/// has are complete. `layers` and `levels` name what actions number; the rest of the header is attributes.
public final class TraceFile {
    /// What files of this kind call themselves.
    public static let schema = "secateur.trace/2"

    private let path: String
    private let file: HDF5File
    private let columns: TraceColumns

    /// Replaces the file at `path` by one with these rows, and continues appending to it.
    ///
    /// The old file is never opened, so it does not matter in what state a killed writer left it.
    package init(replacing path: String, header: TraceHeader, rows: [TraceRow]) throws {
        self.path = path
        let temporary = path + ".new"
        try? FileManager.default.removeItem(atPath: temporary)
        file = try HDF5File.create(path: temporary, latestFormat: true, named: path)
        let root = try file.root
        try root.setAttribute("schema", Self.schema)
        try header.write(to: root)
        columns = try TraceColumns(creatingIn: root, layers: header.layers.count)
        for row in rows { try columns.append(row) }
        try file.startSWMRWrite()
        guard rename(temporary, path) == 0 else {
            throw Issue(path, cannot: "replace")
        }
    }

    package func append(_ row: TraceRow) throws {
        try columns.append(row)
        try columns.flush()
    }

    package func close() throws {
        try file.close()
        try FileSeal.append(to: path)
    }

    /// Whether a file is one that a search still appends to, or was killed while it did.
    public static func isUnfinished(path: String) throws -> Bool {
        try FileSeal.state(of: path) == .missing && HDF5File.isMarkedAsBeingWritten(path: path)
    }

    /// Reads a trace, also one that is being written.
    ///
    /// - Parameter whileWritten: reads one that grows; its content is not checked against a digest, which it
    ///   does not have yet.
    /// - Throws: `Issue`.
    public static func read(path: String, whileWritten: Bool = false) throws -> (TraceHeader, [TraceRow]) {
        if !whileWritten { try FileSeal.require(path) }
        let file = try HDF5File.open(path: path, mode: whileWritten ? .swmrRead : .readOnly)
        let root = try file.root
        let found: String = try root.attribute("schema")
        guard found == schema else {
            throw Issue.otherSchema(path, found: found, allowed: schema)
        }
        let header = try TraceHeader(from: root)
        let rows = try TraceColumns.read(from: root, header: header, path: path)
        try file.close()
        return (header, rows)
    }
}
