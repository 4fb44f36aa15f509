import Environments
import Foundation
import Levels
import ModelFiles
import SparseKernels

/// A run folder: where its files are, and what they hold.
public struct RunFiles {
    /// The run folder.
    public let folder: String

    /// Names a run folder.
    public init(folder: String) {
        self.folder = folder
    }

    /// The path of a file in the folder.
    public func path(_ file: RunFile) -> String {
        path(file.rawValue)
    }

    private func path(_ name: String) -> String {
        "\(folder)/\(name)"
    }

    /// Whether a run was started here.
    public var holdsRun: Bool {
        holdsCheckpoint || FileManager.default.fileExists(atPath: path(.options))
    }

    /// Whether the search itself has begun.
    package var holdsCheckpoint: Bool {
        CheckpointStore(folder: folder).holdsCheckpoint
    }

    /// Whether latencies, sizes and sensitivities are known, for which every layer was pruned to every level.
    public var holdsCosts: Bool {
        FileManager.default.fileExists(atPath: path(.costs))
    }

    /// Whether there is a latency table.
    public var holdsLatencies: Bool {
        FileManager.default.fileExists(atPath: path(.latency))
    }

    /// Whether the pruned model was trained.
    private var holdsRecovery: Bool {
        FileManager.default.fileExists(atPath: path(.recovery))
    }

    /// Makes the folder where there is none.
    /// - Throws: `Issue` when it cannot be made or written to.
    package func makeFolder() throws {
        do {
            try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        } catch {
            throw Issue(
                .inaccessible, .path(folder),
                advice: "the folder cannot be made: \(error.localizedDescription)")
        }
        guard FileManager.default.isWritableFile(atPath: folder) else {
            throw Issue(.inaccessible, .path(folder), advice: "the folder cannot be written to")
        }
    }

    /// Where the files of an earlier run are until a new one is found to be possible.
    private var aside: RunFiles { RunFiles(folder: path(".replaced.temporary")) }

    /// Moves the files of an earlier run aside.
    package func setAside() throws {
        removeLeftovers()
        try aside.makeFolder()
        try Self.move(from: self, to: aside)
    }

    /// Removes the files of the new run, and puts those of the earlier one back.
    package func putBack() throws {
        for file in RunFile.allCases { try? FileManager.default.removeItem(atPath: path(file)) }
        try Self.move(from: aside, to: self)
        removeLeftovers()
    }

    private static func move(from source: RunFiles, to destination: RunFiles) throws {
        for file in RunFile.allCases where FileManager.default.fileExists(atPath: source.path(file)) {
            try FileManager.default.moveItem(atPath: source.path(file), toPath: destination.path(file))
        }
    }

    /// Notes what a run starts from: the options last, so that a run that can be resumed is resumed with its
    /// table.
    ///
    /// - Parameters:
    ///   - table: latencies to use instead of measuring.
    ///   - sensitivities: what to use instead of estimating them.
    ///   - cache: the folder of level databases.
    package func claim(
        for options: SearchOptions, table: LatencyTable?, sensitivities: StoredSensitivities?,
        cache: String
    ) throws {
        if let table { try store(table) }
        if let sensitivities { try write(sensitivities, .sensitivities) }
        try store(options, cache: cache)
    }

