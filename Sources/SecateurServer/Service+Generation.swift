import Evaluation
import Foundation
import HTTPTypes
import Hummingbird
import Secateur

/// OpenAI's routes to language models.
extension Service {
    // MARK: Answers

    /// A token and how likely it was, as conversations tell it.
    private struct TokenEntry: Encodable {
        struct Candidate: Encodable {
            let token: String
            let logprob: Double
            let bytes: [UInt8]
        }
        let token: String
        let logprob: Double
        let bytes: [UInt8]
        let top_logprobs: [Candidate]
    }

    /// The same for several tokens, as continued texts tell it.
    private struct TokenLists: Encodable {
        var tokens: [String] = []
        var token_logprobs: [Double] = []
        var top_logprobs: [[String: Double]] = []
        var text_offset: [Int] = []
    }

    private struct Usage: Encodable {
        let prompt_tokens: Int
        let completion_tokens: Int
        let total_tokens: Int

        init(_ prompt: Int, _ made: Int) {
            (prompt_tokens, completion_tokens, total_tokens) = (prompt, made, prompt + made)
        }
    }

    private struct Choice: Encodable {
        struct Message: Encodable {
            var role: String?
            var content: String?
        }
        struct Probabilities: Encodable {
            let content: [TokenEntry]
        }
        let index: Int
        var message: Message?
        var delta: Message?
        var text: String?
        var chatProbabilities: Probabilities?
        var textProbabilities: TokenLists?
        var finish_reason: String?

        private enum CodingKeys: CodingKey { case index, message, delta, text, logprobs, finish_reason }

        /// What has no value yet is null, and not left out, where clients look for it.
        func encode(to encoder: any Encoder) throws {
            var container = encoder.container(keyedBy: CodingKeys.self)
            try container.encode(index, forKey: .index)
            try container.encodeIfPresent(message, forKey: .message)
            try container.encodeIfPresent(delta, forKey: .delta)
            try container.encodeIfPresent(text, forKey: .text)
            if let textProbabilities {
                try container.encode(textProbabilities, forKey: .logprobs)
            } else {
                try container.encode(chatProbabilities, forKey: .logprobs)
            }
            try container.encode(finish_reason, forKey: .finish_reason)
        }
    }

    private struct Answer: Encodable {
        let id: String
        let object: String
        let created: Int
        let model: String
        var choices: [Choice]
        var usage: Usage?
    }

    // MARK: Routes

    /// `/v1/chat/completions`
    func chat(_ asked: Asked) async throws -> Response {
        let request = try readOpenAI(GenerationRequest.self, asked)
        guard let messages = request.messages, !messages.isEmpty else {
            throw RequestFailure(
                .validation, "messages: missing or empty", parameter: "messages", status: .badRequest)
        }
        let served = try models.model(named: request.model, [.generates])
        let text = try served.model.text(
            of: messages.map {
                Model.Message(role: $0.role == "developer" ? "system" : $0.role, content: $0.content)
            })
        var alternatives: Int?
        switch request.logProbabilities {
        case .whether(true): alternatives = request.topLogProbabilities ?? 0
        case .count(let count):
            throw RequestFailure.invalid("logprobs", found: count, allowed: "true or false")
        default: break
        }
        return try await answer(
            request, Form.chat, served, prompts: [served.model.tokens(ofConversation: text)],
            alternatives, asked)
    }

    /// `/v1/completions`
    func complete(_ asked: Asked) async throws -> Response {
        let request = try readOpenAI(GenerationRequest.self, asked)
        let served = try models.model(named: request.model, [.generates])
        let prompts: [[Int32]]
        switch request.prompt {
        case .texts(let texts): prompts = texts.map(served.model.tokens(of:))
        case .tokens(let ids): prompts = ids
        case nil:
            throw RequestFailure(.validation, "prompt: missing", parameter: "prompt", status: .badRequest)
        }
        try requireSize(prompts.count, "prompt")
        var alternatives: Int?
        switch request.logProbabilities {
        case .count(let count):
            guard (0...5).contains(count) else {
                throw RequestFailure.invalid("logprobs", found: count, allowed: "0 to 5")
            }
            alternatives = count
        case .whether(true): throw RequestFailure.invalid("logprobs", found: true, allowed: "0 to 5")
        default: break
        }
        return try await answer(request, Form.text, served, prompts: prompts, alternatives, asked)
    }

    /// The two forms of answers.
    private enum Form: Sendable {
        case chat, text

        var object: String { self == .chat ? "chat.completion" : "text_completion" }
        var prefix: String { self == .chat ? "chatcmpl" : "cmpl" }
        /// Of a part of a streamed answer.
        var partObject: String { self == .chat ? "chat.completion.chunk" : "text_completion" }
    }

