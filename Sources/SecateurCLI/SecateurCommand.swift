import ArgumentParser
import Launch

/// The `secateur` command.
@main
struct SecateurCommand: ParsableCommand {
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
            Inspect.self, Profile.self, Search.self, Resume.self, Retarget.self, Replay.self, Pick.self,
            Remeasure.self, Apply.self, Finetune.self, Prune.self, Evaluate.self, Benchmark.self, Embed.self,
            Kernels.self, Generate.self, Serve.self, Tokenize.self, Convert.self, Export.self,
            ReportCommand.self, Compare.self, Trace.self,
        ])

    static func main() {
        Launch.prepare()
        Interruption.install()
        do {
            let typed = Array(CommandLine.arguments.dropFirst())
            try ErrorLine.requireNoOptionThatMoved(typed)
            let arguments = try ConfigurationFile.expanded(typed)
            var command = try parseAsRoot(arguments)
            try command.run()
            try Terminal.flush()
        } catch {
            report(error)
        }
    }

    /// Ends the program: help as it is, everything else in one line.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        if code == .success || error is ExitCode { exit(withError: error) }
        // Errors of the parser carry the usage of the command; its message alone is one line.
        let isUsage = code == .validationFailure
        Terminal.fail(
            isUsage ? "\(message(for: error)) (--help tells more)" : ErrorLine.text(error),
            status: code.rawValue)
    }
}
