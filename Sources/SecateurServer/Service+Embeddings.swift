import Foundation
import HTTPTypes
import Hummingbird
import Secateur
import Tensors

/// The routes of text-embeddings-inference.
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

    // MARK: What requests share

    /// Fields of many requests.
    private struct Common: Decodable {
        var model: String?
        var truncate: Bool?
        var truncation_direction: TextInputs.Direction?
        var prompt_name: String?
    }

    private func read<Value: Decodable>(_ type: Value.Type, _ asked: Asked) throws -> Value {
        try JSONText.decode(type, asked.body, malformed: .badRequest, mistyped: .unprocessableContent)
    }

    private func inputs(_ common: Common?, _ served: ServedModel) -> TextInputs {
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
    private func answer(
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

    // MARK: Embeddings

    private struct EmbedRequest: Decodable {
        let inputs: OneOrMany<String>
        let normalize: Bool?
        let dimensions: Int?
    }

    private func embed(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(EmbedRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.embeds])
        let (texts, normalizes) = (request.inputs.all, request.normalize ?? true)
        try requireSize(texts.count, "inputs")
        try Self.requireDimensions(request.dimensions, served, status: .unprocessableContent)
        let sequences = try Tokenized(texts, characters: \.count, inputs(common, served).sequence(of:))
        let result = try await served.embed(
            sequences.all, prompt: common.prompt_name, length: normalizes ? .one : .raw)
        var body = ByteBuffer()
        body.writeJSON(listOf: result.rows) {
            $0.writeJSON(Self.shortened($1.row(0), request.dimensions, normalizes: normalizes))
        }
        return answer(body, sequences, result, asked)
    }

    /// Refuses more features than a model has.
    static func requireDimensions(
        _ dimensions: Int?, _ served: ServedModel, status: HTTPResponse.Status
    ) throws {
        let features = served.model.features ?? 0
        if let dimensions, !(1...features).contains(dimensions) {
            throw RequestFailure.invalid(
                "dimensions", found: dimensions, allowed: "1 to \(features)", status: status)
        }
    }

    /// The first features of an embedding (Kusupati et al., "Matryoshka representation learning", 2022), of length 1
    /// again.
    static func shortened(
        _ row: ArraySlice<Float>, _ dimensions: Int?, normalizes: Bool
    ) -> ArraySlice<Float> {
        guard let dimensions, dimensions < row.count else { return row }
        let first = row.prefix(dimensions)
        guard normalizes else { return first }
        let length = first.reduce(0.0) { $0 + Double($1) * Double($1) }.squareRoot()
        return ArraySlice(first.map { Float(Double($0) / max(length, 1e-12)) })
    }

    private struct EmbedAllRequest: Decodable {
        let inputs: OneOrMany<String>
    }

    private func embedAll(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(EmbedAllRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.embeds])
        let texts = request.inputs.all
        try requireSize(texts.count, "inputs")
        let sequences = try Tokenized(texts, characters: \.count, inputs(common, served).sequence(of:))
        let result = try await served.embedTokens(sequences.all)
        var body = ByteBuffer()
        body.writeJSON(listOf: result.rows) { body, states in
            body.writeJSON(listOf: 0..<states.rows) { $0.writeJSON(states.row($1)) }
        }
        return answer(body, sequences, result, asked)
    }

    private struct SimilarityRequest: Decodable {
        struct Inputs: Decodable {
            let source_sentence: String
            let sentences: [String]
        }
        let inputs: Inputs
        let parameters: Common?
        let model: String?
    }

    private func similarity(_ asked: Asked) async throws -> Response {
        let request = try read(SimilarityRequest.self, asked)
        let served = try models.model(named: request.model, [.embeds])
        let texts = [request.inputs.source_sentence] + request.inputs.sentences
        try requireSize(texts.count - 1, "inputs.sentences")
        let sequences = try Tokenized(
            texts, characters: \.count, inputs(request.parameters, served).sequence(of:))
        let result = try await served.embed(
            sequences.all, prompt: request.parameters?.prompt_name, length: .one)
        let source = result.rows[0].row(0)
        var body = ByteBuffer()
        body.writeJSON(result.rows.dropFirst().map { zip(source, $0.row(0)).reduce(0) { $0 + $1.0 * $1.1 } })
        return answer(body, sequences, result, asked)
    }

    // MARK: Classes and ranks

    /// A text or a pair of texts.
    private struct Texts: Decodable, Sendable {
        let first: String
        let second: String?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let text = try? container.decode(String.self) {
                (first, second) = (text, nil)
                return
            }
            let texts = try container.decode([String].self)
            guard (1...2).contains(texts.count) else {
                throw RequestFailure.invalid(
                    "inputs", found: "\(texts.count) texts", allowed: "a text or a pair of texts",
                    status: .unprocessableContent)
            }
            (first, second) = (texts[0], texts.count == 2 ? texts[1] : nil)
        }

        var characters: Int { first.count + (second?.count ?? 0) }
    }

    /// A text, a pair of texts, or a list of lists of one or two texts.
    private enum PredictInputs: Decodable {
        case single(Texts)
        case batch([Texts])

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let lists = try? container.decode([[String]].self), !lists.isEmpty {
                self = .batch(try container.decode([Texts].self))
            } else {
                self = .single(try container.decode(Texts.self))
            }
        }

        var all: [Texts] {
            switch self {
            case .single(let texts): [texts]
            case .batch(let list): list
            }
        }
    }

    private struct PredictRequest: Decodable {
        /// What Hugging Face's client sends besides.
        struct Parameters: Decodable {
            let top_k: Int?
            let function_to_apply: String?
        }
        let inputs: PredictInputs
        let raw_scores: Bool?
        let parameters: Parameters?

        /// Whether scores are logits.
        var isRaw: Bool { raw_scores ?? (parameters?.function_to_apply == "none") }

        /// Refuses what is not done.
        func require(classes: Int) throws {
            if let count = parameters?.top_k, count < 1 {
                throw RequestFailure.invalid(
                    "parameters.top_k", found: count, allowed: "1 or more", status: .unprocessableContent)
            }
            let usual = classes > 1 ? "softmax" : "sigmoid"
            if let function = parameters?.function_to_apply, ![usual, "none"].contains(function) {
                throw RequestFailure.invalid(
                    "parameters.function_to_apply", found: "'\(function)'", allowed: "'\(usual)' or 'none'",
                    status: .unprocessableContent)
            }
        }
    }

    private struct Prediction: Encodable {
        let score: Float
        let label: String
    }

    private func predict(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(PredictRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.classifies])
        let (texts, labels) = (request.inputs.all, served.model.labels ?? [])
        try request.require(classes: labels.count)
        try requireSize(texts.count, "inputs")
        let inputs = inputs(common, served)
        let sequences = try Tokenized(texts, characters: \.characters) { texts in
            try texts.second.map { try inputs.sequence(ofPair: inputs.half(texts.first), inputs.half($0)) }
                ?? inputs.sequence(of: texts.first)
        }
        let result = try await served.classify(sequences.all)
        let predictions = result.rows.map { rows in
            let logits = Array(rows.row(0))
            let scores = request.isRaw ? logits : Self.probabilities(logits)
            let sorted = zip(scores, labels).map(Prediction.init).sorted { $0.score > $1.score }
            return Array(sorted.prefix(request.parameters?.top_k ?? sorted.count))
        }
        let body =
            switch request.inputs {
            case .single: try JSONText.encode(predictions[0])
            case .batch: try JSONText.encode(predictions)
            }
        return answer(body, sequences, result, asked)
    }

    /// Softmax of the logits, or the logistic function of a single one.
    private static func probabilities(_ logits: [Float]) -> [Float] {
        guard logits.count > 1 else { return logits.map { 1 / (1 + exp(-$0)) } }
        let top = logits.max() ?? 0
        let powers = logits.map { exp($0 - top) }
        let total = powers.reduce(0, +)
        return powers.map { $0 / total }
    }

    private struct RerankRequest: Decodable {
        let query: String
        let texts: [String]
        let raw_scores: Bool?
        let return_text: Bool?
    }

    private struct Rank: Encodable {
        let index: Int
        let text: String?
        let score: Float
    }

    private func rerank(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(RerankRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.classifies])
        guard served.model.classes == 1 else {
            throw RequestFailure(
                .backend,
                "model '\(served.name)' has \(served.model.classes ?? 0) classes, and ranking takes 1")
        }
        try requireSize(request.texts.count, "texts")
        let inputs = inputs(common, served)
        let query = try inputs.half(request.query)
        let length = request.query.count
        let sequences = try Tokenized(request.texts, characters: { $0.count + length }) {
            try inputs.sequence(ofPair: query, inputs.half($0))
        }
        let result = try await served.classify(sequences.all)
        let ranks = result.rows.enumerated().map { index, rows in
            let logits = [rows[0, 0]]
            return Rank(
                index: index, text: request.return_text ?? false ? request.texts[index] : nil,
                score: (request.raw_scores ?? false ? logits : Self.probabilities(logits))[0])
        }
        return answer(
            try JSONText.encode(ranks.sorted { $0.score > $1.score }), sequences, result, asked)
    }

    // MARK: Tokens

    private struct TokenizeRequest: Decodable {
        let inputs: OneOrMany<String>
        let add_special_tokens: Bool?
    }

    private struct Token: Encodable {
        let id: Int32
        let text: String
        let special: Bool
    }

    private func tokenize(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(TokenizeRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.embeds, .classifies, .generates])
        try requireSize(request.inputs.all.count, "inputs")
        let (model, marks) = (served.model, request.add_special_tokens ?? true)
        let lists = try request.inputs.all.map { text -> [Token] in
            guard model.ability != .generates else {
                let ids = model.tokens(of: text)
                return zip(ids, model.texts(of: ids)).map { Token(id: $0, text: $1, special: false) }
            }
            let ids = try model.sequence(of: text, prompt: common.prompt_name).ids
            let tokens = zip(ids, model.texts(of: ids)).enumerated().map { place, token in
                Token(id: token.0, text: token.1, special: place == 0 || place == ids.count - 1)
            }
            return marks ? tokens : tokens.filter { !$0.special }
        }
        return JSONText.response(try JSONText.encode(lists))
    }

    private struct DecodeRequest: Decodable {
        let ids: OneOrMany<OneOrMany<Int32>>
    }

    private func decode(_ asked: Asked) async throws -> Response {
        let (request, common) = (try read(DecodeRequest.self, asked), try read(Common.self, asked))
        let served = try models.model(named: common.model, [.generates])
        let lists: [[Int32]] =
            switch request.ids {
            case .one(let ids): [ids.all]
            case .many(let several): several.map(\.all)
            }
        try requireSize(lists.count, "ids")
        return JSONText.response(
            try JSONText.encode(
                lists.map { ids in
                    let bytes = try ids.flatMap { try served.model.bytes(of: $0) }
                    return String(decoding: bytes, as: UTF8.self)
                }))
    }

    // MARK: What is served

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
