import Foundation
import HTTPTypes
import Hummingbird
import Secateur

/// OpenAI's routes: models and embeddings; texts are in `Service+Generation.swift`.
extension Service {
    func addOpenAIRoutes(to router: Router<ServerContext>) {
        for prefix in ["/v1", ""] {
            add(.post, "\(prefix)/embeddings", .openAI, to: router) { [self] in try await embeddings($0) }
        }
        add(.post, "/v1/chat/completions", .openAI, to: router) { [self] in try await chat($0) }
        add(.post, "/v1/completions", .openAI, to: router) { [self] in try await complete($0) }
        add(.get, "/v1/models", .openAI, to: router, counts: false) { [self] _ in
            JSONText.response(try JSONText.encode(ModelList(data: models.all.map(ModelEntry.init))))
        }
        add(.get, "/v1/models/:name", .openAI, to: router, counts: false) { [self] asked in
            let name = asked.context.parameters.get("name") ?? ""
            let model = try models.model(named: name, [.embeds, .classifies, .generates])
            return JSONText.response(try JSONText.encode(ModelEntry(model)))
        }
    }

    private struct ModelEntry: Encodable {
        let id: String
        var object = "model"
        let created: Int
        var owned_by = "secateur"

        init(_ served: ServedModel) {
            (id, created) = (served.name, served.loaded)
        }
    }

    private struct ModelList: Encodable {
        var object = "list"
        let data: [ModelEntry]
    }

    /// Reads a body; whatever is wrong with it is a bad request.
    func readOpenAI<Value: Decodable>(_ type: Value.Type, _ asked: Asked) throws -> Value {
        try JSONText.decode(type, asked.body, malformed: .badRequest, mistyped: .badRequest)
    }

    // MARK: Embeddings

    private struct EmbeddingsRequest: Decodable {
        let input: TextsOrTokens
        let model: String?
        let encoding_format: String?
        let dimensions: Int?
    }

    private func embeddings(_ asked: Asked) async throws -> Response {
        let request = try readOpenAI(EmbeddingsRequest.self, asked)
        let format = request.encoding_format ?? "float"
        guard ["float", "base64"].contains(format) else {
            throw RequestFailure.invalid(
                "encoding_format", found: "'\(format)'", allowed: "'float' or 'base64'")
        }
        let served = try models.model(named: request.model, [.embeds])
        try Self.requireDimensions(request.dimensions, served, status: .badRequest)
        let inputs = TextInputs(model: served.model, truncates: settings.autoTruncate)
        let sequences: Tokenized
        switch request.input {
        case .texts(let texts):
            try requireSize(texts.count, "input")
            sequences = try Tokenized(texts, characters: \.count, inputs.sequence(of:))
        case .tokens(let ids):
            try requireSize(ids.count, "input")
            sequences = try Tokenized(ids, characters: { _ in 0 }, inputs.sequence(ofTokens:))
        }
        let result = try await served.embed(sequences.all, prompt: nil, length: .one)
        note(sequences, result)
        var body = ByteBuffer(string: #"{"object":"list","data":"#)
        body.writeJSON(listOf: result.rows.enumerated()) { body, entry in
            let row = Self.shortened(entry.element.row(0), request.dimensions, normalizes: true)
            body.writeString(#"{"object":"embedding","index":\#(entry.offset),"embedding":"#)
            if format == "base64" {
                let bytes = row.map(\.bitPattern.littleEndian).withUnsafeBytes { Data($0) }
                body.writeString("\"\(bytes.base64EncodedString())\"")
            } else {
                body.writeJSON(row)
            }
            body.writeString("}")
        }
        let name = String(decoding: try JSONEncoder().encode(served.name), as: UTF8.self)
        body.writeString(
            #","model":\#(name),"usage":{"prompt_tokens":\#(sequences.tokens),"total_tokens":\#(sequences.tokens)}}"#
        )
        return JSONText.response(body)
    }
}
