import HDF5
import Levels
import ModelFiles
import Tensors
import Transformers

/// Measured kernel times of a model's layers, and of the rest of the model, on one machine.
///
/// Stored as HDF5 (`"schema": "secateur.latency/4"`): a row for each shape and level, and the hardware
/// fingerprint, phase, tokens, batch and threads as attributes; where it is of lengths, a column of them, pass after
/// pass. Version 3, in which levels have no precision because decoding always had 8-bit weights, is read too.
public struct LatencyTable: Sendable, Equatable {
    /// What a time was measured for.
    public struct Key: Hashable, Sendable {
        /// Output features.
        public let rows: Int
        /// Input features.
        public let cols: Int
        /// The level of the layer.
        public let level: Level

        /// Puts a key together.
        public init(rows: Int, cols: Int, level: Level) {
            self.rows = rows
            self.cols = cols
            self.level = level
        }
    }

    /// A measured time.
    public struct Entry: Sendable, Equatable {
        /// Median, in milliseconds.
        public let medianMs: Double
        /// Distance between the quartiles, in milliseconds.
        public let spreadMs: Double
        /// How many measurements.
        public let count: Int

        /// Summarizes measurements, at least one, in milliseconds.
        public init(_ measured: [Double]) {
            let percentiles = Percentiles(measured)
            medianMs = percentiles.median
            spreadMs = percentiles.spread
            count = measured.count
        }

        init(medianMs: Double, spreadMs: Double, count: Int) {
            self.medianMs = medianMs
            self.spreadMs = spreadMs
            self.count = count
        }
    }

    /// The machine.
    public let fingerprint: HardwareFingerprint
    /// What was timed.
    public let workload: Workload
    public let threads: Int
    /// Times of layers.
    public let entries: [Key: Entry]
    /// How times of layers add up to the time of a pass.
    public let fit: LatencyFit
    /// End-to-end time of the dense model.
    public let dense: Entry

    /// What a layer at a level adds to the time of a pass, in milliseconds: its own time times the fit's
    /// scale; nil when it was not measured.
    public func latencyMs(_ shape: LayerShape, _ level: Level) -> Double? {
        entries[Key(rows: shape.rows, cols: shape.cols, level: level)].map { fit.scale * $0.medianMs }
    }

    /// Whether it has a level for all of some layers.
    public func has(_ level: Level, for shapes: [LayerShape]) -> Bool {
        shapes.allSatisfy { latencyMs($0, level) != nil }
    }

    /// The same times, adding up in another way.
    public func with(_ fit: LatencyFit) -> LatencyTable {
        LatencyTable(
            fingerprint: fingerprint, workload: workload, threads: threads, entries: entries, fit: fit,
            dense: dense)
    }

    /// Whether it was measured on a machine like this one.
    public var isFromThisHardware: Bool { fingerprint == .current }

    /// Writes the table to a file, in one piece.
    public func write(to path: String) throws {
        try write(to: path, schema: Self.schema)
    }

    func write(to path: String, schema: String) throws {
        try HDF5File.write(atomicallyTo: path, beforeReplacing: FileSeal.append) { root in
            try root.setAttribute("schema", schema)
            try root.setAttribute("cpu", fingerprint.cpu)
            try root.setAttribute("processors", fingerprint.processors)
            try root.setAttribute("caches", fingerprint.caches)
            try root.setAttribute("instructionSet", fingerprint.instructionSet.rawValue)
            try root.setAttribute("phase", workload.phase.rawValue)
            try root.setAttribute("tokens", workload.tokens)
            try root.setAttribute("batch", workload.batch)
            if let lengths = workload.lengths { try root.write("lengths", lengths.joined().map(Int64.init)) }
            try root.setAttribute("threads", threads)
            try root.setAttribute("overheadMs", fit.overheadMs)
            try root.setAttribute("scale", fit.scale)
            try root.setAttribute("fitMedianError", fit.medianError)
            try root.setAttribute("denseMedianMs", dense.medianMs)
            try root.setAttribute("denseSpreadMs", dense.spreadMs)
            try root.setAttribute("denseCount", dense.count)
            let rows = entries.sorted {
                ($0.key.rows, $0.key.cols, $0.key.level.description)
                    < ($1.key.rows, $1.key.cols, $1.key.level.description)
            }
            try root.write("rows", rows.map { Int64($0.key.rows) })
            try root.write("cols", rows.map { Int64($0.key.cols) })
            try root.writeStrings("level", rows.map { $0.key.level.description })
            try root.write("medianMs", rows.map(\.value.medianMs))
            try root.write("spreadMs", rows.map(\.value.spreadMs))
            try root.write("count", rows.map { Int64($0.value.count) })
        }
    }

    private static let schema = "secateur.latency/4"
    private static let earlierSchema = "secateur.latency/3"

