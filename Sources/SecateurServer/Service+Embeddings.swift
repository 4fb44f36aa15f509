import Foundation
import HTTPTypes
import Hummingbird
import Secateur

/// Embeddings, and how alike they are.
extension Service {
    private struct EmbedRequest: Decodable {
        let inputs: OneOrMany<String>
        let normalize: Bool?
        let dimensions: Int?
    }

    /// `/embed`
    func embed(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(EmbedRequest.self, asked)
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

    /// `/embed_all`
    func embedAll(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(EmbedAllRequest.self, asked)
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

    struct SimilarityRequest: Decodable {
        struct Inputs: Decodable {
            let source_sentence: String
            let sentences: [String]
        }
        let inputs: Inputs
        let parameters: Common?
        let model: String?
    }

    /// `/similarity`
    func similarity(_ asked: Asked) async throws -> Response {
        let (request, _) = try read(SimilarityRequest.self, asked)
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
}
