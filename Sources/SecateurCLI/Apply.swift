import ArgumentParser
import Search

/// `secateur apply`
struct Apply: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prune a model with a learned policy and write it as a Hugging Face folder.",
        discussion: """
            The model must be the one that the run searched. Example:
              secateur apply checkpoints/minilm-half models/minilm --output pruned
            """)

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run"))
    var runFolder: String

    @Argument(help: "The dense model's folder.")
    var model: String

    @OptionGroup var cacheOptions: CacheOptions

    @Option(help: "The folder to write; it must not exist.")
    var output: String

    func run() throws {
        let line = ProgressLine()
        try PolicyApplication.apply(
            run: runFolder, model: model, cache: cacheOptions.cache, to: output, progress: line.show)
        line.finish()
        print("The pruned model is in \(output)")
    }
}
