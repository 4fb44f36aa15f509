import Foundation
import Levels
import ModelFiles
import Runs
import Search
import Secateur

/// What `search`, `retarget` and `resume` share.
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

    /// Trains the pruned model, where the options ask for it.
    private static func recover<Task: SearchTask>(_ task: Task, folder: String, line: ProgressLine) throws
        -> RecoverySummary?
    {
        guard try RunFiles(folder: folder).awaitsRecovery() else { return nil }
        let recovery = try Recovery(task, run: folder).run(
            shouldStop: { Interruption.isRequested }, progress: line.show)
        guard let recovery else { stop(folder) }
        return recovery
    }

    static func writeReport(_ folder: String) throws {
        try Secateur.Run(folder).writeReport()
    }

    /// Picks a policy from a finished run, writes its folder, and prints what came out.
    static func pick<Task: SearchTask>(
        _ task: Task, by pick: PolicyPick<Task.Model>, to output: OutputPath, cache: String, json: Bool
    ) throws {
        let line = ProgressLine()
        let summary = try pick.pick(task, to: output.path, cache: cache, progress: line.show)
        try writeReport(output.path)
        line.finish()
        try printSummary(summary, folder: output.path, json: json)
    }

    private static func stop(_ folder: String) -> Never {
        Terminal.stop("`secateur resume \(folder)` continues")
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
        guard let summary else {
            try writeReport(folder)
            stop(folder)
        }
        try recoverAndShow(summary, folder: folder, line: line, json: json)
    }

    /// Shows what a finished search came to, after the training that it may still wait for.
    static func show(_ summary: SearchSummary, folder: String, json: Bool) throws {
        if try RunFiles(folder: folder).awaitsRecovery() {
            Interruption.becomeStoppable()
            return try recoverAndShow(summary, folder: folder, line: ProgressLine(), json: json)
        }
        try printSummary(summary, folder: folder, json: json)
    }

    private static func recoverAndShow(
        _ summary: SearchSummary, folder: String, line: ProgressLine, json: Bool
    ) throws {
        let task = try SearchTasks.standard.task(named: summary.options.task)
        _ = try recover(task, folder: folder, line: line)
        line.finish()
        try writeReport(folder)
        try printSummary(summary, folder: folder, json: json)
    }

    /// Prints a summary as JSON or as a table.
    static func printSummary(_ summary: SearchSummary, folder: String, json: Bool) throws {
        if json { try Terminal.printJSON(summary) } else { try SummaryTable.show(summary, folder: folder) }
    }
}
