import ArgumentParser
import Tensors

/// The `secateur` command.
@main
struct Secateur: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secateur",
        abstract: "Prune a transformer to a latency target measured on this CPU, and run the result.",
        discussion: """
            Start with a search, then use what it leaves in its run folder:

              secateur search models/minilm --task fidelity --train text.txt \\
                  --target-latency 0.5 --output checkpoints/minilm-half
              secateur benchmark checkpoints/minilm-half
              secateur embed checkpoints/minilm-half/model < sentences.txt
            """,
        subcommands: [
            Inspect.self, Profile.self, Search.self, Resume.self, Apply.self, Evaluate.self, Benchmark.self,
            Kernels.self, Embed.self,
        ])

    static func main() {
        OpenBLASCore.chooseUnlessChosen()
        BLAS.useOneThread()
        Interruption.install()
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let error where error is CleanExit || error is ExitCode || error is ValidationError {
            exit(withError: error)
        } catch {
            // Errors of parsing are shown with the usage; all others are one clear line.
            guard String(describing: type(of: error)) != "CommandError" else { exit(withError: error) }
            Terminal.fail("\(error)")
        }
    }
}
