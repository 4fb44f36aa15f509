import HTTPTypes
import Hummingbird
import Levels
import NIOCore

/// Why a request is not answered.
struct RequestFailure: Error {
    /// What kind of reason it is, by the names of text-embeddings-inference.
    enum Kind: String, Sendable {
        case validation = "Validation"
        case tokenizer = "Tokenizer"
        case overloaded = "Overloaded"
        case backend = "Backend"
        case unhealthy = "Unhealthy"
        case empty = "Empty"
        case authentication = "Authentication"
        case notFound = "NotFound"
        case timeout = "Timeout"

        /// What its metrics call it.
        var label: String { rawValue.lowercased() }
    }

    let kind: Kind
    let status: HTTPResponse.Status
    let message: String
    /// The field of the request.
    let parameter: String?
    /// What OpenAI's clients tell it from others by.
    var code: String?

    /// Puts a failure together.
    ///
    /// - Parameter status: nil for what text-embeddings-inference answers to that kind.
    init(_ kind: Kind, _ message: String, parameter: String? = nil, status: HTTPResponse.Status? = nil) {
        (self.kind, self.message, self.parameter) = (kind, message, parameter)
        self.status =
            status
            ?? {
                switch kind {
                case .validation: .contentTooLarge
                case .tokenizer: .unprocessableContent
                case .overloaded: .tooManyRequests
                case .backend: HTTPResponse.Status(code: 424, reasonPhrase: "Failed Dependency")
                case .unhealthy: .serviceUnavailable
                case .empty: .badRequest
                case .authentication: .unauthorized
                case .notFound: .notFound
                case .timeout: .requestTimeout
                }
            }()
    }

    /// A value that is not allowed.
    static func invalid(
        _ parameter: String, found: some CustomStringConvertible, allowed: String,
        status: HTTPResponse.Status = .badRequest
    ) -> RequestFailure {
        RequestFailure(
            .validation, "\(parameter): found \(found), allowed \(allowed)", parameter: parameter,
            status: status)
    }

    /// What a library says of what a request asked for; where its files are is nobody else's business.
    init(_ issue: Issue) {
        let subject =
            switch issue.subject {
            case .path: "the model"
            case .option(let name), .other(let name): name
            }
        self.init(.backend, "\(subject): \(issue.facts)")
    }

    /// Any error, the server's own ones without their words, as those are nobody else's business.
    init(any error: any Error) {
        switch error {
        case let failure as RequestFailure: self = failure
        case let issue as Issue: self.init(issue)
        case is NIOTooManyBytesError:
            self.init(.validation, "the body is larger than this server takes (--payload-limit)")
        case let error as any HTTPResponseError:
            self.init(error.status == .notFound ? .notFound : .validation, "\(error)", status: error.status)
        default:
            self.init(.backend, "the server failed to answer", status: .internalServerError)
        }
    }
}
