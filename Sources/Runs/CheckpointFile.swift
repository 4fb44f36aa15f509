import Environments
import Foundation
import HDF5
import Levels
import ModelFiles

/// `checkpoint.h5`: everything that a search needs to continue as if it had never stopped;
/// ``CheckpointStore`` says how it is replaced.
///
/// The trace's header, the agent's state as the bytes of ``StateCoding`` in `agent`, and a copy of the
/// trace's rows in `trace`.
package struct CheckpointFile {
    static let schema = "secateur.checkpoint/3"
    /// Whose agents' states were groups of numbers; the rest is the same.
    private static let earlierSchema = "secateur.checkpoint/2"

    /// What the search is about.
    package let header: TraceHeader
    /// The agent's state, encoded.
    package let agentState: Data
    /// Every policy evaluated so far.
    package let rows: [TraceRow]
    /// How long the search has run, in seconds.
    package let elapsedSeconds: Double

    package init(header: TraceHeader, agentState: Data, rows: [TraceRow], elapsedSeconds: Double) {
        self.header = header
        self.agentState = agentState
        self.rows = rows
        self.elapsedSeconds = elapsedSeconds
    }

    package func write(to root: HDF5Group) throws {
        try root.setAttribute("schema", Self.schema)
        try root.setAttribute("elapsedSeconds", elapsedSeconds)
        try root.setAttribute("evaluations", rows.count)
        if let last = rows.last { try root.setAttribute("tokenPasses", last.tokenPasses) }
        try header.write(to: root)
        try root.write("agent", [UInt8](agentState))
        let columns = try TraceColumns(
            creatingIn: try root.createGroup("trace"), layers: header.layers.count)
        for row in rows { try columns.append(row) }
    }

    /// What a checkpoint says of itself.
    package struct Summary {
        package let header: TraceHeader
        package let evaluations: Int
        /// Nil before the first policy.
        package let tokenPasses: Int?
    }

    /// Reads a checkpoint's header alone, and what was spent.
    package static func readSummary(path: String) throws -> Summary {
        try reading(path) { root in
            Summary(
                header: try TraceHeader(from: root), evaluations: try root.attribute("evaluations"),
                tokenPasses: try root.attributeIfPresent("tokenPasses"))
        }
    }

    /// Reads the header and the copy of the trace's rows.
    package static func readTrace(path: String) throws -> (header: TraceHeader, rows: [TraceRow]) {
        try reading(path) { root in
            let header = try TraceHeader(from: root)
            return (header, try TraceColumns.read(from: try root.group("trace"), header: header, path: path))
        }
    }

    /// Reads a checkpoint of a search over these tables.
    package init(path: String, costs: LevelCosts) throws {
        self = try Self.reading(path) { root in
            let header = try TraceHeader(from: root)
            try header.requireMatch(of: costs, path: path)
            let rows = try TraceColumns.read(from: try root.group("trace"), header: header, path: path)
            guard try root.attribute("evaluations") == rows.count else {
                throw Issue.unusable(path, "it does not hold as many rows as it counts")
            }
            let found: String = try root.attribute("schema")
            guard found == Self.schema else {
                throw Issue.otherSchema(
                    path, field: "the agent's state", found: found, allowed: Self.schema,
                    "the build of Secateur that began the search continues it")
            }
            let state = try root.dataset("agent").read(as: UInt8.self)
            return CheckpointFile(
                header: header, agentState: Data(state), rows: rows,
                elapsedSeconds: try root.attribute("elapsedSeconds"))
        }
    }

    /// Opens the file for `body`, and makes every error name it.
    private static func reading<Result>(_ path: String, _ body: (HDF5Group) throws -> Result) throws -> Result
    {
        guard FileManager.default.fileExists(atPath: path) else { throw Issue.noCheckpoint(path) }
        // The C library may crash on a file that was altered: none but whole ones reach it.
        try FileSeal.require(path)
        let file = try HDF5File.open(path: path, mode: .readOnly)
        do {
            let root = try file.root
            let found: String = try root.attribute("schema")
            guard [schema, earlierSchema].contains(found) else {
                throw Issue.otherSchema(path, found: found, allowed: schema)
            }
            let result = try body(root)
            try file.close()
            return result
        } catch {
            try? file.close()
            throw error
        }
    }
}

extension TraceHeader {
    /// Refuses to continue other layers or levels.
    package func requireMatch(of costs: LevelCosts, path: String) throws {
        let names = [("layers", layers, costs.layers), ("levels", levels, costs.levels.map(\.description))]
        for (field, found, allowed) in names where found != allowed {
            throw Self.another(
                field, found.joined(separator: ","), allowed.joined(separator: ","), path)
        }
    }

    /// Refuses to continue another model, database, latency table or task.
    package func requireMatch(of identity: [String: String], path: String) throws {
        for field in Set(identity.keys).union(self.identity.keys).sorted() {
            let (found, allowed) = (self.identity[field], identity[field])
            guard found != allowed else { continue }
            throw Self.another(field, found ?? "nothing", allowed ?? "nothing", path)
        }
    }

    private static func another(_ field: String, _ found: String, _ allowed: String, _ path: String) -> Issue
    {
        Issue(
            .mismatch, .path(path), field: .part(field), found: "'\(found)'",
            allowed: "'\(allowed)', which this search was given")
    }
}
