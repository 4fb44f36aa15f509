import Foundation
import Tensors
import Transformers

/// Several texts being continued at once, one token each at a time; texts join and leave between any two tokens
/// (continuous batching; Yu et al., "Orca", 2022, section 4.1).
///
/// Weights are fetched once for all texts, where layers compute single tokens from 8-bit activations. Prompts are
/// computed a part at a time, so that a long one holds up the others for one part only. What a text gets depends on
/// its request alone: not on the others, nor on what was computed before.
///
/// Of texts that have left, the computed prompts are kept until their place is needed: a conversation that continues
/// computes what is new of it, and the last answer.
public final class TextBatch {
    /// What is asked for.
    public struct Request: Sendable {
        /// The tokens to continue, one or more.
        public let prompt: [Int32]
        /// How tokens are chosen.
        public let sampler: Sampler
        /// The most tokens to make.
        public let maximumTokens: Int
        /// With how many of the likeliest tokens' log probabilities each token comes; nil for no log probability at
        /// all.
        public let alternatives: Int?

        /// Puts a request together.
        public init(prompt: [Int32], sampler: Sampler, maximumTokens: Int, alternatives: Int? = nil) {
            (self.prompt, self.sampler) = (prompt, sampler)
            (self.maximumTokens, self.alternatives) = (maximumTokens, alternatives)
        }
    }

    /// A text of the batch.
    public struct ID: Hashable, Sendable {
        fileprivate let number: Int
    }

    /// What a step brought to a text.
    public struct Event: Sendable {
        /// Why a text has ended.
        public enum Ending: Sendable {
            /// The model said so.
            case complete
            /// It has as many tokens as were asked for.
            case length
        }

        public let text: ID
        /// The token that was made; nil where the text ended without.
        public let token: Int32?
        /// Its log probability, and the likeliest tokens with theirs; nil where nobody asked.
        public let probabilities: TokenProbabilities?
        /// Whether the text has ended; it has left the batch then.
        public let ending: Ending?
    }

    /// Tokens of a prompt that are computed between two tokens of the other texts.
    private static let partTokens = 128

    private final class Text {
        let id: ID
        let request: Request
        var sampler: Sampler
        let state: DecoderState
        /// Tokens of the prompt that are computed.
        var computed: Int
        /// The token to come next into the state; nil while the prompt is computed.
        var last: Int32?
        var made = 0

        init(_ id: ID, _ request: Request, _ state: DecoderState, computed: Int) {
            (self.id, self.request, self.state, self.computed) = (id, request, state, computed)
            sampler = request.sampler
            state.position = computed
        }
    }

    private let model: Decoder
    private let endIDs: Set<Int32>
    private let pool: ThreadPool
    private let places: Int
    private var texts: [Text] = []
    /// States that no text uses, with the prompt that each holds; the one freed last at the end.
    private var free: [(state: DecoderState, prompt: [Int32])] = []
    private var count = 0

    /// The most tokens of a text, its prompt included.
    public let capacity: Int

    /// Prepares for some texts at a time; memory for each is taken when it is first needed.
    ///
    /// - Parameters:
    ///   - endIDs: tokens after which a text is complete; they are not given out.
    ///   - places: the most texts at a time.
    ///   - capacity: the most tokens of a text, its prompt included.
    public init(model: Decoder, endIDs: Set<Int32>, places: Int, capacity: Int, pool: ThreadPool) {
        precondition(places >= 1 && capacity >= 2)
        (self.model, self.endIDs, self.pool) = (model, endIDs, pool)
        (self.places, self.capacity) = (places, capacity)
    }

    /// Whether another text can join.
    public var hasRoom: Bool { texts.count < places }
    /// Whether there is no text.
    public var isEmpty: Bool { texts.isEmpty }
    /// Tokens of prompts that were there already and not computed again, since the start.
    public private(set) var reusedTokens = 0

    /// Lets a text join, which takes effect with the next step.
    ///
    /// The batch must have room; a prompt has one token or more, and leaves room for another.
    public func add(_ request: Request) -> ID {
        precondition(hasRoom && !request.prompt.isEmpty && request.prompt.count < capacity)
        count += 1
        let id = ID(number: count)
        let (state, shared) = place(for: request.prompt)
        reusedTokens += shared
        texts.append(Text(id, request, state, computed: shared))
        return id
    }

