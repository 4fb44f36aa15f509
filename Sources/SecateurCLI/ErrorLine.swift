import ArgumentParser
import Levels

/// How the command says what is wrong: libraries name options by their fields, people type flags.
enum ErrorLine {
    /// Fields whose flags have names of their own.
    private static let ownNames = [
        "score": "method", "rewinds": "rewind", "agentOptions": "agent-option", "maximumTokens": "max-tokens",
    ]

    /// An error in one line.
    static func text(_ error: any Error) -> String {
        guard let issue = error as? Issue else { return "\(error)" }
        return issue.naming { subject in
            switch subject {
            case .path(let name), .other(let name): name
            case .option(let field): flag(field)
            }
        }
    }

    /// The flag of a field: `--target-latency` of `targetLatency`.
    static func flag(_ field: String) -> String {
        "--" + (ownNames[field] ?? field.replacing(#/[A-Z]/#) { "-\($0.output.lowercased())" })
    }

    /// Refuses options of `search` that have become commands.
    static func requireNoOptionThatMoved(_ commandLine: [String]) throws {
        guard commandLine.first == "search" else { return }
        for (flag, command) in [("--from", "retarget"), ("--replay", "replay")]
        where commandLine.contains(where: { $0 == flag || $0.hasPrefix("\(flag)=") }) {
            throw ValidationError("\(flag): found with search, allowed is `secateur \(command) RUN`")
        }
    }
}
