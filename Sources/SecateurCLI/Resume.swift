import ArgumentParser
import Levels
import Runs
import Search
import Secateur

/// `secateur resume`
struct Resume: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Continue a search that was stopped or killed.",
        discussion: """
            Continues from the last checkpoint, with the latencies that the search started with, to the same \
            trace that an undisturbed search would have left. Of a finished search it shows the summary and \
            changes nothing: `secateur remeasure` measures again.

              secateur resume checkpoints/minilm-half
            """)

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(
        help:
            "Train the model of a finished run for so long, where it was not trained: \(RecoveryLength.form).",
        transform: parsed(RecoveryLength.form, { RecoveryLength($0) }))
    var recover: RecoveryLength?

    @OptionGroup var cacheOptions: CacheOptions

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func run() throws {
        let files = RunFiles(folder: runFolder)
        let options = try files.options()
        if let recover { try ask(for: recover, SearchTasks.standard.task(named: options.task), files) }
        // Training a finished run's model can be stopped at once; a search when it is prepared.
        if try files.finishedSummary() != nil { Interruption.becomeStoppable() }
        let search = try Secateur.Search(
            options, output: runFolder, cache: cacheOptions.folder(ofRun: runFolder))
        try RunFolder.follow(search.resume, folder: runFolder, json: json)
    }

    private func ask<Task: SearchTask>(
        for length: RecoveryLength, _ task: Task, _ files: RunFiles
    ) throws {
        try Recovery.require(task, files.options())
        try files.setRecovery(length)
    }
}
