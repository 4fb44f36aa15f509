import ArgumentParser
import ModelFiles
import Report
import Runs
import Secateur

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
    func search(
        _ options: SearchOptions, _ aim: AimOptions, cache: String, from run: String? = nil
    ) throws {
        aim.machine.noteBusyProcessors()
        let live = try serve.map { try LiveReport(port: $0, folder: output.path) }
        if let live { Terminal.note("the report is live at \(live.address)") }
        var search = Secateur.Search(options, output: output.path, cache: cache)
        search.latencyTable = aim.latencyTable
        search.earlierRun = run
        try RunFolder.follow(search.run, folder: output.path, live: live, json: json)
    }
}
