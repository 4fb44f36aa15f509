import Foundation
import Hummingbird
import Secateur

/// Scores of classes, and ranks.
extension Service {
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
        func require(_ model: Model) throws {
            if let count = parameters?.top_k, count < 1 {
                throw RequestFailure.invalid(
                    "parameters.top_k", found: count, allowed: "1 or more", status: .unprocessableContent)
            }
            let usual = model.labelsAreExclusive ? "softmax" : "sigmoid"
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

    /// `/predict`
    func predict(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(PredictRequest.self, asked)
        let served = try models.model(named: common.model, [.classifies])
        let (texts, labels) = (request.inputs.all, served.model.labels ?? [])
        try request.require(served.model)
        try requireSize(texts.count, "inputs")
        let inputs = inputs(common, served)
        let sequences = try Tokenized(texts, characters: \.characters) { texts in
            try texts.second.map { try inputs.sequence(ofPair: inputs.half(texts.first), inputs.half($0)) }
                ?? inputs.sequence(of: texts.first)
        }
        let result = try await served.classify(sequences.all)
        let predictions = result.rows.map { rows in
            let logits = Array(rows.row(0))
            let scores =
                request.isRaw
                ? logits : Self.probabilities(logits, areExclusive: served.model.labelsAreExclusive)
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

    /// Softmax of the logits, or the logistic function of each.
    private static func probabilities(_ logits: [Float], areExclusive: Bool) -> [Float] {
        guard areExclusive else { return logits.map { 1 / (1 + exp(-$0)) } }
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

    /// `/rerank`
    func rerank(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(RerankRequest.self, asked)
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
                score: (request.raw_scores ?? false
                    ? logits : Self.probabilities(logits, areExclusive: false))[0])
        }
        return answer(
            try JSONText.encode(ranks.sorted { $0.score > $1.score }), sequences, result, asked)
    }
}
