import ArgumentParser
import Foundation
import Launch
import Levels

/// `secateur-server`: what `secateur serve` starts, and what shows a search live.
@main
struct ServerProgram: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "secateur",
        abstract: "What Secateur shows over HTTP.",
        subcommands: [Serve.self, LiveReport.self])

    static func main() async {
        Launch.prepare()
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch {
            report(error)
        }
    }

    /// Ends the program: help as it is, everything else in one line.
    private static func report(_ error: any Error) -> Never {
        let code = exitCode(for: error)
        if code == .success || error is ExitCode { exit(withError: error) }
        let text =
            (error as? Issue).map { $0.naming(Serve.flag(of:)) }
            ?? (code == .validationFailure ? "\(message(for: error)) (--help tells more)" : "\(error)")
        let line = text.replacingOccurrences(of: "\n", with: " ")
        FileHandle.standardError.write(Data("secateur: \(line)\n".utf8))
        Foundation.exit(code.rawValue)
    }
}
