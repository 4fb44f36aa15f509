import ArgumentParser
import ModelFiles
import Report
import Runs
import Search

/// `secateur report`
struct ReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report",
        abstract: "Write a run's report: one HTML file with charts and the numbers behind them.",
        discussion: """
            Searches write it by themselves; this does it again, also for a run that is running or was stopped.

              secateur report checkpoints/minilm-half
              secateur report checkpoints/minilm-half --output report.html
            """)

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(
        help: "The file to write. Default: report.html in the run folder.",
        completion: .file(extensions: ["html"]))
    var output: OutputPath?

    func run() throws {
        let output = output ?? OutputPath(RunFiles(folder: runFolder).path(.report))
        let record = try RunRecord(folder: runFolder)
        try output.require(.file)
        try AtomicFile.write(ReportPage(record).html, to: output.path)
        print("The report is in \(output)")
    }
}