    /// Lets a text leave before its end.
    public func remove(_ id: ID) {
        guard let index = texts.firstIndex(where: { $0.id == id }) else { return }
        release(texts.remove(at: index))
    }

    /// A state, and how many tokens at the start of a prompt it holds already.
    private func place(for prompt: [Int32]) -> (DecoderState, shared: Int) {
        // One token alone would be computed in another way than as a part of a prompt.
        let most = prompt.count - 2
        let shared = free.map { kept in
            max(0, min(most, zip(kept.prompt, prompt).prefix { $0 == $1 }.count))
        }
        // A conversation shares most of what is kept of it; others share how every prompt begins, and leave it.
        if let longest = shared.indices.max(by: { shared[$0] < shared[$1] }),
            shared[longest] > 0, 2 * shared[longest] >= free[longest].prompt.count
        {
            return (free.remove(at: longest).state, shared[longest])
        }
        if texts.count + free.count < places {
            return (
                model.state(capacity: capacity, passTokens: Self.partTokens, threads: pool.threads), 0
            )
        }
        // The one that was left first makes room.
        return (free.removeFirst().state, max(0, shared[0]))
    }

    private func release(_ text: Text) {
        let prompt = text.request.prompt
        // One token alone was computed in another way than as a part of a prompt.
        free.append((text.state, prompt.count == 1 ? [] : Array(prompt.prefix(text.computed))))
    }

    /// Computes a part of a prompt, the oldest first, and a token of each text whose prompt is complete.
    public func step() -> [Event] {
        var events: [Event] = []
        if let text = texts.first(where: { $0.last == nil }) { events += continuePrompt(of: text) }
        let writing = texts.filter { $0.last != nil }
        if !writing.isEmpty {
            model.forward(each: writing.compactMap(\.last), writing.map(\.state), pool: pool)
            let logits = model.nextTokenLogits(each: writing.map(\.state), pool: pool)
            events += zip(writing, logits).map { event(of: $0, $1) }
        }
        for event in events where event.ending != nil { remove(event.text) }
        return events
    }

    private func continuePrompt(of text: Text) -> [Event] {
        let prompt = text.request.prompt
        let rest = prompt.count - text.computed
        // No part is of one token alone, as that would be computed in another way.
        let part = rest == Self.partTokens + 1 ? Self.partTokens - 1 : min(rest, Self.partTokens)
        model.forward(prompt[text.computed..<text.computed + part], text.state, pool: pool)
        text.computed += part
        guard text.computed == prompt.count else { return [] }
        return [event(of: text, model.nextTokenLogits(text.state, pool: pool))]
    }

    private func event(of text: Text, _ logits: [Float]) -> Event {
        let id = text.sampler.choose(logits)
        if endIDs.contains(id) {
            return Event(text: text.id, token: nil, probabilities: nil, ending: .complete)
        }
        text.last = id
        text.made += 1
        let probabilities = text.request.alternatives.map {
            TokenProbabilities(of: id, logits: logits, alternatives: $0)
        }
        let room = min(text.request.maximumTokens, capacity - text.request.prompt.count)
        return Event(
            text: text.id, token: id, probabilities: probabilities,
            ending: text.made == room ? .length : nil)
    }
}

/// How likely a token was, and which were likeliest.
public struct TokenProbabilities: Sendable, Equatable {
    /// A token with its log probability, in nats.
    public struct Candidate: Sendable, Equatable {
        public let id: Int32
        public let logProbability: Double
    }

    /// The log probability of the token that was chosen, in nats.
    public let logProbability: Double
    /// The likeliest tokens, the likeliest first.
    public let likeliest: [Candidate]

    /// log softmax of the logits at a token, and at the likeliest ones.
    init(of id: Int32, logits: [Float], alternatives: Int) {
        let top = Double(logits.max() ?? 0)
        let total = top + log(logits.reduce(0.0) { $0 + exp(Double($1) - top) })
        logProbability = Double(logits[Int(id)]) - total
        var best: [Int] = []
        for index in logits.indices where alternatives > 0 {
            if best.count == alternatives, logits[index] <= logits[best[best.count - 1]] { continue }
            best.insert(index, at: best.firstIndex { logits[$0] < logits[index] } ?? best.count)
            if best.count > alternatives { best.removeLast() }
        }
        likeliest = best.map { Candidate(id: Int32($0), logProbability: Double(logits[$0]) - total) }
    }
}
