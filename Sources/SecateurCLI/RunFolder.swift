import Foundation
import ModelFiles
import Report
import Search

/// What `search` and `resume` share.
enum RunFolder {
    /// Makes sure that a run folder is free, or that its run may be replaced.
    static func check(_ folder: String, overwrite: Bool) throws {
        guard !RunFiles(folder: folder).holdsRun || overwrite else {
            throw SearchFailure(
                "\(folder): found a run: continue it with `secateur resume`, or pass --overwrite")
        }
    }

    /// Searches to the end, prints the summary, and writes the report.
    static func finish<Model>(
        _ session: SearchSession<Model>, folder: String, line: ProgressLine, live: LiveReport? = nil,
        json: Bool
    ) throws {
        Interruption.becomeStoppable()
        live?.update { $0.with(costs: session.costs, rows: session.rows, stage: "searching") }
        let summary = try session.finish(
            progress: { stage, fraction in
                line.show(stage, fraction)
                live?.update { $0.with(costs: session.costs, rows: $0.rows, stage: stage) }
            },
            onEvaluation: { row in
                live?.update { $0.with(costs: session.costs, rows: $0.rows + [row], stage: "searching") }
            }, shouldStop: { Interruption.isRequested })
        line.finish()
        let report = RunFiles(folder: folder).path("report.html")
        try AtomicFile.write(ReportPage(RunRecord(folder: folder)).html, to: report)
        guard let summary else {
            Terminal.note("stopped; `secateur resume \(folder)` goes on")
            Foundation.exit(130)
        }
        if json { try Terminal.printJSON(summary) } else { SummaryTable.show(summary, folder: folder) }
    }
}
