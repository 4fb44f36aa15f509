import FlyingFox
import FlyingSocks
import Foundation
import Levels
import Report
import Runs
import Search
import Synchronization

/// The report of a search that continues, served to browsers on this machine and to nobody else.
final class LiveReport: HTTPHandler {
    private let record: Mutex<RunRecord>

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - port: which port of 127.0.0.1; 0 for one that is free.
    ///   - record: what is known at first.
    /// - Throws: `Issue` when the port cannot be had.
    static func start(port: UInt16, _ record: RunRecord) throws -> (report: LiveReport, address: String) {
        let report = LiveReport(record)
        let server = HTTPServer(
            address: try sockaddr_in.inet(ip4: "127.0.0.1", port: port), logger: .disabled, handler: report)
        return (report, "http://127.0.0.1:\(try listen(server, asked: port))/")
    }

    private init(_ record: RunRecord) {
        self.record = Mutex(record)
    }

    /// Replaces what is shown.
    func update(_ change: (RunRecord) -> RunRecord) {
        record.withLock { $0 = change($0) }
    }

    /// What the server said about its port first.
    private final class Answer: Sendable {
        private let result = Mutex<Result<UInt16, Issue>?>(nil)

        func give(_ new: Result<UInt16, Issue>) {
            result.withLock { $0 = $0 ?? new }
        }

        func wait() -> Result<UInt16, Issue> {
            while true {
                if let result = result.withLock({ $0 }) { return result }
                Thread.sleep(forTimeInterval: 0.002)
            }
        }
    }

    /// Waits until the server listens, and returns its port.
    private static func listen(_ server: HTTPServer, asked: UInt16) throws -> UInt16 {
        let answer = Answer()
        @Sendable func failure(_ error: any Error) -> Result<UInt16, Issue> {
            .failure(
                Issue(
                    .inaccessible, .option("serve"),
                    advice: "port \(asked) of 127.0.0.1 cannot be had: \(error)"))
        }
        Task.detached {
            do { try await server.run() } catch { answer.give(failure(error)) }
        }
        Task.detached {
            do {
                try await server.waitUntilListening(timeout: 60)
                if case .ip4(_, let port)? = await server.listeningAddress { answer.give(.success(port)) }
            } catch { answer.give(failure(error)) }
        }
        return try answer.wait().get()
    }

    /// The page, or what is inside of it; nothing can be changed from outside.
    func handleRequest(_ request: HTTPRequest) async throws -> HTTPResponse {
        // A web site that gives itself the name of this machine must not read along.
        let host = request.headers[.host]?.split(separator: ":").first.map(String.init)
        guard host == "127.0.0.1" || host == "localhost" else {
            return Self.response(.forbidden, "text/plain", "only for 127.0.0.1")
        }
        guard request.method == .GET else {
            return Self.response(.methodNotAllowed, "text/plain", "only GET")
        }
        let record = record.withLock { $0 }
        switch request.path {
        case "/": return Self.response(.ok, "text/html", ReportPage(record).liveHTML)
        case "/content": return Self.response(.ok, "text/html", ReportPage(record).markup)
        default: return Self.response(.notFound, "text/plain", "no such page")
        }
    }

    private static func response(_ status: HTTPStatusCode, _ type: String, _ text: String) -> HTTPResponse {
        HTTPResponse(
            statusCode: status,
            headers: [
                .contentType: "\(type); charset=utf-8", HTTPHeader("Cache-Control"): "no-store",
                HTTPHeader("X-Content-Type-Options"): "nosniff",
            ], body: Data(text.utf8))
    }
}
