import Foundation
import Levels
import ModelFiles
import Report
import Runs
import Secateur

/// What `search`, `retarget`, `resume`, `pick` and `remeasure` share.
enum RunFolder {
    /// Makes sure that a run folder is free, or that its run may be replaced.
    static func check(_ folder: OutputPath, overwrite: Bool) throws {
        try folder.require(.folder)
        guard !RunFiles(folder: folder.path).holdsRun || overwrite else {
            throw Issue(
                .exists, .path(folder.path), found: "a run",
                advice: "continue it with `secateur resume`, or pass --overwrite")
        }
    }

    /// Follows a search to its end, and prints what it came to.
    ///
    /// - Parameters:
    ///   - body: searches, asks whether it should stop, and says what happens.
    ///   - folder: the run's.
    static func follow(
        _ body: (_ shouldStop: () -> Bool, _ onEvent: (Secateur.Search.Event) -> Void) throws ->
            SearchSummary?,
        folder: String, live: LiveReport? = nil, json: Bool
    ) throws {
        let line = ProgressLine()
        let summary = try body({ Interruption.isRequested }) { event in
            switch event {
            case .stage(let stage, let fraction):
                line.show(stage, fraction)
                live?.show(stage: stage)
            case .prepared:
                Interruption.becomeStoppable()
                live?.show(stage: "searching")
            case .evaluated: break
            case .note(let text): Terminal.note(text)
            case .finished: break
            }
        }
        line.finish()
        guard let summary else { Terminal.stop("`secateur resume \(folder)` continues") }
        try printSummary(summary, folder: folder, json: json)
    }

    /// Picks a policy from a finished run into a folder of its own, and prints what came out.
    static func pick(
        to output: OutputPath, json: Bool,
        _ body: (_ progress: (String, Double) -> Void) throws -> SearchSummary
    ) throws {
        let line = ProgressLine()
        let summary = try body(line.show)
        line.finish()
        try printSummary(summary, folder: output.path, json: json)
    }

    private static func printSummary(_ summary: SearchSummary, folder: String, json: Bool) throws {
        if json { try Terminal.printJSON(summary) } else { try SummaryTable.show(summary, folder: folder) }
    }
}
