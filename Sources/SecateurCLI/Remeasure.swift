import ArgumentParser
import ModelFiles
import Secateur

/// `secateur remeasure`
struct Remeasure: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Pick the final policy of a finished search again, with new measurements.",
        discussion: """
            For a search that ended while other programs kept the machine busy. The best policies of the trace \
            are checked on other data and measured, as at the end of the search; the run stays as it is.

              secateur remeasure checkpoints/minilm-half --output checkpoints/again
            """)

    @Argument(
        help: ArgumentHelp("The folder of the finished search.", valueName: "run"), completion: .directory)
    var runFolder: String

    @OptionGroup var cacheOptions: CacheOptions

    @Option(help: "The folder to write; it must not exist.", completion: .directory)
    var output: OutputPath

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func run() throws {
        try output.require(.newFolder)
        try RunFolder.pick(to: output, json: json) {
            try Run(runFolder).remeasure(
                output: output.path, cache: cacheOptions.folder(ofRun: runFolder), progress: $0)
        }
    }
}
