import Foundation
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

    /// Searches to the end and prints the summary.
    static func finish<Model>(_ session: SearchSession<Model>, folder: String, line: ProgressLine, json: Bool)
        throws
    {
        Interruption.becomeStoppable()
        let summary = try session.finish(progress: line.show, shouldStop: { Interruption.isRequested })
        line.finish()
        guard let summary else {
            Terminal.note("stopped; `secateur resume \(folder)` goes on")
            Foundation.exit(130)
        }
        if json { try Terminal.printJSON(summary) } else { SummaryTable.show(summary, folder: folder) }
    }
}