    private func answer(
        _ request: GenerationRequest, _ form: Form, _ served: ServedModel, prompts: [[Int32]],
        _ alternatives: Int?, _ asked: Asked
    ) async throws -> Response {
        guard let queue = served.texts else {
            throw RequestFailure(.backend, "model '\(served.name)' does not generate")
        }
        for prompt in prompts { try require(prompt, form, served, queue) }
        let writers = prompts.enumerated().map { index, prompt in
            // OpenAI's own default for what is no conversation.
            let usual = form == .chat ? queue.capacity - prompt.count : 16
            return Writer(
                index: index, form: form, model: served.model, queue: queue,
                request: TextBatch.Request(
                    prompt: prompt, sampler: request.sampler(of: index),
                    maximumTokens: request.maximumTokens ?? usual, alternatives: alternatives),
                stops: request.stops)
        }
        let id = "\(form.prefix)-\(UUID().uuidString.lowercased())"
        let head = Answer(
            id: id, object: request.stream ? form.partObject : form.object,
            created: Int(Date().timeIntervalSince1970), model: served.name, choices: [])
        let prompted = prompts.reduce(0) { $0 + $1.count }
        return request.stream
            ? Self.stream(writers, head, prompted, includesUsage: request.includesUsage, asked)
            : try await Self.whole(writers, head, prompted, asked)
    }

    private func require(
        _ prompt: [Int32], _ form: Form, _ served: ServedModel, _ queue: GenerationQueue
    ) throws {
        guard !prompt.isEmpty else { throw RequestFailure(.empty, "the prompt has no tokens") }
        guard prompt.count < queue.capacity else {
            var failure = RequestFailure(
                .validation,
                "the prompt has \(prompt.count) tokens; allowed are fewer than \(queue.capacity) (--context-tokens)",
                parameter: form == .chat ? "messages" : "prompt", status: .badRequest)
            failure.code = "context_length_exceeded"
            throw failure
        }
        if let id = prompt.first(where: { !served.model.holds(token: $0) }) {
            throw RequestFailure.invalid("prompt", found: "token id \(id)", allowed: "ids of the model's")
        }
    }

    /// One answer at the end. A client that disconnects frees its place.
    private static func whole(
        _ writers: [Writer], _ head: Answer, _ prompted: Int, _ asked: Asked
    ) async throws -> Response {
        let choices = try await asked.request.body.consumeWithCancellationOnInboundClose { _ in
            try await withThrowingTaskGroup(of: (Choice, Int).self) { group in
                for writer in writers {
                    group.addTask {
                        var whole = Choice(index: writer.index)
                        var (text, entries, made) = ("", [TokenEntry](), 0)
                        for await piece in writer.pieces() {
                            text += piece.text
                            entries += piece.entries
                            made += piece.tokens
                            whole.finish_reason = piece.ending ?? whole.finish_reason
                        }
                        try Task.checkCancellation()
                        writer.fill(&whole, text, entries, offset: 0)
                        return (whole, made)
                    }
                }
                return try await group.reduce(into: [(Choice, Int)]()) { $0.append($1) }
            }
        }
        var answer = head
        answer.choices = choices.map(\.0).sorted { $0.index < $1.index }
        answer.usage = Usage(prompted, choices.reduce(0) { $0 + $1.1 })
        var response = JSONText.response(try JSONText.encode(answer))
        // Watching for the client's end takes what would come after the request.
        response.headers[.connection] = "close"
        return response
    }

    /// Parts as they are made, as server-sent events, of several texts as they come.
    private static func stream(
        _ writers: [Writer], _ head: Answer, _ prompted: Int, includesUsage: Bool, _ asked: Asked
    ) -> Response {
        let request = asked.request.body
        let body = ResponseBody { output in
            @Sendable func event(_ answer: Answer) throws -> ByteBuffer {
                var buffer = ByteBuffer(string: "data: ")
                buffer.writeImmutableBuffer(try JSONText.encode(answer))
                buffer.writeString("\n\n")
                return buffer
            }
            // A client that disconnects frees its places, also where its texts still wait.
            try await request.consumeWithCancellationOnInboundClose { _ in
                for writer in writers where writer.form == .chat {
                    var first = head
                    first.choices = [
                        Choice(index: writer.index, delta: .init(role: "assistant", content: ""))
                    ]
                    try await output.write(try event(first))
                }
                var (made, offsets) = (0, writers.map { _ in 0 })
                for await (writer, piece) in pieces(of: writers) {
                    made += piece.tokens
                    guard !piece.text.isEmpty || piece.ending != nil || !piece.entries.isEmpty else {
                        continue
                    }
                    var choice = Choice(index: writer.index)
                    writer.fill(
                        &choice, piece.text, piece.entries, offset: offsets[writer.index], isPart: true)
                    offsets[writer.index] += piece.text.count
                    choice.finish_reason = piece.ending
                    var part = head
                    part.choices = [choice]
                    try await output.write(try event(part))
                }
                try Task.checkCancellation()
                if includesUsage {
                    var last = head
                    last.usage = Usage(prompted, made)
                    try await output.write(try event(last))
                }
                try await output.write(ByteBuffer(string: "data: [DONE]\n\n"))
                try await output.finish(nil)
            }
        }
        // Watching for the client's end takes what would come after the request.
        return Response(
            status: .ok,
            headers: [.contentType: "text/event-stream", .cacheControl: "no-cache", .connection: "close"],
            body: body)
    }

