import Foundation
import HTTPTypes
import Hummingbird
import Secateur

/// The routes of text-embeddings-inference, and what they share.
extension Service {
    func addEmbeddingRoutes(to router: Router<ServerContext>) {
        func post(_ path: RouterPath, _ answer: @escaping @Sendable (Asked) async throws -> Response) {
            add(.post, path, .embeddings, to: router, answer)
        }
        post("/embed") { [self] in try await embed($0) }
        post("/embed_all") { [self] in try await embedAll($0) }
        post("/predict") { [self] in try await predict($0) }
        post("/rerank") { [self] in try await rerank($0) }
        post("/similarity") { [self] in try await similarity($0) }
        post("/tokenize") { [self] in try await tokenize($0) }
        post("/decode") { [self] in try await decode($0) }
        add(.get, "/info", .embeddings, to: router, counts: false) { [self] _ in try information() }
        // What the first model is for, to clients that know its address and no routes.
        let first = models.all[0].model
        for path in ["/", "/invocations"] as [RouterPath] where first.ability != .generates {
            post(path) { [self] asked in
                if first.ability == .classifies {
                    return try await first.classes == 1 ? rerank(asked) : predict(asked)
                }
                let isComparison = (try? read(SimilarityRequest.self, asked)) != nil
                return try await isComparison ? similarity(asked) : embed(asked)
            }
        }
    }

    /// Fields of many requests.
    struct Common: Decodable {
        var model: String?
        var truncate: Bool?
        var truncation_direction: TextInputs.Direction?
        var prompt_name: String?
    }

    /// A request's own fields, and those of many.
    private struct Fields<Own: Decodable>: Decodable {
        let own: Own
        let common: Common

        init(from decoder: any Decoder) throws {
            (own, common) = (try Own(from: decoder), try Common(from: decoder))
        }
    }

    /// Reads a body: its own fields, and those of many requests.
    func read<Value: Decodable>(_ type: Value.Type, _ asked: Asked) throws -> (Value, Common) {
        let fields = try JSONText.decode(
            Fields<Value>.self, asked.body, malformed: .badRequest, mistyped: .unprocessableContent)
        return (fields.own, fields.common)
    }

    /// How a request's texts are read.
    func inputs(_ common: Common?, _ served: ServedModel) -> TextInputs {
        TextInputs(
            model: served.model, truncates: common?.truncate ?? settings.autoTruncate,
            direction: common?.truncation_direction ?? .right, prompt: common?.prompt_name)
    }

    /// Refuses a request of no or too many inputs.
    func requireSize(_ count: Int, _ parameter: String) throws {
        guard count >= 1 else { throw RequestFailure(.empty, "\(parameter) must not be empty") }
        guard count <= settings.maxClientBatchSize else {
            throw RequestFailure(
                .validation,
                "batch size \(count) > maximum allowed batch size \(settings.maxClientBatchSize)",
                parameter: parameter)
        }
    }

    /// An answer, with the times that it took in its headers, in milliseconds.
    func answer(
        _ body: ByteBuffer, _ sequences: Tokenized, _ result: ServedModel.Result, _ asked: Asked
    ) -> Response {
        note(sequences, result)
        func milliseconds(_ duration: Duration) -> String { "\(Int(duration / .milliseconds(1)))" }
        let total = ContinuousClock.now - asked.context.arrival
        var response = JSONText.response(body)
        let headers = [
            ("x-compute-type", "cpu"), ("x-compute-time", milliseconds(total - result.waited)),
            ("x-compute-characters", "\(sequences.characters)"), ("x-compute-tokens", "\(sequences.tokens)"),
            ("x-total-time", milliseconds(total)), ("x-tokenization-time", milliseconds(sequences.time)),
            ("x-queue-time", milliseconds(result.waited)),
            ("x-inference-time", milliseconds(result.computed)),
        ]
        for (name, value) in headers {
            if let name = HTTPField.Name(name) { response.headers[name] = value }
        }
        return response
    }

    /// Counts what was computed.
    func note(_ sequences: Tokenized, _ result: ServedModel.Result) {
        metrics.add(.inputs, sequences.all.count)
        metrics.observe(.tokenization, sequences.time)
        metrics.observe(.queueing, result.waited)
        metrics.observe(.inference, result.computed)
    }

    /// Inputs as tokens, and how long it took to make them.
    struct Tokenized: Sendable {
        let all: [Model.Sequence]
        let characters: Int
        let time: Duration

        var tokens: Int { all.reduce(0) { $0 + $1.ids.count } }

        init<Input>(
            _ inputs: [Input], characters: (Input) -> Int, _ sequence: (Input) throws -> Model.Sequence
        ) rethrows {
            let begin = ContinuousClock.now
            all = try inputs.map(sequence)
            self.characters = inputs.reduce(0) { $0 + characters($1) }
            time = .now - begin
        }
    }

    private struct Information: Encodable {
        struct Served: Encodable {
            let model_id: String
            let ability: String
            let architecture: String
            let max_input_length: Int
            let size_bytes: Int
            let labels: [String]?
        }
        let model_id: String
        let model_dtype: String
        let max_concurrent_requests: Int
        let max_input_length: Int
        let max_batch_tokens: Int
        let max_client_batch_size: Int
        let auto_truncate: Bool
        let version: String
        let hardware: String
        let models: [Served]
    }

    private func information() throws -> Response {
        let first = models.all[0]
        return JSONText.response(
            try JSONText.encode(
                Information(
                    model_id: first.name, model_dtype: settings.precision.name,
                    max_concurrent_requests: settings.maxConcurrentRequests,
                    max_input_length: first.model.maximumTokens, max_batch_tokens: settings.maxBatchTokens,
                    max_client_batch_size: settings.maxClientBatchSize, auto_truncate: settings.autoTruncate,
                    version: Runtime.version, hardware: Runtime.hardware,
                    models: models.all.map {
                        .init(
                            model_id: $0.name, ability: $0.model.ability.rawValue,
                            architecture: $0.model.architecture, max_input_length: $0.model.maximumTokens,
                            size_bytes: $0.model.sizeBytes, labels: $0.model.labels)
                    })))
    }
}
