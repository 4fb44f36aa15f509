import Levels

/// What a server was asked to be, and its limits.
struct ServerSettings: Sendable {
    /// Where it listens.
    var host = "127.0.0.1"
    var port = 8080
    /// What requests must carry; nil where anyone may ask.
    var apiKey: String?
    /// Tokens of a batch, which one thread computes: enough to fill the kernels, and little enough to be soon over.
    var maxBatchTokens = 512
    /// Inputs of one request.
    var maxClientBatchSize = 32
    /// Requests that are answered at a time; more are refused.
    var maxConcurrentRequests = 512
    /// Texts that a language model continues at a time.
    var maxTexts = 8
    /// Tokens of such a text, its prompt included.
    var contextTokens = 2048
    /// Bytes of a request's body.
    var payloadLimit = 2_000_000
    /// Seconds until a request must have arrived, and until a connection without one is closed.
    var readTimeout = 30
    /// Whether inputs that are too long are cut where a request does not say.
    var autoTruncate = true
    /// How products are computed where the model's files do not say.
    var precision = Precision.float32
    /// Threads to compute on.
    var threads = 1
}
