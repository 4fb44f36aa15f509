import Environments
import Foundation
import HDF5
import ModelFiles

/// `checkpoint.h5`: everything that a search needs to go on as if it had never stopped; ``CheckpointStore``
/// says how it is replaced.
///
/// The trace's header, the agent's state in the group `agent`, and a copy of the trace's rows in `trace`.
struct CheckpointFile {
    static let schema = "secateur.checkpoint/2"

    let header: TraceHeader
    let agent: any Agent
    let rows: [TraceRow]
    /// How long the search has run, in seconds.
    let elapsedSeconds: Double

    init(header: TraceHeader, agent: any Agent, rows: [TraceRow], elapsedSeconds: Double) {
        self.header = header
        self.agent = agent
        self.rows = rows
        self.elapsedSeconds = elapsedSeconds
    }

    func write(to root: HDF5Group) throws {
        try root.setAttribute("schema", Self.schema)
        try root.setAttribute("elapsedSeconds", elapsedSeconds)
        try root.setAttribute("evaluations", rows.count)
        if let last = rows.last { try root.setAttribute("tokenPasses", last.tokenPasses) }
        try header.write(to: root)
        try agent.save(to: try root.createGroup("agent"))
        let columns = try TraceColumns(
            creatingIn: try root.createGroup("trace"), layers: header.layers.count)
        for row in rows { try columns.append(row) }
    }

    /// What a checkpoint says of itself.
    struct Summary {
        let header: TraceHeader
        let evaluations: Int
        /// Nil before the first policy.
        let tokenPasses: Int?
    }

    /// Reads a checkpoint's header alone, and what was spent.
    static func readSummary(path: String) throws -> Summary {
        try reading(path) { root in
            Summary(
                header: try TraceHeader(from: root), evaluations: try root.attribute("evaluations"),
                tokenPasses: try root.attributeIfPresent("tokenPasses"))
        }
    }

    /// Reads the header and the copy of the trace's rows.
    static func readTrace(path: String) throws -> (header: TraceHeader, rows: [TraceRow]) {
        try reading(path) { root in
            let header = try TraceHeader(from: root)
            return (header, try TraceColumns.read(from: try root.group("trace"), header: header, path: path))
        }
    }

    /// Reads a checkpoint of a search over these tables.
    init(path: String, costs: LevelCosts) throws {
        self = try Self.reading(path) { root in
            let header = try TraceHeader(from: root)
            try header.requireMatch(of: costs, path: path)
            let rows = try TraceColumns.read(from: try root.group("trace"), header: header, path: path)
            guard try root.attribute("evaluations") == rows.count else {
                throw SearchError.damaged(file: path, reason: "it does not hold as many rows as it counts")
            }
            let agent = try header.agent.type.init(
                restoring: try root.group("agent"), costs: costs, target: header.target(of: costs), budget: header.budget
            )
            return CheckpointFile(
                header: header, agent: agent, rows: rows,
                elapsedSeconds: try root.attribute("elapsedSeconds"))
        }
    }

    /// Opens the file for `body`, and makes every error name it.
    private static func reading<Result>(_ path: String, _ body: (HDF5Group) throws -> Result) throws -> Result
    {
        guard FileManager.default.fileExists(atPath: path) else { throw SearchError.noRun(file: path) }
        // The C library may crash on a file that was altered: none but whole ones reach it.
        try FileSeal.require(path)
        let file = try HDF5File.open(path: path, mode: .readOnly)
        do {
            let root = try file.root
            let found: String = try root.attribute("schema")
            guard found == schema else {
                throw SearchError.damaged(file: path, reason: "schema: found '\(found)', allowed '\(schema)'")
            }
            let result = try body(root)
            try file.close()
            return result
        } catch {
            try? file.close()
            if case SearchError.damaged("agent", let reason) = error {
                throw SearchError.damaged(file: path, reason: "/agent: \(reason)")
            }
            throw error
        }
    }
}

extension TraceHeader {
    /// Refuses to go on with other layers or levels.
    func requireMatch(of costs: LevelCosts, path: String) throws {
        let names = [("layers", layers, costs.layers), ("levels", levels, costs.levels.map(\.description))]
        for (field, found, allowed) in names where found != allowed {
            throw SearchError.mismatch(
                file: path, field: field, found: found.joined(separator: ","),
                allowed: allowed.joined(separator: ","))
        }
    }

    /// Refuses to go on with another model, database, latency table or task.
    func requireMatch(of identity: [String: String], path: String) throws {
        for field in Set(identity.keys).union(self.identity.keys).sorted() {
            let (found, allowed) = (self.identity[field], identity[field])
            guard found != allowed else { continue }
            throw SearchError.mismatch(
                file: path, field: field, found: found ?? "nothing", allowed: allowed ?? "nothing")
        }
    }
}
