import ArgumentParser
import Dispatch
import Foundation
import HTTPTypes
import Hummingbird
import Report
import Synchronization

/// `secateur-server report`: the report of a search that continues, to browsers on this machine and to nobody else.
///
/// Lines on standard input say what the search is doing; its end is the end of this program. The first line of its
/// standard output is the address.
struct LiveReport: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Show the report of a search that runs.", shouldDisplay: false)

    @Argument(help: ArgumentHelp("The run folder.", valueName: "run"), completion: .directory)
    var runFolder: String

    @Option(help: "The port of 127.0.0.1; 0 for a free one.")
    var port: Int = 0

    func run() async throws {
        // The search receives Ctrl-C as well, and ends this program itself.
        signal(SIGINT, SIG_IGN)
        let stage = Stage()
        let input = Thread {
            while let line = readLine() { stage.set(line) }
            Foundation.exit(0)
        }
        input.start()
        try await HTTPProgram(host: "127.0.0.1", port: port, signals: [.sigterm]).run(
            LiveReportResponder(folder: runFolder, stage: stage)
        ) { address in
            FileHandle.standardOutput.write(Data("\(address)/\n".utf8))
        }
    }
}

/// What a search is doing.
final class Stage: Sendable {
    private let text = Mutex("starting")

    func set(_ new: String) { text.withLock { $0 = new } }

    var current: String { text.withLock { $0 } }
}

/// The page, and what is inside of it; nothing can be changed from outside.
struct LiveReportResponder: HTTPResponder {
    typealias Context = BasicRequestContext

    let folder: String
    let stage: Stage
    /// A run of before is not the one that is searched.
    let start = Date()

    func respond(to request: Request, context: BasicRequestContext) async throws -> Response {
        // A web site that gives itself the name of this machine must not read along.
        let host = request.head.authority?.split(separator: ":").first.map(String.init)
        guard host == "127.0.0.1" || host == "localhost" else {
            return response(.forbidden, "text/plain", "only for 127.0.0.1")
        }
        guard request.method == .get else { return response(.methodNotAllowed, "text/plain", "only GET") }
        switch request.uri.path {
        case "/": return page { $0.liveHTML }
        case "/content": return page { $0.markup }
        default: return response(.notFound, "text/plain", "no such page")
        }
    }

    private func page(_ content: (ReportPage) -> String) -> Response {
        do {
            let file = try FileManager.default.attributesOfItem(atPath: "\(folder)/run.json")
            if let written = file[.modificationDate] as? Date, written >= start {
                let record = try RunRecord(folder: folder, during: stage.current)
                return response(.ok, "text/html", content(ReportPage(record)))
            }
        } catch {
            // The search has not written yet what it was asked for.
        }
        let page = """
            <!DOCTYPE html><html lang="en"><meta http-equiv="refresh" content="1"><title>Secateur</title>
            <p>\(stage.current)</p></html>
            """
        return response(.ok, "text/html", page)
    }

    private func response(_ status: HTTPResponse.Status, _ type: String, _ text: String) -> Response {
        var response = Response(
            status: status, headers: [.contentType: "\(type); charset=utf-8", .cacheControl: "no-store"],
            body: .init(byteBuffer: ByteBuffer(string: text)))
        if let name = HTTPField.Name("X-Content-Type-Options") { response.headers[name] = "nosniff" }
        return response
    }
}
