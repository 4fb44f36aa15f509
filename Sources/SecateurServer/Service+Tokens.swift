import Foundation
import Hummingbird
import Secateur

/// Texts as tokens, and tokens as texts.
extension Service {
    private struct TokenizeRequest: Decodable {
        let inputs: OneOrMany<String>
        let add_special_tokens: Bool?
    }

    private struct Token: Encodable {
        let id: Int32
        let text: String
        let special: Bool
    }

    /// `/tokenize`
    func tokenize(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(TokenizeRequest.self, asked)
        let served = try models.model(named: common.model, [.embeds, .classifies, .generates])
        try requireSize(request.inputs.all.count, "inputs")
        let (model, marks) = (served.model, request.add_special_tokens ?? true)
        let lists = try request.inputs.all.map { text -> [Token] in
            let ids =
                model.ability == .generates
                ? model.tokens(of: text) : try model.sequence(of: text, prompt: common.prompt_name).ids
            let own = model.specialCounts
            let tokens = zip(ids, model.texts(of: ids)).enumerated().map { place, token in
                let isSpecial = place < own.before || place >= ids.count - own.after
                return Token(id: token.0, text: token.1, special: isSpecial)
            }
            return marks ? tokens : tokens.filter { !$0.special }
        }
        return JSONText.response(try JSONText.encode(lists))
    }

    private struct DecodeRequest: Decodable {
        let ids: OneOrMany<OneOrMany<Int32>>
    }

    /// `/decode`
    func decode(_ asked: Asked) async throws -> Response {
        let (request, common) = try read(DecodeRequest.self, asked)
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
}
