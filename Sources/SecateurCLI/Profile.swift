import ArgumentParser
import Levels
import ModelFiles
import Models
import Search
import SparseKernels
import Tensors
import Transformers

/// `secateur profile`
struct Profile: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure every layer shape at every level on this CPU, and store the latency table.",
        discussion: """
            Kernels are measured inside forward passes of the model. The table is HDF5 and says which hardware it \
            comes from.

              secateur profile models/minilm --output latency.h5
              secateur profile --show latency.h5
            """)

    @Argument(help: "A model folder, or a GGUF file; not needed with --show.", completion: .file())
    var model: String?

    @Option(help: "What to measure: prefill, or decode, the time of one more token of a language model.")
    var latencyOf = Workload.Phase.prefill

    @Option(
        help: """
            The levels to measure: \(LevelSet.form). Default: mixed, of encoders also with fewer heads and neurons; \
            standard in int8 with --latency-of decode.
            """,
        transform: parsedThrowing { try LevelSet($0) })
    var levels: LevelSet?

    @OptionGroup var machine: MachineOptions

    @Option(
        help: "The file to write. Default: none.",
        completion: .file(extensions: ["h5"]))
    var output: OutputPath?

    @Option(
        help: "Show a stored table instead of measuring.", completion: .file(extensions: ["h5"]))
    var show: String?

    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try output?.require(.file)
        let table: LatencyTable
        if let show {
            table = try LatencyTable(path: show)
            if !table.isFromThisHardware {
                Terminal.note("\(show): measured on other hardware: \(table.fingerprint)")
            }
        } else {
            guard let model else { throw ValidationError("Missing expected argument '<model>'") }
            let precision = levels.map { $0[$0.dense].precision } ?? (latencyOf == .decode ? .int8 : .float32)
            table = try measured(ModelArgument.loadAny(model, precision: precision))
        }
        if table.fit.medianError > LatencyFit.acceptableError {
            Terminal.note(
                "the measurement was disturbed: it predicts random policies within "
                    + "\(Terminal.decimal(100 * table.fit.medianError, 1)) %: close other programs, try again"
            )
        }
        if let output { try table.write(to: output.path) }
        let rows = LatencyRow.rows(of: table)
        if json {
            try Terminal.printJSON(
                LatencyReport(
                    hardware: table.fingerprint.description, phase: table.workload.phase,
                    tokens: table.workload.tokens,
                    threads: table.threads, denseMs: table.dense.medianMs, overheadMs: table.fit.overheadMs,
                    entries: rows))
            return
        }
        print("\(table.fingerprint)")
        print(
            "\(table.workload.phase.rawValue), \(table.workload), \(table.threads.counted("thread"))")
        print("dense \(Terminal.decimal(table.dense.medianMs, 3)) ms end to end, of it ", terminator: "")
        print("\(Terminal.decimal(table.fit.overheadMs, 3)) ms outside of prunable layers")
        print(
            "a layer adds its own time \(Terminal.decimal(table.fit.scale, 3)) times; that predicts random "
                + "policies within \(Terminal.decimal(100 * table.fit.medianError, 1)) % (median)")
        for row in rows {
            print(
                "  \(row.rows)x\(row.cols)  \(row.level)  \(Terminal.decimal(row.medianMs, 4)) ms"
                    + "  ±\(Terminal.decimal(row.spreadMs, 4))  \(Terminal.decimal(row.speedup, 2))x")
        }
    }
}

extension Profile {
    /// Those asked for, or those that a search may offer; for decoding, where time goes into fetching weights, in 8
    /// bits.
    private func levels<Model: SearchableModel>(for _: Model) throws -> LevelSet {
        if let levels { return levels }
        guard latencyOf == .prefill else { return .standard.with(.int8) }
        return Model.Network.supportsStructure
            ? try LevelSet(LevelSet.mixed.addingStructure().filter { !$0.isRemoved }) : .mixed
    }

    private func measured(_ loaded: some SearchableModel) throws -> LatencyTable {
        machine.noteBusyProcessors()
        let line = ProgressLine()
        defer { line.finish() }
        let variants = try LevelVariants(
            of: loaded.network.forProfiling, levels: levels(for: loaded), for: latencyOf
        ) {
            line.show("packing", $0)
        }
        let workload = Workload(phase: latencyOf, tokens: try machine.tokens(for: loaded))
        return try Profiler(
            of: loaded.network, variants: variants, workload, pool: ThreadPool(threads: machine.threads)
        ).measure { line.show("measuring kernels", $0) }
    }
}

extension Workload.Phase: ExpressibleByArgument {}

private struct LatencyReport: Encodable {
    let hardware: String
    let phase: Workload.Phase
    let tokens: Int
    let threads: Int
    let denseMs: Double
    let overheadMs: Double
    let entries: [LatencyRow]
}

/// One entry of a latency table, for output.
private struct LatencyRow: Encodable {
    let rows: Int
    let cols: Int
    let level: String
    let medianMs: Double
    let spreadMs: Double
    /// Over the dense kernel of the same shape.
    let speedup: Double

    static func rows(of table: LatencyTable) -> [LatencyRow] {
        table.entries.map { key, entry in
            let level = Level.dense.with(key.level.precision)
            let dense = table.entries[.init(rows: key.rows, cols: key.cols, level: level)] ?? entry
            return LatencyRow(
                rows: key.rows, cols: key.cols, level: key.level.description, medianMs: entry.medianMs,
                spreadMs: entry.spreadMs, speedup: dense.medianMs / entry.medianMs)
        }
        .sorted { ($0.rows, $0.cols, $0.level) < ($1.rows, $1.cols, $1.level) }
    }
}
