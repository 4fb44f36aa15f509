import ArgumentParser
import Runs
import Search

/// `secateur replay`
struct Replay: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Search again as a run did, to see whether the trace is the same.",
        discussion: """
            Everything is worked out again but latency, which is the run's. Nothing is written. Says that all \
            evaluations agree to the last bit, or at which one the traces part and in what; then it fails.

              secateur replay checkpoints/minilm-half
            """)

    @Argument(help: ArgumentHelp("The folder of the run.", valueName: "run"), completion: .directory)
    var runFolder: String

    @OptionGroup var cacheOptions: CacheOptions

    @Flag(help: "Print the result as one JSON object.")
    var json = false

    func run() throws {
        try replay(SearchTasks.standard.task(named: RunFiles(folder: runFolder).options().task))
    }

    private func replay(_ task: some SearchTask) throws {
        let line = ProgressLine()
        let replay = try SearchReplay.replay(
            task, run: runFolder, cache: cacheOptions.folder(ofRun: runFolder), progress: line.show)
        line.finish()
        if json { try Terminal.printJSON(replay) } else { print(replay.description) }
        if replay.difference != nil { throw ExitCode.failure }
    }
}
