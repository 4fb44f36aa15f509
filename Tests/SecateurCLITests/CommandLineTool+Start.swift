import Foundation

/// A command that runs beside the test.
final class RunningCommand {
    let process = Process()
    private let errorPath: String

    init(_ tool: CommandLineTool, _ arguments: [String], program: String = "secateur") throws {
        errorPath = tool.file("stderr-\(UUID().uuidString)")
        _ = FileManager.default.createFile(atPath: errorPath, contents: nil)
        process.executableURL = URL(fileURLWithPath: CommandLineTool.built(program))
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["XDG_CACHE_HOME": tool.file("cache")]) { $1 }
        process.standardOutput = FileHandle.nullDevice
        process.standardError = FileHandle(forWritingAtPath: errorPath)
        try process.run()
    }

    /// What it wrote to stderr so far.
    var errors: String { (try? String(contentsOfFile: errorPath, encoding: .utf8)) ?? "" }

    /// Waits for something that takes as long as the machine is busy; false when the command ended before.
    func wait(until condition: () -> Bool) -> Bool {
        while !condition() {
            guard process.isRunning else { return condition() }
            Thread.sleep(forTimeInterval: 0.005)
        }
        return true
    }

    /// Ends it, and waits for its end.
    func stop(_ signal: Int32 = SIGKILL) {
        kill(process.processIdentifier, signal)
        process.waitUntilExit()
    }
}

/// Other programs that tests ask about what was written.
enum ExternalProgram {
    /// Debian's python3 comes first: its packages are what `scripts/setup-system.sh test` installs.
    static let python = ["/usr/bin/python3", "/usr/local/bin/python3"].first {
        (try? run($0, ["-c", "import h5py, matplotlib"]))?.status == 0
    }
    static let chromium = ["/usr/bin/chromium", "/usr/bin/chromium-browser"].first {
        FileManager.default.isExecutableFile(atPath: $0)
    }

    /// Runs a program to its end.
    static func run(_ program: String, _ arguments: [String]) throws -> (
        status: Int32, output: String, errors: String
    ) {
        let folder = FileManager.default.temporaryDirectory
        let paths = ["out", "err"].map { folder.appendingPathComponent("\($0)-\(UUID().uuidString)").path }
        defer { for path in paths { try? FileManager.default.removeItem(atPath: path) } }
        let process = Process()
        process.executableURL = URL(fileURLWithPath: program)
        process.arguments = arguments
        for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: paths[0])
        process.standardError = FileHandle(forWritingAtPath: paths[1])
        try process.run()
        process.waitUntilExit()
        let texts = try paths.map {
            String(decoding: try Data(contentsOf: URL(fileURLWithPath: $0)), as: UTF8.self)
        }
        return (process.terminationStatus, texts[0], texts[1])
    }
}
