import Foundation
import Levels

/// The report of a search that continues, shown by the server, which ends with this program.
final class LiveReport {
    private let server = Process()
    private let stages = Pipe()
    private var stage = ""

    /// The page.
    let address: String

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - port: which port of 127.0.0.1; 0 for one that is free.
    ///   - folder: the run's.
    /// - Throws: `Issue` when the server is not there, or the port cannot be had.
    init(port: UInt16, folder: String) throws {
        let (answers, errors) = (Pipe(), Pipe())
        server.executableURL = URL(fileURLWithPath: try ServerLocation.path())
        server.arguments = ["report", folder, "--port", "\(port)"]
        (server.standardInput, server.standardOutput, server.standardError) = (stages, answers, errors)
        // A server that has ended must not end the search.
        signal(SIGPIPE, SIG_IGN)
        try server.run()
        var line = Data()
        while let byte = try answers.fileHandleForReading.read(upToCount: 1), !byte.isEmpty,
            byte != Data("\n".utf8)
        {
            line += byte
        }
        address = String(decoding: line, as: UTF8.self)
        guard address.isEmpty else { return }
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        throw Issue(
            .inaccessible, .option("serve"),
            advice: "port \(port) of 127.0.0.1 cannot be had: \(message.split(separator: "\n").last ?? "")")
    }

    /// Says what the search is doing.
    func show(stage: String) {
        guard stage != self.stage else { return }
        self.stage = stage
        try? stages.fileHandleForWriting.write(contentsOf: Data("\(stage)\n".utf8))
    }
}
