import Evaluation
import Levels
import Models

extension Model {
    /// The logits of the token that follows a text, one for each of the vocabulary.
    ///
    /// - Throws: `Issue` for a model that does not generate, or a text of no or too many tokens.
    public func nextTokenLogits(after text: String) throws -> [Float] {
        let model = try decoder()
        let ids = try prompt(text, model)
        let state = model.network.state(capacity: ids.count, threads: pool.threads)
        model.network.forward(ids, state, pool: pool)
        return model.network.nextTokenLogits(state, pool: pool)
    }

    /// How a text is continued.
    public struct Generation: Sendable {
        /// The most tokens to make.
        public var maximumTokens = 128
        /// Logits are divided by it; 0 takes the likeliest token.
        public var temperature = 0.0
        /// Only the likeliest tokens that together have this probability are chosen among.
        public var topP = 1.0
        /// Fixes what is random.
        public var seed: UInt64 = 1
        /// Whether the text is what a person says, to be put into the model's own form of a conversation.
        public var isChat = false

        public init() {}

        /// Refuses settings that no text can be made by.
        /// - Throws: `Issue` for the first of them.
        public func require() throws {
            func refuse(_ option: String, _ found: some CustomStringConvertible, _ allowed: String) -> Issue {
                Issue(.outOfRange, .option(option), found: "\(found)", allowed: allowed)
            }
            guard maximumTokens >= 1 else { throw refuse("maximumTokens", maximumTokens, "1 or more") }
            guard temperature >= 0, temperature.isFinite else {
                throw refuse("temperature", temperature, "0 or more")
            }
            guard topP > 0, topP <= 1 else { throw refuse("topP", topP, "more than 0 and at most 1") }
        }
    }

    /// What one party of a conversation says.
    public struct Message: Sendable, Equatable {
        /// `system`, `user` or `assistant`.
        public let role: String
        /// The text.
        public let content: String

        /// Puts a message together.
        public init(role: String, content: String) {
            (self.role, self.content) = (role, content)
        }
    }

    /// A conversation in the model's own form, up to where its answer starts.
    ///
    /// - Throws: `Issue` for a model that does not generate, that has no form for conversations, or one that cannot be
    ///   followed.
    public func text(of conversation: [Message]) throws -> String {
        try decoder().conversation(conversation.map { .init(role: $0.role, content: $0.content) })
    }

    /// Continues a text; pieces of text come as they are made, and the work ends with the loop that reads
    /// them.
    ///
    /// - Throws: `Issue` for a model that does not generate, a text of no or too many tokens, or settings out of
    ///   range.
    public func generate(
        _ text: String, _ settings: Generation = Generation()
    ) throws -> AsyncThrowingStream<String, any Error> {
        let continuation = try continuation(of: text, settings)
        return Work.stream { emit, isStopped in
            continuation { piece in
                emit(piece)
                return !isStopped()
            }
        }
    }

    /// Continues a text on the calling thread.
    ///
    /// - Parameter take: is given each piece of text as it is made, and returns whether there shall be more.
    /// - Throws: as ``generate(_:_:)``.
    package func generate(
        _ text: String, _ settings: Generation, take: (_ piece: String) -> Bool
    ) throws {
        try continuation(of: text, settings)(take)
    }

    /// What makes the text, one piece after another, until it is complete or nobody takes more of it.
    private func continuation(
        of text: String, _ settings: Generation
    ) throws -> @Sendable (_ take: (String) -> Bool) -> Void {
        let model = try decoder()
        try settings.require()
        let ids = try prompt(
            settings.isChat ? model.conversation(asking: text) : text, model, isChat: settings.isChat)
        return { [pool] take in
            var generation = TextGeneration(
                model: model.network, prompt: ids,
                sampler: Sampler(
                    temperature: settings.temperature, topP: settings.topP, seed: settings.seed),
                endIDs: model.tokenizer.endIDs,
                maximumTokens: min(settings.maximumTokens, model.maximumTokens - ids.count), pool: pool)
            // A character may be made of several tokens.
            var rest: [UInt8] = []
            while let id = generation.next() {
                rest += model.tokenizer.bytes(of: id)
                guard let piece = String(validating: rest, as: UTF8.self) else { continue }
                rest = []
                guard take(piece) else { return }
            }
            if !rest.isEmpty { _ = take(String(decoding: rest, as: UTF8.self)) }
        }
    }

    func decoder() throws -> DecoderModel {
        guard case .decoder(let model) = kind else { throw lacks("generate", "a language model") }
        return model
    }

    /// What a chat template makes has the special tokens in it.
    private func prompt(_ text: String, _ model: DecoderModel, isChat: Bool = false) throws -> [Int32] {
        let ids = model.tokenizer.encode(text, addingSpecialTokens: !isChat)
        guard (1..<model.maximumTokens).contains(ids.count) else {
            throw Issue(
                .outOfRange, .option("prompt"), found: "\(ids.count) tokens",
                allowed: "1 to \(model.maximumTokens - 1)")
        }
        return ids
    }
}
