import Evaluation
import Foundation
import Levels
import Models
import SparseKernels
import Tensors
import Transformers

/// A model that is ready to run: an encoder, a classifier or a language model, dense or pruned.
///
///     let model = try Model("checkpoints/minilm-half/model")
///     let vectors = try model.embed(["A cat sits.", "A dog runs."])   // [2][384]
///
///     let writer = try Model("models/smollm2")
///     for try await piece in try writer.generate("What is a tree?") { print(piece, terminator: "") }
///
/// Layers are packed by the pattern of their zeros, so that a pruned model runs on the kernels that it was
/// searched with. Calls from several threads take turns.
public struct Model: Sendable {
    private enum Kind: Sendable {
        case encoder(EncoderModel)
        case classifier(ClassifierModel)
        case decoder(DecoderModel)
    }

    /// The folder or the file.
    public let path: String
    private let kind: Kind
    private let pool: ThreadPool

    /// Loads a Hugging Face folder, a GGUF file, or the pruned model of a run folder.
    ///
    /// - Parameters:
    ///   - path: the folder or the file.
    ///   - precision: how products are computed; int8 makes single tokens of language models faster.
    ///   - threads: threads to compute on. Default: as many as the program may use.
    /// - Throws: `Issue` for a number of threads out of range; errors that name the file and what is wrong
    ///   with it.
    public init(_ path: String, precision: Precision = .float32, threads: Int = Runtime.usableProcessors)
        throws
    {
        guard (1...256).contains(threads) else {
            throw Issue(.outOfRange, .option("threads"), found: "\(threads)", allowed: "1 to 256")
        }
        self.path = ModelLocation.folder(path)
        pool = try ThreadPool(threads: threads)
        if DecoderModel.isAt(self.path) {
            kind = .decoder(try DecoderModel(path: self.path, precision: precision))
        } else if ClassifierModel.isAt(self.path) {
            kind = .classifier(try ClassifierModel(folder: self.path, precision: precision))
        } else {
            kind = .encoder(try EncoderModel(folder: self.path, precision: precision))
        }
    }

    /// What the architecture is called.
    public var architecture: String { loaded.architecture }
    /// The longest input, in tokens.
    public var maximumTokens: Int { loaded.maximumTokens }
    /// Bytes of the weights as they are held in memory, packed.
    public var sizeBytes: Int { loaded.sizeBytes }

    private var loaded: any LoadedModel {
        switch kind {
        case .encoder(let model): model
        case .classifier(let model): model
        case .decoder(let model): model
        }
    }

    /// Embeds sentences: [sentences][features], as the modules of the folder say.
    ///
    /// - Throws: `Issue` for a model that does not embed.
    public func embed(_ sentences: [String]) throws -> [[Float]] {
        guard case .encoder(let model) = kind else { throw lacks("embed", "an encoder") }
        let embeddings = model.encoder.embed(model.sentences.encode(sentences), pool: pool)
        return (0..<embeddings.rows).map { Array(embeddings.row($0)) }
    }

    /// The logits of sentences: [sentences][classes].
    ///
    /// - Throws: `Issue` for a model that does not classify.
    public func logits(of sentences: [String]) throws -> [[Float]] {
        guard case .classifier(let model) = kind else { throw lacks("classify", "a classifier") }
        let sequences = model.base.sentences.words.encode(sentences, maximumTokens: model.maximumTokens)
        let logits = model.classifier.logits(of: sequences, pool: pool)
        return (0..<logits.rows).map { Array(logits.row($0)) }
    }

    /// The class with the highest logit of each sentence, from 0.
    ///
    /// - Throws: `Issue` for a model that does not classify.
    public func classify(_ sentences: [String]) throws -> [Int] {
        try logits(of: sentences).map { logits in
            logits.indices.max { logits[$0] < logits[$1] } ?? 0
        }
    }

    /// The logits of the token that follows a text, one for each of the vocabulary.
    ///
    /// - Throws: `Issue` for a model that does not generate, or a text of no or too many tokens.
    public func nextTokenLogits(after text: String) throws -> [Float] {
        guard case .decoder(let model) = kind else { throw lacks("generate", "a language model") }
        let ids = try tokens(of: text, model)
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
    }

    /// Continues a text; pieces of text come as they are made, and the work ends with the loop that reads
    /// them.
    ///
    /// - Throws: `Issue` for a model that does not generate, or a text of no or too many tokens.
    public func generate(
        _ text: String, _ settings: Generation = Generation()
    ) throws -> AsyncThrowingStream<String, any Error> {
        guard case .decoder(let model) = kind else { throw lacks("generate", "a language model") }
        let ids = try tokens(of: settings.isChat ? model.conversation(asking: text) : text, model)
        let pool = pool
        return Work.stream { emit, isStopped in
            var generation = TextGeneration(
                model: model.network, prompt: ids,
                sampler: Sampler(
                    temperature: settings.temperature, topP: settings.topP, seed: settings.seed),
                endIDs: model.tokenizer.endIDs,
                maximumTokens: min(settings.maximumTokens, model.maximumTokens - ids.count), pool: pool)
            // A character may be made of several tokens.
            var rest: [UInt8] = []
            while !isStopped(), let id = generation.next() {
                rest += model.tokenizer.bytes(of: id)
                if let piece = String(validating: rest, as: UTF8.self) {
                    emit(piece)
                    rest = []
                }
            }
            if !rest.isEmpty { emit(String(decoding: rest, as: UTF8.self)) }
        }
    }

    private func tokens(of text: String, _ model: DecoderModel) throws -> [Int32] {
        let ids = model.tokenizer.encode(text)
        guard (1..<model.maximumTokens).contains(ids.count) else {
            throw Issue(
                .outOfRange, .option("prompt"), found: "\(ids.count) tokens",
                allowed: "1 to \(model.maximumTokens - 1)")
        }
        return ids
    }

    private func lacks(_ ability: String, _ allowed: String) -> Issue {
        Issue(
            .unsupported, .path(path), found: "a model that does not \(ability)", allowed: allowed)
    }
}
