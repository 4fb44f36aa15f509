import ArgumentParser
import ModelFiles
import Report
import Search

/// `secateur compare`
struct Compare: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show runs side by side, as a table and as one overlaid report.",
        discussion: """
            Runs that are running or were stopped are compared as far as they got.

              secateur compare checkpoints/agent checkpoints/random
              secateur compare checkpoints/agent checkpoints/random \\
                  --output comparison.html
            """)

    @Argument(
        help: ArgumentHelp("Run folders, at least two.", valueName: "run"), completion: .directory)
    var runFolders: [String]

    @Option(
        help: "Also write an overlaid report, HTML, to this file.",
        completion: .file(extensions: ["html"]))
    var output: OutputPath?

    @Flag(help: "Print one JSON list with an object for each run.")
    var json = false

    func validate() throws {
        guard (2...RunComparison.mostRuns).contains(runFolders.count) else {
            throw ValidationError(
                "found \(runFolders.count) \(runFolders.count == 1 ? "run" : "runs"), allowed 2 to \(RunComparison.mostRuns)"
            )
        }
    }

    func run() throws {
        try output?.require(.file)
        let runs = try RunRecord.named(apart: runFolders)
        let comparison = RunComparison(runs)
        if let output { try AtomicFile.write(ReportPage(comparing: runs).html, to: output.path) }
        if json { return try Terminal.printJSON(comparison.rows) }
        Terminal.printTable(headings: RunComparison.headings, rows: comparison.cells)
        if let output { print("\nThe report is in \(output)") }
    }
}