    /// Reads a table.
    /// - Throws: `Issue` for a file that is missing or damaged, or one with other content.
    public init(path: String) throws {
        // The C library may crash on a file that was altered: none but whole ones reach it.
        try FileSeal.require(path)
        let file = try HDF5File.open(path: path, mode: .readOnly)
        defer { try? file.close() }
        let root = try file.root
        let schema: String = try root.attribute("schema")
        guard schema == Self.schema || schema == Self.earlierSchema else {
            throw Issue(
                .unsupported, .path(path), field: "schema", found: "'\(schema)'", allowed: "'\(Self.schema)'")
        }
        let isa: String = try root.attribute("instructionSet")
        guard let instructionSet = InstructionSet(rawValue: isa) else {
            throw Issue(
                .unsupported, .path(path), field: "instructionSet", found: "'\(isa)'",
                allowed: InstructionSet.allCases.map(\.rawValue).joined(separator: ", "))
        }
        fingerprint = HardwareFingerprint(
            cpu: try root.attribute("cpu"), processors: try root.attribute("processors"),
            caches: try root.attribute("caches"), instructionSet: instructionSet)
        let stored: String = try root.attribute("phase")
        guard let phase = Workload.Phase(rawValue: stored) else {
            throw Issue(
                .malformed, .path(path), field: "phase", found: "'\(stored)'", allowed: "'prefill', 'decode'")
        }
        workload = try Self.workload(phase, root, path)
        threads = try root.attribute("threads")
        fit = LatencyFit(
            overheadMs: try root.attribute("overheadMs"), scale: try root.attribute("scale"),
            medianError: try root.attribute("fitMedianError"))
        dense = Entry(
            medianMs: try root.attribute("denseMedianMs"), spreadMs: try root.attribute("denseSpreadMs"),
            count: try root.attribute("denseCount"))
        let rows = try root.dataset("rows").read(as: Int64.self)
        let cols = try root.dataset("cols").read(as: Int64.self)
        let levels = try root.readStrings("level")
        let median = try root.dataset("medianMs").read(as: Double.self)
        let spread = try root.dataset("spreadMs").read(as: Double.self)
        let count = try root.dataset("count").read(as: Int64.self)
        guard
            [cols.count, levels.count, median.count, spread.count, count.count].allSatisfy({
                $0 == rows.count
            })
        else {
            throw Issue(.malformed, .path(path), found: "columns of different lengths", allowed: "of one")
        }
        var entries: [Key: Entry] = [:]
        for index in rows.indices {
            guard var level = Level(levels[index]) else {
                throw Issue(
                    .malformed, .path(path), field: "level", found: "'\(levels[index])'", allowed: Level.form)
            }
            if schema == Self.earlierSchema, phase == .decode { level = level.with(.int8) }
            entries[Key(rows: Int(rows[index]), cols: Int(cols[index]), level: level)] = Entry(
                medianMs: median[index], spreadMs: spread[index], count: Int(count[index]))
        }
        self.entries = entries
    }

    /// Tables of earlier versions are of one sequence.
    private static func workload(
        _ phase: Workload.Phase, _ root: HDF5Group, _ path: String
    ) throws -> Workload {
        let batch = try root.attributeIfPresent("batch", as: Int.self) ?? 1
        guard try root.contains("lengths") else {
            return Workload(phase: phase, tokens: try root.attribute("tokens"), batch: batch)
        }
        let lengths = try root.dataset("lengths").read(as: Int64.self).map(Int.init)
        guard batch >= 1, !lengths.isEmpty, lengths.count % batch == 0, lengths.allSatisfy({ $0 >= 1 }) else {
            throw Issue(
                .malformed, .path(path), field: "lengths", found: "\(lengths.count) in batches of \(batch)",
                allowed: "passes of as many sequences each")
        }
        return Workload(
            lengths: stride(from: 0, to: lengths.count, by: batch).map { Array(lengths[$0..<$0 + batch]) })
    }

    /// Puts measured times of one sequence together.
    public init(
        fingerprint: HardwareFingerprint, phase: Workload.Phase = .prefill, tokens: Int, threads: Int,
        entries: [Key: Entry], fit: LatencyFit, dense: Entry
    ) {
        self.init(
            fingerprint: fingerprint, workload: Workload(phase: phase, tokens: tokens), threads: threads,
            entries: entries, fit: fit, dense: dense)
    }

    /// Puts measured times together.
    public init(
        fingerprint: HardwareFingerprint, workload: Workload, threads: Int, entries: [Key: Entry],
        fit: LatencyFit, dense: Entry
    ) {
        self.fingerprint = fingerprint
        self.workload = workload
        self.threads = threads
        self.entries = entries
        self.fit = fit
        self.dense = dense
    }
}
