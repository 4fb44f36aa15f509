import Evaluation
import Levels
import Models
import Tensors
import Tokenizers
import Transformers

extension Model {
    /// What a model is for.
    public enum Ability: String, Sendable {
        /// It embeds texts.
        case embeds
        /// It classifies texts, or ranks them.
        case classifies
        /// It generates text.
        case generates
    }

    /// What the model is for.
    public var ability: Ability {
        switch kind {
        case .encoder: .embeds
        case .classifier: .classifies
        case .decoder: .generates
        }
    }

    /// What an encoder or a classifier is given for a text, or a pair of texts: token ids, special ones included.
    package struct Sequence: Sendable {
        /// The ids.
        package var ids: [Int32]
        /// How many are of the first text, with its special ones.
        package var firstCount: Int

        package init(ids: [Int32], firstCount: Int) {
            (self.ids, self.firstCount) = (ids, firstCount)
        }
    }

    /// The whole token ids of a text, which may be more than the model takes.
    ///
    /// - Parameter prompt: the name of what goes before the text. Default: the folder's own.
    /// - Throws: `Issue` for a language model, or a prompt that the folder does not have.
    package func sequence(of text: String, prompt: String? = nil) throws -> Sequence {
        let sentences = try prompt.map(wordModel().sentences.prompting) ?? wordModel().sentences
        // What classifiers are given has no prompt, as in training.
        let before = ability == .embeds ? sentences.prompt : ""
        let ids = sentences.words.encode(before + text)
        return Sequence(ids: ids, firstCount: ids.count)
    }

    /// Special tokens that the model expects before a text and after it.
    package var specialCounts: (before: Int, after: Int) {
        switch kind {
        case .encoder(let model): model.tokenizer.specialCounts
        case .classifier(let model): model.base.tokenizer.specialCounts
        case .decoder(let model): model.tokenizer.specialCounts
        }
    }

    /// A text that becomes the first or the second of pairs.
    package typealias Half = Tokenizer.Half

    /// The tokens of such a text.
    package func half(of text: String) throws -> Half {
        try wordModel().sentences.words.half(of: text)
    }

    /// The tokens of a pair, cut to what the model takes, and how many they would be.
    package func sequence(of first: Half, _ second: Half) throws -> (sequence: Sequence, wholeCount: Int) {
        let encoding = try wordModel().sentences.words.encode(
            pair: first, second, maximumTokens: maximumTokens)
        return (
            Sequence(ids: encoding.ids, firstCount: encoding.firstCount),
            try wordModel().sentences.words.pairCount(first, second)
        )
    }

    /// What an embedding's length is.
    package enum Length: Hashable, Sendable {
        /// As the folder's modules say.
        case own
        /// 1
        case one
        /// As before the folder's modules make it 1.
        case raw
    }

    /// The embeddings [sequences × features] of sequences that the model takes.
    ///
    /// - Parameter prompt: the name of the prompt in them. Default: the folder's own.
    package func embeddings(
        of sequences: [Sequence], prompt: String? = nil, length: Length = .own
    ) throws -> Matrix {
        guard case .encoder(var model) = kind else { throw lacks("embed", "an encoder") }
        if let prompt { model = try model.prompting(prompt) }
        var encoder = model.encoder
        switch length {
        case .own: break
        case .one: encoder.sentences = encoder.sentences.ofLengthOne
        case .raw: encoder.sentences = encoder.sentences.ofOwnLength
        }
        return encoder.embed(sequences.map(\.ids), pool: pool)
    }

    /// The hidden states of every token [tokens × hidden] of sequences that the model takes.
    package func tokenEmbeddings(of sequences: [Sequence]) throws -> [Matrix] {
        guard case .encoder(let model) = kind else { throw lacks("embed", "an encoder") }
        return model.encoder.hiddenStates(of: sequences.map(\.ids), pool: pool)
    }

    /// The logits [sequences × classes] of sequences that the model takes.
    package func logits(of sequences: [Sequence]) throws -> Matrix {
        try classifier().classifier.logits(
            of: sequences.map(\.ids), firsts: sequences.map(\.firstCount), pool: pool)
    }

    /// What the classes are called, in their order; nil for a model that does not classify.
    public var labels: [String]? {
        guard case .classifier(let model) = kind else { return nil }
        return model.labels
    }

    /// Whether a text is of one class only, so that probabilities are shared among the classes; false for a single one,
    /// and for a model that does not classify.
    public var labelsAreExclusive: Bool {
        guard case .classifier(let model) = kind else { return false }
        return model.classifier.classes > 1 && !model.isMultiLabel
    }

    /// Whether a token id is one of the model's.
    package func holds(token id: Int32) -> Bool {
        let count =
            switch kind {
            case .encoder(let model): model.encoder.dimensions.vocabulary
            case .classifier(let model): model.base.encoder.dimensions.vocabulary
            case .decoder(let model): model.network.configuration.vocabulary
            }
        return (0..<count).contains(Int(id))
    }

    /// The tokens that ids stand for, as their vocabulary spells them.
    package func texts(of ids: [Int32]) -> [String] {
        switch kind {
        case .encoder(let model): model.tokenizer.tokens(for: ids)
        case .classifier(let model): model.base.tokenizer.tokens(for: ids)
        case .decoder(let model): ids.map { String(decoding: model.tokenizer.bytes(of: $0), as: UTF8.self) }
        }
    }

    /// The bytes that a language model's token stands for; characters may be cut between tokens.
    package func bytes(of token: Int32) throws -> [UInt8] {
        try decoder().tokenizer.bytes(of: token)
    }

    /// Several texts being continued at once.
    ///
    /// - Parameters:
    ///   - places: the most texts at a time.
    ///   - capacity: the most tokens of a text, its prompt included.
    /// - Throws: `Issue` for a model that does not generate.
    package func textBatch(places: Int, capacity: Int) throws -> TextBatch {
        let model = try decoder()
        return TextBatch(
            model: model.network, endIDs: model.tokenizer.endIDs, places: places, capacity: capacity,
            pool: pool)
    }

    /// The encoder of a model that embeds or classifies.
    private func wordModel() throws -> EncoderModel {
        switch kind {
        case .encoder(let model): model
        case .classifier(let model): model.base
        case .decoder: throw lacks("take whole texts", "an encoder or a classifier")
        }
    }
}
