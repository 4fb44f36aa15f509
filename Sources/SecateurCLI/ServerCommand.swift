import ArgumentParser
import Foundation
import Levels

/// `secateur serve`: starts the server, a separate program in the same folder.
struct Serve: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Answer requests over HTTP, by the routes that clients already speak.",
        discussion: """
            `secateur serve --help` lists the options.

              secateur serve checkpoints/minilm --port 8080
            """)

    @Argument(
        parsing: .captureForPassthrough,
        help: ArgumentHelp("What the server is given.", valueName: "arguments"))
    var arguments: [String] = []

    func run() throws {
        let path = try ServerLocation.path()
        var words: [UnsafeMutablePointer<CChar>?] = ([path, "serve"] + arguments).map { strdup($0) }
        words.append(nil)
        // Returns only when it fails.
        execv(path, &words)
        throw Issue(.inaccessible, .path(path), advice: String(cString: strerror(errno)))
    }
}

/// Where the server is.
enum ServerLocation {
    private static let name = "secateur-server"

    /// The program in this one's folder.
    /// - Throws: `Issue` where there is none.
    static func path() throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let path = URL(fileURLWithPath: own).deletingLastPathComponent().appendingPathComponent(name).path
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw Issue(
                .missing, .path(path),
                advice: "the server is built by `swift build -c release --product \(name)`")
        }
        return path
    }
}
