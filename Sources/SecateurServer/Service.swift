import Foundation
import HTTPTypes
import Hummingbird
import Levels
import NIOCore
import NIOHTTP1
import Secateur
import Synchronization

/// What comes with a request: its connection, which some answers close.
struct ServerContext: RequestContext {
    var coreContext: CoreRequestContextStorage
    let channel: any Channel
    let arrival = ContinuousClock.now

    init(source: ApplicationRequestContextSource) {
        coreContext = .init(source: source)
        channel = source.channel
    }
}

/// How a route says that something is wrong.
enum ErrorStyle: Sendable {
    /// `{"error": "…", "error_type": "Validation"}`, as text-embeddings-inference.
    case embeddings
    /// `{"error": {"message": "…", "type": "…", "param": "…", "code": …}}`, as OpenAI.
    case openAI

    private struct Embeddings: Encodable {
        let error: String
        let error_type: String
    }

    private struct OpenAI: Encodable {
        struct Body: Encodable {
            let message: String
            let type: String
            let param: String?
            let code: String?

            /// Fields without a value are null, and not left out.
            func encode(to encoder: any Encoder) throws {
                var container = encoder.container(keyedBy: CodingKeys.self)
                try container.encode(message, forKey: .message)
                try container.encode(type, forKey: .type)
                try container.encode(param, forKey: .param)
                try container.encode(code, forKey: .code)
            }

            private enum CodingKeys: CodingKey { case message, type, param, code }
        }
        let error: Body
    }

    func response(_ failure: RequestFailure) throws -> Response {
        switch self {
        case .embeddings:
            return JSONText.response(
                try JSONText.encode(
                    Embeddings(error: failure.message, error_type: failure.kind.rawValue)),
                status: failure.status)
        case .openAI:
            let type =
                switch failure.kind {
                case .overloaded: "rate_limit_error"
                case .authentication: "authentication_error"
                case .unhealthy: "server_error"
                case .backend where failure.status == .internalServerError: "server_error"
                default: "invalid_request_error"
                }
            let code: String? =
                switch failure.kind {
                case .notFound where failure.parameter == "model": "model_not_found"
                case .overloaded: "rate_limit_exceeded"
                case .authentication: "invalid_api_key"
                default: failure.code
                }
            // Its clients know no other status for what is wrong with a request.
            let status =
                [.contentTooLarge, .unprocessableContent].contains(failure.status)
                    && failure.kind != .overloaded
                ? HTTPResponse.Status.badRequest : failure.status
            return JSONText.response(
                try JSONText.encode(
                    OpenAI(
                        error: .init(
                            message: failure.message, type: type, param: failure.parameter, code: code))),
                status: status)
        }
    }
}

extension ResponseBody {
    /// The same body, and what is done when it is written.
    fileprivate consuming func followed(by onEnd: @escaping @Sendable () -> Void) -> ResponseBody {
        let body = self
        return ResponseBody(contentLength: contentLength) { writer in
            defer { onEnd() }
            try await body.write(writer)
        }
    }
}

/// The models that are served, and how requests to them are let in and answered.
final class Service: Sendable {
    let settings: ServerSettings
    let models: ServedModels
    let metrics: Metrics
    private let inFlight = Atomic<Int>(0)

    init(_ settings: ServerSettings, _ models: ServedModels, _ metrics: Metrics) {
        (self.settings, self.models, self.metrics) = (settings, models, metrics)
    }

    /// A request as routes see it.
    struct Asked: Sendable {
        let request: Request
        let body: ByteBuffer
        let context: ServerContext
    }

    /// Adds a route whose requests must carry the key where there is one.
    ///
    /// - Parameter counts: whether requests count against the limit.
    func add(
        _ method: HTTPRequest.Method, _ path: RouterPath, _ style: ErrorStyle,
        to router: Router<ServerContext>, counts: Bool = true,
        _ answer: @escaping @Sendable (Asked) async throws -> Response
    ) {
        let label = "route=\"\(path.description)\""
        router.on(path, method: method) { [self] request, context in
            metrics.add(.requests, label: label)
            let begun = Stay { [metrics] in metrics.observe(.duration, .now - context.arrival) }
            defer { withExtendedLifetime(begun) {} }
            do {
                var response = try await admit(request, context, counts: counts, answer)
                metrics.add(.successes, label: label)
                if response.body.contentLength == nil {
                    response.body = response.body.followed { withExtendedLifetime(begun) {} }
                }
                return response
            } catch  where error is HTTPParserError || error is CancellationError {
                // Who asked has gone, or speaks no HTTP.
                metrics.add(.failures, label: "err=\"connection\"")
                throw error
            } catch {
                return try refuse(error, style, context)
            }
        }
    }

