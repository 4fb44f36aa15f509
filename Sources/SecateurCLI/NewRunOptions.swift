import ArgumentParser
import ModelFiles
import Report
import Runs
import Search

/// Where a new run goes and how it is shown: `search` and `retarget` share it.
struct NewRunOptions: ParsableArguments {
    @Option(help: "The run folder to write.", completion: .directory)
    var output: OutputPath

    @Flag(help: "Replace a run that is already in the folder.")
    var overwrite = false

    @Option(
        defaultAsFlag: 0, parsing: .next,
        help:
            "Show the report live on this port of 127.0.0.1 while the search runs. Default: a free one."
    )
    var serve: UInt16?

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    /// Makes sure that the folder is free, or that its run may be replaced.
    func check() throws {
        try RunFolder.check(output, overwrite: overwrite)
    }

    /// Searches to the end.
    ///
    /// - Parameters:
    ///   - aim: where the options are from, for what is no option of the run.
    ///   - cache: the folder of level databases.
    ///   - run: an earlier run whose sensitivities are taken over.
    func search<Task: SearchTask>(
        _ task: Task, _ options: SearchOptions, _ aim: AimOptions, cache: String, from run: String? = nil
    ) throws {
        aim.machine.noteBusyProcessors()
        let line = ProgressLine()
        let live = try serve.map {
            try LiveReport.start(port: $0, RunRecord(folder: output.path, starting: options))
        }
        if let live { Terminal.note("the report is live at \(live.address)") }
        let session = try SearchSession<Task.Model>.start(
            options, task: task, folder: output.path, cache: cache, latencyTable: aim.latencyTable, from: run,
            progress: { stage, fraction in
                line.show(stage, fraction)
                live?.report.update { $0.with(costs: nil, rows: [], stage: stage) }
            }, note: Terminal.note)
        try RunFolder.finish(session, folder: output.path, line: line, live: live?.report, json: json)
    }
}
