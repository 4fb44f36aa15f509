import ArgumentParser
import Levels
import ModelFiles
import Secateur

/// `secateur pick`
struct Pick: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take a policy for one latency out of a search over a range of latencies.",
        discussion: """
            Nothing is learned again: the policies that the agent holds to be best for this latency are checked on \
            other data and measured, which takes seconds.

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.25...0.8 --output checkpoints/minilm-range
              secateur pick checkpoints/minilm-range --target-latency 0.4 \\
                  --output checkpoints/minilm-0.4
            """)

    @Argument(
        help: ArgumentHelp("The folder of the finished search.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(
        help:
            "End-to-end latency to reach, inside of the range: a fraction of dense, or milliseconds such as 12ms.",
        transform: parsed(
            "a fraction of dense from above 0 to 1, or milliseconds such as 12ms", { LatencyTarget($0) }))
    var targetLatency: LatencyTarget

    @OptionGroup var cacheOptions: CacheOptions

    @Option(help: "The folder to write; it must not exist.", completion: .directory)
    var output: OutputPath

    @Flag(help: "Print the summary as one JSON object.")
    var json = false

    func run() throws {
        try output.require(.newFolder)
        try RunFolder.pick(to: output, json: json) {
            try Run(runFolder).pick(
                targetLatency, output: output.path, cache: cacheOptions.folder(ofRun: runFolder), progress: $0
            )
        }
    }
}
