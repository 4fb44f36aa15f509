import Dispatch
import FlyingFox
import FlyingSocks
import Foundation
import Report
import Search
import Synchronization

/// The report of a search that goes on, served to browsers on this machine and to nobody else.
final class LiveReport: HTTPHandler {
    private let record: Mutex<RunRecord>

    /// Starts to serve.
    ///
    /// - Parameters:
    ///   - port: which port of 127.0.0.1; 0 for one that is free.
    ///   - record: what is known at first.
    /// - Throws: `SearchFailure` when the port cannot be had.
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

    /// Waits until the server listens, and returns its port.
    private static func listen(_ server: HTTPServer, asked: UInt16) throws -> UInt16 {
        let answer = Mutex<Result<UInt16, any Error>?>(nil)
        let answered = DispatchSemaphore(value: 0)
        @Sendable func give(_ result: Result<UInt16, any Error>) {
            answer.withLock { $0 = $0 ?? result }
            answered.signal()
        }
        Task.detached {
            do { try await server.run() } catch { give(.failure(error)) }
        }
        Task.detached {
            do {
                try await server.waitUntilListening()
                guard case .ip4(_, let port)? = await server.listeningAddress else {
                    return give(.failure(SearchFailure("it has no address")))
                }
                give(.success(port))
            } catch { give(.failure(error)) }
        }
        answered.wait()
        switch answer.withLock({ $0 }) {
        case .success(let port)?: return port
        case .failure(let error)?:
            throw SearchFailure("--serve: port \(asked) of 127.0.0.1 cannot be had: \(error)")
        case nil: throw SearchFailure("--serve: the server did not start")
        }
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