    /// Removes what a killed search had not finished writing, and what a search has replaced.
    package func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []
        for name in names
        where name.hasPrefix(".") && (name.hasSuffix(".temporary") || name.hasSuffix(".tmp"))
            || name.hasPrefix("model.incomplete-") || name == "trace.h5.new"
        {
            try? FileManager.default.removeItem(atPath: path(name))
        }
    }

    /// The model that a run searched; nil when the folder is no run.
    public func searchedModel() throws -> String? {
        holdsRun ? try options().model : nil
    }

    /// The options of the run, whose relative paths are seen from here or else from where the search was
    /// started.
    /// - Throws: `Issue` when they are missing, damaged or out of range.
    public func options() throws -> SearchOptions {
        let options = (try read(.options) as StoredOptions).fromHere
        if let wrong = options.outOfRange {
            throw Issue(.outOfRange, .path(path(.options)), advice: wrong)
        }
        return options
    }

    /// The folder of level databases that the search used; nil when it is not there any more, in runs of
    /// earlier versions, and where no run is.
    public func cache() throws -> String? {
        guard FileManager.default.fileExists(atPath: path(.options)) else { return nil }
        return (try read(.options) as StoredOptions).cacheFromHere
    }

    package func store(_ options: SearchOptions, cache: String?) throws {
        try write(StoredOptions(options, cache: cache), .options)
    }

    /// What was learned.
    /// - Throws: `Issue` when the folder holds no run, or one that has not ended.
    public func policy() throws -> Policy {
        let files = FileManager.default
        if !files.fileExists(atPath: path(.policy)) {
            throw Issue(
                .missing, .path(path(.policy)),
                advice: files.fileExists(atPath: path(.options))
                    ? "no such file: the search has not ended; `secateur resume` continues it"
                    : "no such file: allowed is the folder of a run")
        }
        return try Policy(path: path(.policy))
    }

    /// What the run came to; nil before its end.
    public func summary() throws -> SearchSummary? {
        guard FileManager.default.fileExists(atPath: path(.summary)) else { return nil }
        return try read(.summary)
    }

    /// What a search came to that has ended; nil for one to continue.
    /// - Throws: `Issue` for a folder with a policy that was picked out of another run.
    public func finishedSummary() throws -> SearchSummary? {
        guard let summary = try summary() else { return nil }
        guard holdsCheckpoint else {
            throw Issue(
                .mismatch, .path(folder), found: "a policy that was picked", allowed: "a search to continue")
        }
        return summary
    }

    /// Whether the run's options ask for training of the pruned model that has not taken place.
    public func awaitsRecovery() throws -> Bool {
        try options().recover != nil && !holdsRecovery
    }

    /// What training of the pruned model came to; nil where there was none.
    /// - Throws: `Issue` when it is damaged.
    public func recovery() throws -> RecoverySummary? {
        holdsRecovery ? try read(.recovery) : nil
    }

    /// Has the pruned model trained, at the end of the search or now that it has ended.
    /// - Throws: `Issue` for one that was trained.
    public func setRecovery(_ length: RecoveryLength) throws {
        guard !holdsRecovery else {
            throw Issue(
                .exists, .path(path(.recovery)), found: "a model that was trained after its search",
                allowed: "one as it was pruned")
        }
        let stored: StoredOptions = try read(.options)
        try write(stored.with { $0.recover = length }, .options)
    }

    /// Every policy evaluated so far; nil before the first.
    /// - Throws: errors that name the damaged file.
    public func trace() throws -> (header: TraceHeader, rows: [TraceRow])? {
        guard FileManager.default.fileExists(atPath: path(.trace)) else { return nil }
        // A file that still grows has no digest to check; the checkpoint, a second older at most, has.
        if try TraceFile.isUnfinished(path: path(.trace)) { return try recordedSoFar() }
        let (header, rows) = try TraceFile.read(path: path(.trace))
        return (header, rows)
    }

    /// What the checkpoint tells of the policies evaluated so far, also while a search runs here.
    /// - Throws: `Issue`; errors that name the damaged file.
    public func recordedSoFar() throws -> (header: TraceHeader, rows: [TraceRow]) {
        try CheckpointFile.readTrace(path: CheckpointStore(folder: folder).path)
    }

    /// What the search is about, as it was started with.
    /// - Throws: `Issue` when there is no run, or it is damaged.
    public func identity() throws -> [String: String] {
        try CheckpointFile.readSummary(path: CheckpointStore(folder: folder).path).header.identity
    }

    /// Every policy evaluated so far.
    /// - Throws: `Issue` also before the first.
    public func recordedTrace() throws -> (header: TraceHeader, rows: [TraceRow]) {
        if let trace = try trace() { return trace }
        let isPicked = try summary() != nil
        throw Issue(
            .missing, .path(path(.trace)),
            advice: "no such file: "
                + (isPicked
                    ? "the policy was picked out of another run, which has one"
                    : "the search has not begun yet"))
    }

    /// The costs that an earlier start of the run worked out.
    /// - Throws: `Issue` when they are missing, damaged, or of other levels than the run's.
    public func storedCosts() throws -> LevelCosts? {
        guard holdsCosts else { return nil }
        let (costs, levels) = (try read(.costs) as LevelCosts, try options().levels)
        // Earlier versions had no precision in their levels, as decoding always had 8-bit weights.
        guard costs.levels == levels || costs.levels.elementsEqual(levels.map { $0.with(.float32) }) else {
            throw Issue(.mismatch, .path(path(.costs)), found: "other levels than those of run.json")
        }
        return costs.with(levels)
    }

    package func store(_ costs: LevelCosts) throws {
        try write(costs, .costs)
    }

    /// Sensitivities that the run took over from another one.
    package func storedSensitivities(layers: [String], levels: LevelSet) throws -> [[Double]]? {
        guard FileManager.default.fileExists(atPath: path(.sensitivities)) else { return nil }
        let stored: StoredSensitivities = try read(.sensitivities)
        guard stored.fit(layers: layers, levels: levels) else {
            throw Issue(
                .mismatch, .path(path(.sensitivities)), found: "other layers or levels than the run's")
        }
        return stored.values
    }

    /// The latency table of the run, measured earlier or given.
    package func storedTable(for options: SearchOptions) throws -> LatencyTable? {
        guard FileManager.default.fileExists(atPath: path(.latency)) else { return nil }
        return try Self.table(path(.latency), for: options)
    }

    package func store(_ table: LatencyTable) throws {
        try table.write(to: path(.latency))
    }

    /// Reads a latency table that must be of what a search times, and for its threads.
    package static func table(_ path: String, for options: SearchOptions) throws -> LatencyTable {
        let table = try LatencyTable(path: path)
        let found = (table.workload, table.threads)
        let allowed = (options.workload, options.threads)
        guard found == allowed else {
            func text(_ workload: Workload, _ threads: Int) -> String {
                "\(workload.phase.rawValue), \(workload) and \(threads.counted("thread"))"
            }
            throw Issue(
                .mismatch, .path(path), found: text(found.0, found.1),
                allowed: text(allowed.0, allowed.1))
        }
        return table
    }

    /// Writes a value as JSON, in one piece.
    package func write(_ value: some Encodable, _ file: RunFile) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(value), to: path(file))
    }

    /// Reads a JSON file of the run.
    /// - Throws: `Issue` when it is missing or of another kind.
    public func read<Value: Decodable>(_ file: RunFile) throws -> Value {
        try Self.read(path(file))
    }

    package static func read<Value: Decodable>(_ path: String) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Issue(.missing, .path(path), advice: "no such file: is this the folder of a run?")
        }
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch let error as DecodingError {
            throw Issue(
                .malformed, .path(path), found: "JSON of another kind, or damaged", advice: error.line)
        }
    }
}
