import Evaluation
import Foundation
import Hummingbird
import Secateur

/// The fields of OpenAI's two ways to ask for text, as far as they are honoured, and those that change the text and are
/// not, which are refused.
struct GenerationRequest: Decodable, Sendable {
    /// A part of a message.
    private struct Part: Decodable {
        let type: String
        let text: String?
    }

    /// A message of a conversation.
    struct Message: Decodable, Sendable {
        let role: String
        let content: String

        private enum CodingKeys: CodingKey { case role, content }

        init(from decoder: any Decoder) throws {
            let container = try decoder.container(keyedBy: CodingKeys.self)
            role = try container.decode(String.self, forKey: .role)
            guard ["system", "developer", "user", "assistant"].contains(role) else {
                throw RequestFailure.invalid(
                    "messages.role", found: "'\(role)'",
                    allowed: "'system', 'developer', 'user' or 'assistant'")
            }
            if let text = try? container.decode(String.self, forKey: .content) {
                content = text
                return
            }
            let parts = try container.decode([Part].self, forKey: .content)
            if let part = parts.first(where: { $0.type != "text" || $0.text == nil }) {
                throw RequestFailure.invalid(
                    "messages.content.type", found: "'\(part.type)'", allowed: "'text'")
            }
            content = parts.compactMap(\.text).joined()
        }
    }

