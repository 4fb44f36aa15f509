import Foundation
import Search

/// What `search` and `resume` share.
enum RunFolder {
    /// Makes sure that a run folder is free, emptying it of an earlier run when that is wanted.
    static func prepare(_ folder: String, overwrite: Bool) throws {
        let files = FileManager.default
        guard
            files.fileExists(atPath: "\(folder)/checkpoint.h5")
                || files.fileExists(atPath: "\(folder)/run.json")
        else { return }
        guard overwrite else {
            throw SearchFailure(
                "\(folder): found a run: continue it with `secateur resume`, or pass --overwrite")
        }
        let own = [
            "trace.h5", "checkpoint.h5", "latency.h5", "run.json", "costs.json", "policy.json",
            "summary.json", "model",
        ]
        for name in own where files.fileExists(atPath: "\(folder)/\(name)") {
            try files.removeItem(atPath: "\(folder)/\(name)")
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
