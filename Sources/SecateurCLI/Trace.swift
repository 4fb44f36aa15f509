import Agents
import ArgumentParser
import Export
import Foundation
import ModelFiles
import Runs
import Search

/// `secateur trace`
struct Trace: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print a run's trace: a line for each evaluated policy.",
        discussion: """
            Also of a run that is running. With --csv there is a column for each layer, with the level that it had. \
            With --tensorboard the numbers go to a folder of the run's name there.

              secateur trace checkpoints/minilm-half
              secateur trace checkpoints/minilm-half --csv > trace.csv
              secateur trace checkpoints/minilm-half --tensorboard logs --follow
              tensorboard --logdir logs
            """)

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Flag(help: "Print comma-separated values, numbers in full precision.")
    var csv = false

    @Option(help: "Write event files for TensorBoard below this folder.", completion: .directory)
    var tensorboard: OutputPath?

    @Flag(help: "With --tensorboard: write what comes as well, until the search has ended.")
    var follow = false

    func validate() throws {
        if follow, tensorboard == nil {
            throw ValidationError("--follow: found without --tensorboard, allowed with it")
        }
        if csv, tensorboard != nil {
            throw ValidationError("--csv: found with --tensorboard, allowed without it")
        }
    }

    private static let columns = [
        "evaluation", "reward", "quality", "latencyMs", "sizeBytes", "baseline", "tokenPasses",
        "wallClockSeconds",
    ]
    private static let learning = ["loss", "entropy", "gradientNorm", "criticError", "price"]

    func run() throws {
        let files = RunFiles(folder: runFolder)
        _ = try files.options()
        if let tensorboard { return try writeEvents(files, to: tensorboard) }
        let trace = try files.recordedTrace()
        if csv { printCSV(trace.header, trace.rows) } else { printTable(trace.rows) }
    }

    private func writeEvents(_ files: RunFiles, to output: OutputPath) throws {
        try output.require(.folder)
        let name = URL(fileURLWithPath: runFolder).lastPathComponent
        let attributes = try FileManager.default.attributesOfItem(atPath: files.path(.options))
        let start = (attributes[.modificationDate] as? Date ?? Date()).timeIntervalSince1970
        let events = try TensorBoardFile(folder: "\(output.path)/\(name)", startingAt: start)
        if follow {
            Interruption.becomeStoppable()
            Terminal.note("following \(runFolder) to \(events.path)")
        }
        var written = 0
        while true {
            // What has ended before it is read is read to its end.
            let hasEnded = try !follow || files.summary() != nil
            let rows = try follow ? files.trace()?.rows ?? [] : files.recordedTrace().rows
            try events.append(rows.dropFirst(written))
            written = max(written, rows.count)
            guard !hasEnded, !Interruption.isRequested else { break }
            Thread.sleep(forTimeInterval: 0.5)
        }
        print("\(written.counted("policy", plural: "policies")) in \(events.path)")
    }

    private func printCSV(_ header: TraceHeader, _ rows: [TraceRow]) {
        print((Self.columns + Self.learning + header.layers).joined(separator: ","))
        for row in rows {
            let levels = row.actions.map { header.levels[$0] }
            let numbers = [
                row.terms.reward, row.terms.quality, row.terms.latencyMs,
            ].map(Self.number)
            let rest = [
                "\(row.terms.sizeBytes)", Self.number(row.baseline), "\(row.tokenPasses)",
                Self.number(row.wallClockSeconds),
            ]
            let learned = row.learning
            let learning = [
                learned.loss, learned.entropy, learned.gradientNorm, learned.criticError, learned.price,
            ].map(Self.number)
            print((["\(row.evaluation)"] + numbers + rest + learning + levels).joined(separator: ","))
        }
    }

    /// The shortest text that reads as the same number; nothing for what is no number.
    private static func number(_ value: Double) -> String { value.isFinite ? "\(value)" : "" }

    private func printTable(_ rows: [TraceRow]) {
        let decimal = Terminal.decimal
        Terminal.printTable(
            headings: Self.columns,
            rows: rows.map { row in
                [
                    "\(row.evaluation)", decimal(row.terms.reward, 4), decimal(row.terms.quality, 4),
                    decimal(row.terms.latencyMs, 4), "\(row.terms.sizeBytes)",
                    row.baseline.isFinite ? decimal(row.baseline, 4) : "", "\(row.tokenPasses)",
                    decimal(row.wallClockSeconds, 2),
                ]
            })
    }
}