    /// `logprobs`: whether, or of how many.
    enum LogProbabilities: Decodable, Sendable {
        case whether(Bool)
        case count(Int)

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let whether = try? container.decode(Bool.self) {
                self = .whether(whether)
            } else {
                self = .count(try container.decode(Int.self))
            }
        }
    }

    struct StreamOptions: Decodable, Sendable {
        let include_usage: Bool?
    }

    private struct ResponseFormat: Decodable {
        let type: String
    }

    /// Whatever is there.
    private struct Anything: Decodable {
        let isEmpty: Bool

        init(from decoder: any Decoder) throws {
            let list = try? decoder.unkeyedContainer()
            let fields = try? decoder.container(keyedBy: AnyKey.self)
            let isNone = try decoder.singleValueContainer().decodeNil()
            isEmpty = isNone || list?.count == 0 || fields?.allKeys.isEmpty == true
        }
    }

    private struct AnyKey: CodingKey {
        let stringValue: String
        let intValue: Int? = nil
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    private enum CodingKeys: String, CodingKey, CaseIterable {
        case model, messages, prompt, stream, stream_options, stop, temperature, top_p, seed, max_tokens
        case max_completion_tokens, logprobs, top_logprobs
        // Fields that change the text, and what they may say here.
        case n, best_of, echo, suffix, presence_penalty, frequency_penalty, response_format, logit_bias, tools
        case functions, modalities, top_k, min_p, repetition_penalty, min_tokens, ignore_eos, stop_token_ids
    }

    let model: String?
    let messages: [Message]?
    let prompt: TextsOrTokens?
    let stream: Bool
    let includesUsage: Bool
    let stops: [String]
    let temperature: Double
    let topP: Double
    let seed: UInt64
    let maximumTokens: Int?
    let logProbabilities: LogProbabilities?
    let topLogProbabilities: Int?

    init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func value<Value: Decodable>(_ type: Value.Type, _ key: CodingKeys) throws -> Value? {
            try fields.decodeIfPresent(type, forKey: key)
        }
        model = try value(String.self, .model)
        messages = try value([Message].self, .messages)
        prompt = try value(TextsOrTokens.self, .prompt)
        stream = try value(Bool.self, .stream) ?? false
        includesUsage = try value(StreamOptions.self, .stream_options)?.include_usage ?? false
        stops = try value(OneOrMany<String>.self, .stop)?.all ?? []
        temperature = try value(Double.self, .temperature) ?? 1
        topP = try value(Double.self, .top_p) ?? 1
        // Any integer is a seed.
        seed =
            try value(Int64.self, .seed).map { UInt64(bitPattern: $0) }
            ?? UInt64.random(in: 0...UInt64(UInt32.max))
        maximumTokens = try value(Int.self, .max_completion_tokens) ?? value(Int.self, .max_tokens)
        logProbabilities = try value(LogProbabilities.self, .logprobs)
        topLogProbabilities = try value(Int.self, .top_logprobs)
        try Self.require(temperature, in: 0...2, .temperature)
        try Self.require(topP, in: 0...1, .top_p)
        guard stops.count <= 4 else {
            throw RequestFailure.invalid("stop", found: "\(stops.count) texts", allowed: "4 at most")
        }
        if let maximumTokens, maximumTokens < 1 {
            throw RequestFailure.invalid("max_tokens", found: maximumTokens, allowed: "1 or more")
        }
        if let topLogProbabilities, !(0...20).contains(topLogProbabilities) {
            throw RequestFailure.invalid("top_logprobs", found: topLogProbabilities, allowed: "0 to 20")
        }
        try Self.refuseOthers(fields)
    }

    private static func require(_ value: Double, in range: ClosedRange<Double>, _ key: CodingKeys) throws {
        guard range.contains(value) else {
            throw RequestFailure.invalid(
                key.rawValue, found: value, allowed: "\(range.lowerBound) to \(range.upperBound)")
        }
    }

    /// Refuses what would change the text and is not done.
    private static func refuseOthers(_ fields: KeyedDecodingContainer<CodingKeys>) throws {
        for key in [CodingKeys.n, .best_of] {
            if let count = try fields.decodeIfPresent(Int.self, forKey: key), count != 1 {
                throw RequestFailure.invalid(key.rawValue, found: count, allowed: "1")
            }
        }
        for key in [CodingKeys.presence_penalty, .frequency_penalty] {
            if let penalty = try fields.decodeIfPresent(Double.self, forKey: key), penalty != 0 {
                throw RequestFailure.invalid(key.rawValue, found: penalty, allowed: "0")
            }
        }
        for key in [CodingKeys.echo, .ignore_eos] {
            if try fields.decodeIfPresent(Bool.self, forKey: key) == true {
                throw RequestFailure.invalid(key.rawValue, found: true, allowed: "false")
            }
        }
        // What other servers take, and where it does nothing.
        let neutral: [(CodingKeys, [Double])] = [
            (.top_k, [0, -1]), (.min_p, [0]), (.repetition_penalty, [1]), (.min_tokens, [0]),
        ]
        for (key, values) in neutral {
            if let found = try fields.decodeIfPresent(Double.self, forKey: key), !values.contains(found) {
                throw RequestFailure.invalid(key.rawValue, found: found, allowed: "\(Int(values[0]))")
            }
        }
        if let suffix = try fields.decodeIfPresent(String.self, forKey: .suffix), !suffix.isEmpty {
            throw RequestFailure.invalid("suffix", found: "a text", allowed: "none")
        }
        if let format = try fields.decodeIfPresent(ResponseFormat.self, forKey: .response_format),
            format.type != "text"
        {
            throw RequestFailure.invalid(
                "response_format.type", found: "'\(format.type)'", allowed: "'text'")
        }
        if let modalities = try fields.decodeIfPresent([String].self, forKey: .modalities),
            modalities != ["text"]
        {
            throw RequestFailure.invalid(
                "modalities", found: modalities.joined(separator: ", "), allowed: "text")
        }
        for key in [CodingKeys.logit_bias, .tools, .functions, .stop_token_ids] {
            if let found = try fields.decodeIfPresent(Anything.self, forKey: key), !found.isEmpty {
                throw RequestFailure.invalid(key.rawValue, found: "some", allowed: "none")
            }
        }
    }

    /// How the tokens of a text are chosen; a request for several differs in seed.
    func sampler(of text: Int) -> Sampler {
        Sampler(temperature: temperature, topP: max(topP, 1e-9), seed: seed &+ UInt64(text))
    }
}
