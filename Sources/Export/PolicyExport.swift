import Levels
import ModelFiles
import Runs

/// `policy.json`, for `secateur apply` on another machine and for other programs.
enum PolicyExport: Exporter {
    static let output = OutputPath.Kind.file

    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool { true }

    static func write(_ run: FinishedRun, to output: String) throws {
        try AtomicFile.write(try run.policy.json(), to: output)
    }
}
