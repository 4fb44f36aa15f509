import Levels
import Secateur

/// How a request's texts become what a model is given.
struct TextInputs: Sendable {
    /// Which end of a text that is too long is cut off.
    enum Direction: String, Decodable, Sendable {
        case left = "Left"
        case right = "Right"

        /// Takes any case.
        init(from decoder: any Decoder) throws {
            let text = try decoder.singleValueContainer().decode(String.self)
            switch text.lowercased() {
            case "left": self = .left
            case "right": self = .right
            default:
                throw RequestFailure.invalid(
                    "truncation_direction", found: "'\(text)'", allowed: "'left' or 'right'",
                    status: .unprocessableContent)
            }
        }
    }

    let model: Model
    /// Whether texts that are too long are cut.
    let truncates: Bool
    var direction = Direction.right
    var prompt: String?

    /// A text's tokens.
    /// - Throws: `RequestFailure` for a text that is empty, or too long and not to be cut; `Issue` for a prompt that
    ///   the model does not have.
    func sequence(of text: String) throws -> Model.Sequence {
        try Self.requireText(text)
        var sequence = try model.sequence(of: text, prompt: prompt)
        let (count, most) = (sequence.ids.count, model.maximumTokens)
        guard count > most else { return sequence }
        guard truncates else { throw tooLong(count) }
        // The model's own tokens at both ends stay.
        let own = model.specialCounts
        switch direction {
        case .right: sequence.ids.removeSubrange(most - own.after..<count - own.after)
        case .left: sequence.ids.removeSubrange(own.before..<own.before + count - most)
        }
        sequence.firstCount = most
        return sequence
    }

    /// The tokens of a text that becomes a part of pairs.
    func half(_ text: String) throws -> Model.Half {
        try Self.requireText(text)
        return try model.half(of: text)
    }

    /// A pair's tokens.
    /// - Throws: as ``sequence(of:)``; of pairs only the right end can be cut.
    func sequence(ofPair first: Model.Half, _ second: Model.Half) throws -> Model.Sequence {
        let pair = try model.sequence(of: first, second)
        guard pair.wholeCount > model.maximumTokens else { return pair.sequence }
        guard truncates else { throw tooLong(pair.wholeCount) }
        guard direction == .right else {
            throw RequestFailure.invalid(
                "truncation_direction", found: "'left'", allowed: "'right' for pairs")
        }
        return pair.sequence
    }

    /// Token ids as they are.
    /// - Throws: `RequestFailure` for none, too many, or one that is none of the model's.
    func sequence(ofTokens ids: [Int32]) throws -> Model.Sequence {
        guard !ids.isEmpty else { throw RequestFailure(.empty, "an input has no tokens") }
        guard ids.count <= model.maximumTokens else { throw tooLong(ids.count) }
        if let id = ids.first(where: { !model.holds(token: $0) }) {
            throw RequestFailure(.tokenizer, "token id \(id) is none of the model's")
        }
        return Model.Sequence(ids: ids, firstCount: ids.count)
    }

    private func tooLong(_ count: Int) -> RequestFailure {
        RequestFailure(
            .validation,
            "inputs must have at most \(model.maximumTokens) tokens. Given: \(count). Set truncate to cut them"
        )
    }

    private static func requireText(_ text: String) throws {
        guard !text.isEmpty else { throw RequestFailure(.empty, "inputs must not be empty") }
    }
}

/// Texts, or token ids, alone or in a list, as OpenAI's routes take them.
enum TextsOrTokens: Decodable, Sendable {
    case texts([String])
    case tokens([[Int32]])

    init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        if let texts = try? container.decode(OneOrMany<String>.self), !texts.all.isEmpty {
            self = .texts(texts.all)
        } else if let ids = try? container.decode([Int32].self), !ids.isEmpty {
            self = .tokens([ids])
        } else if let ids = try? container.decode([[Int32]].self), !ids.isEmpty {
            self = .tokens(ids)
        } else {
            let name = decoder.codingPath.last?.stringValue ?? "input"
            throw RequestFailure(
                .empty,
                "\(name): allowed are a text, a list of texts, a list of token ids and a list of such lists, none empty",
                parameter: name)
        }
    }
}