    private func admit(
        _ request: Request, _ context: ServerContext, counts: Bool,
        _ answer: @Sendable (Asked) async throws -> Response
    ) async throws -> Response {
        guard isAllowed(request) else {
            throw RequestFailure(.authentication, "the request carries no valid API key")
        }
        let count = inFlight.add(1, ordering: .relaxed).newValue
        let stay = Stay { [self] in inFlight.subtract(1, ordering: .relaxed) }
        defer { withExtendedLifetime(stay) {} }
        guard !counts || count <= settings.maxConcurrentRequests else {
            throw RequestFailure(
                .overloaded, "the server is busy with \(count - 1) requests; try again later")
        }
        var request = request
        let body = try await collect(&request)
        var response = try await answer(Asked(request: request, body: body, context: context))
        if response.body.contentLength == nil {
            // What is streamed stays until it is written, or there is nobody to write it to.
            response.body = response.body.followed { withExtendedLifetime(stay) {} }
        }
        return response
    }

    /// A request's being in flight, which ends with the last who holds it.
    private final class Stay: Sendable {
        private let onEnd: @Sendable () -> Void

        init(onEnd: @escaping @Sendable () -> Void) { self.onEnd = onEnd }

        deinit { onEnd() }
    }

    private func isAllowed(_ request: Request) -> Bool {
        guard let key = settings.apiKey else { return true }
        let (found, wanted) = (
            Array((request.headers[.authorization] ?? "").utf8), Array("Bearer \(key)".utf8)
        )
        // Every byte is looked at, so that the time tells nothing.
        let differences = zip(found, wanted).reduce(UInt8(0)) { $0 | ($1.0 ^ $1.1) }
        return found.count == wanted.count && differences == 0
    }

    /// Reads the whole body.
    private func collect(_ request: inout Request) async throws -> ByteBuffer {
        if let length = request.headers[.contentLength].flatMap({ Int($0) }), length > settings.payloadLimit {
            throw NIOTooManyBytesError(maxBytes: settings.payloadLimit)
        }
        let (body, limit, seconds) = (request.body, settings.payloadLimit, settings.readTimeout)
        let buffer = try await withThrowingTaskGroup(of: ByteBuffer.self) { group in
            defer { group.cancelAll() }
            group.addTask { try await body.collect(upTo: limit) }
            group.addTask {
                try await Task.sleep(for: .seconds(seconds))
                throw RequestFailure(.timeout, "the request did not arrive within \(seconds) seconds")
            }
            return try await group.next() ?? ByteBuffer()
        }
        request.body = .init(buffer: buffer)
        return buffer
    }

    private func refuse(
        _ error: any Error, _ style: ErrorStyle, _ context: ServerContext
    ) throws -> Response {
        let failure = RequestFailure(any: error)
        if failure.status == .internalServerError {
            FileHandle.standardError.write(Data("secateur: a request failed: \(error)\n".utf8))
        }
        metrics.add(.failures, label: "err=\"\(failure.kind.label)\"")
        var response = try style.response(failure)
        if failure.kind == .overloaded { response.headers[.retryAfter] = "1" }
        if failure.kind == .timeout || error is NIOTooManyBytesError {
            // The rest of the request would be read to its end.
            response.headers[.connection] = "close"
            response.body = response.body.followed { [channel = context.channel] in
                channel.close(promise: nil)
            }
        }
        return response
    }

    /// The server's routes.
    func router() -> Router<ServerContext> {
        let router = Router(context: ServerContext.self)
        for path in ["/health", "/ping"] as [RouterPath] {
            router.get(path) { _, _ in HTTPResponse.Status.ok }
        }
        add(.get, "/", .embeddings, to: router, counts: false) { _ in Response(status: .ok) }
        add(.get, "/metrics", .embeddings, to: router, counts: false) { [self] _ in
            metrics.set(.queueSize, models.waiting)
            metrics.set(.inFlight, inFlight.load(ordering: .relaxed))
            return Response(
                status: .ok, headers: [.contentType: "text/plain; version=0.0.4; charset=utf-8"],
                body: .init(byteBuffer: ByteBuffer(string: metrics.text)))
        }
        addEmbeddingRoutes(to: router)
        addOpenAIRoutes(to: router)
        return router
    }
}