    /// The pieces of several texts, as they come.
    private static func pieces(of writers: [Writer]) -> AsyncStream<(Writer, Piece)> {
        AsyncStream { continuation in
            let task = Task {
                await withTaskGroup(of: Void.self) { group in
                    for writer in writers {
                        group.addTask {
                            for await piece in writer.pieces() { continuation.yield((writer, piece)) }
                        }
                    }
                }
                continuation.finish()
            }
            continuation.onTermination = { _ in task.cancel() }
        }
    }

    // MARK: Pieces of text

    /// What a token added to a text.
    private struct Piece: Sendable {
        var text: String
        var entries: [TokenEntry] = []
        var tokens = 0
        var ending: String?
    }

    /// Makes a text piece by piece.
    private struct Writer: Sendable {
        let index: Int
        let form: Form
        let model: Model
        let queue: GenerationQueue
        let request: TextBatch.Request
        let stops: [String]

        /// The pieces; who reads no more of them ends the work.
        func pieces() -> AsyncStream<Piece> {
            let events = queue.generate(request)
            return AsyncStream { continuation in
                let task = Task {
                    var written = WrittenText(stops: stops)
                    for await event in events {
                        var piece = Piece(text: "")
                        if let token = event.token {
                            let bytes = (try? model.bytes(of: token)) ?? []
                            piece = Piece(
                                text: written.take(bytes), entries: entries(of: event, bytes), tokens: 1)
                        }
                        if written.isStopped {
                            piece.ending = "stop"
                        } else if let ending = event.ending {
                            piece.text += written.finish()
                            piece.ending = ending == .complete || written.isStopped ? "stop" : "length"
                        }
                        continuation.yield(piece)
                        if piece.ending != nil { break }
                    }
                    continuation.finish()
                }
                continuation.onTermination = { _ in task.cancel() }
            }
        }

        private func entries(of event: TextBatch.Event, _ bytes: [UInt8]) -> [TokenEntry] {
            guard let probabilities = event.probabilities else { return [] }
            let likeliest = probabilities.likeliest.map { candidate in
                let bytes = (try? model.bytes(of: candidate.id)) ?? []
                return TokenEntry.Candidate(
                    token: String(decoding: bytes, as: UTF8.self), logprob: candidate.logProbability,
                    bytes: bytes)
            }
            return [
                TokenEntry(
                    token: String(decoding: bytes, as: UTF8.self), logprob: probabilities.logProbability,
                    bytes: bytes, top_logprobs: likeliest)
            ]
        }

        /// Puts text and probabilities where the form has them.
        ///
        /// - Parameter offset: characters of the text before.
        func fill(
            _ choice: inout Choice, _ text: String, _ entries: [TokenEntry], offset: Int, isPart: Bool = false
        ) {
            let areAsked = request.alternatives != nil
            switch form {
            case .chat:
                if isPart {
                    choice.delta = .init(content: text.isEmpty && entries.isEmpty ? nil : text)
                } else {
                    choice.message = .init(role: "assistant", content: text)
                }
                choice.chatProbabilities = areAsked ? .init(content: entries) : nil
            case .text:
                choice.text = text
                guard areAsked else { return }
                var (lists, place) = (TokenLists(), offset)
                for entry in entries {
                    lists.tokens.append(entry.token)
                    lists.token_logprobs.append(entry.logprob)
                    lists.top_logprobs.append(
                        Dictionary(entry.top_logprobs.map { ($0.token, $0.logprob) }) { first, _ in first })
                    lists.text_offset.append(place)
                    place += entry.token.count
                }
                choice.textProbabilities = lists
            }
        }
    }
}
