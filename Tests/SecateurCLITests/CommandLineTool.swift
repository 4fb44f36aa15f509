import Foundation
import Testing

/// The built `secateur` command, run as a user runs it.
struct CommandLineTool {
    /// What a finished command left.
    struct Result {
        let status: Int32
        let output: String
        let errors: String

        /// Lines of stderr that are not empty.
        var errorLines: [Substring] { errors.split(separator: "\n") }

        /// The one JSON object on stdout.
        func json() throws -> [String: Any] {
            let value = try JSONSerialization.jsonObject(with: Data(output.utf8))
            return value as? [String: Any] ?? [:]
        }
    }

    /// The folder that holds everything a test makes.
    let folder: String

    /// Beside the test bundle, where SwiftPM puts executables.
    static func built(_ name: String) -> String {
        let test = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        return test.deletingLastPathComponent().appendingPathComponent(name).path
    }

    /// Makes an empty folder.
    init() throws {
        folder =
            FileManager.default.temporaryDirectory
            .appendingPathComponent("secateur-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    }

    /// Removes the folder.
    func cleanUp() {
        try? FileManager.default.removeItem(atPath: folder)
    }

    /// The path of a file in the folder.
    func file(_ name: String) -> String { "\(folder)/\(name)" }

    /// A signal to send to a running command.
    struct Interruption {
        let signal: Int32
        /// The file whose appearance it waits for.
        let file: String
        /// How long it then still waits, in seconds.
        var delay = 0.0
    }

    /// Runs a command that a test expects to do its work.
    func succeed(_ arguments: [String], input: String? = nil) throws -> Result {
        let result = try run(arguments, input: input)
        #expect(result.status == 0, "\(arguments): \(result.errors)")
        return result
    }

    /// Runs the command to its end, which a signal may hasten.
    ///
    /// - Parameters:
    ///   - device: takes the output instead of the result.
    ///   - workingFolder: where it runs. Default: here.
    func run(
        _ arguments: [String], input: String? = nil, interruption: Interruption? = nil,
        device: String? = nil, in workingFolder: String? = nil
    ) throws -> Result {
        let process = Process()
        if let workingFolder { process.currentDirectoryURL = URL(fileURLWithPath: workingFolder) }
        process.executableURL = URL(fileURLWithPath: Self.built("secateur"))
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(
            ["XDG_CACHE_HOME": file("cache")]) { $1 }
        let names = ["stdin", "stdout", "stderr"].map { file("\($0)-\(UUID().uuidString)") }
        try Data((input ?? "").utf8).write(to: URL(fileURLWithPath: names[0]))
        for name in names.dropFirst() { _ = FileManager.default.createFile(atPath: name, contents: nil) }
        process.standardInput = FileHandle(forReadingAtPath: names[0])
        process.standardOutput = FileHandle(forWritingAtPath: device ?? names[1])
        process.standardError = FileHandle(forWritingAtPath: names[2])
        try process.run()
        if let interruption {
            while process.isRunning, !FileManager.default.fileExists(atPath: interruption.file) {
                Thread.sleep(forTimeInterval: 0.002)
            }
            Thread.sleep(forTimeInterval: interruption.delay)
            kill(process.processIdentifier, interruption.signal)
        }
        process.waitUntilExit()
        let texts = try names.dropFirst().map { try String(contentsOfFile: $0, encoding: .utf8) }
        for name in names { try FileManager.default.removeItem(atPath: name) }
        return Result(status: process.terminationStatus, output: texts[0], errors: texts[1])
    }
}
