import Environments
import Foundation
import ModelFiles
import SparseKernels
import Transformers

/// The files of a run folder that a search writes besides its trace and checkpoint.
public struct RunFiles {
    /// The run folder.
    public let folder: String

    /// Names a run folder.
    public init(folder: String) {
        self.folder = folder
    }

    /// The path of a file in the folder.
    public func path(_ name: String) -> String {
        "\(folder)/\(name)"
    }

    /// Whether a run was started here.
    public var holdsRun: Bool {
        ["run.json", "checkpoint.h5"].contains { FileManager.default.fileExists(atPath: path($0)) }
    }

    /// Whether the search itself has begun.
    var holdsCheckpoint: Bool {
        FileManager.default.fileExists(atPath: path("checkpoint.h5"))
    }

    /// Makes the folder, empties it of an earlier run, and notes what the new one starts from: the options
    /// last, so that a run that can be resumed is resumed with its table.
    ///
    /// - Parameter table: latencies to use instead of measuring.
    /// - Throws: ``SearchFailure`` when the folder cannot be written to.
    func claim(for options: SearchOptions, table: LatencyTable?) throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw SearchFailure("\(folder): the folder cannot be made: \(error.localizedDescription)")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw SearchFailure("\(folder): the folder cannot be written to")
        }
        let own = [
            "run.json", "checkpoint.h5", "trace.h5", "latency.h5", "costs.json", "policy.json",
            "summary.json", "model",
        ]
        for name in own where FileManager.default.fileExists(atPath: path(name)) {
            try FileManager.default.removeItem(atPath: path(name))
        }
        if let table { try store(table) }
        try write(options, "run.json")
    }

    /// The model that a run searched; nil when the folder is no run.
    public func searchedModel() throws -> String? {
        holdsRun ? try options().model : nil
    }

    /// The options of the run.
    public func options() throws -> SearchOptions {
        try read("run.json")
    }

    /// The costs that an earlier start of the run worked out.
    func storedCosts() throws -> LevelCosts? {
        guard FileManager.default.fileExists(atPath: path("costs.json")) else { return nil }
        return try read("costs.json")
    }

    func store(_ costs: LevelCosts) throws {
        try write(costs, "costs.json")
    }

    /// The latency table of the run, measured earlier or given.
    func storedTable(for options: SearchOptions) throws -> LatencyTable? {
        guard FileManager.default.fileExists(atPath: path("latency.h5")) else { return nil }
        return try Self.table(path("latency.h5"), for: options)
    }

    func store(_ table: LatencyTable) throws {
        try table.write(to: path("latency.h5"))
    }

    /// Reads a latency table that must be of what a search times, for its tokens and threads.
    static func table(_ path: String, for options: SearchOptions) throws -> LatencyTable {
        let table = try LatencyTable(path: path)
        let found = (table.phase, table.tokens, table.threads)
        let allowed = (options.latencyOf, options.tokens, options.threads)
        guard found == allowed else {
            func text(_ phase: Workload.Phase, _ tokens: Int, _ threads: Int) -> String {
                "\(phase.rawValue), \(tokens) tokens and \(threads) threads"
            }
            throw SearchFailure(
                "\(path): found \(text(found.0, found.1, found.2)), allowed "
                    + text(allowed.0, allowed.1, allowed.2))
        }
        return table
    }

    /// Writes a value as JSON, in one piece.
    func write(_ value: some Encodable, _ name: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(value), to: path(name))
    }

    /// Reads a JSON file of the run.
    /// - Throws: ``SearchFailure`` when it is missing or of another kind.
    public func read<Value: Decodable>(_ name: String) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path(name)) else {
            throw SearchFailure("\(path(name)): no such file: is this the folder of a run?")
        }
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch let error as DecodingError {
            throw SearchFailure("\(path(name)): found JSON of another kind, or damaged: \(Self.line(error))")
        }
    }

    private static func line(_ error: DecodingError) -> String {
        switch error {
        case .keyNotFound(let key, _): "no field '\(key.stringValue)'"
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (context.codingPath.map(\.stringValue) + [context.debugDescription]).joined(separator: ": ")
        @unknown default: "\(error)"
        }
    }
}
