import Levels
import Models
import Tensors

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
    /// The model, loaded as what it is.
    enum Kind: Sendable {
        case encoder(EncoderModel)
        case classifier(ClassifierModel)
        case decoder(DecoderModel)
    }

    /// The folder or the file.
    public let path: String
    let kind: Kind
    let pool: ThreadPool

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
        try self.init(path, precision: precision, pool: Runtime.pool(threads: threads))
    }

    /// Loads a model that computes on threads which it may share with others: their calls take turns.
    package init(_ path: String, precision: Precision, pool: ThreadPool) throws {
        self.pool = pool
        self.path = ModelLocation.folder(path)
        if DecoderModel.isAt(self.path) {
            kind = .decoder(try DecoderModel(path: self.path, precision: precision))
        } else if ClassifierModel.isAt(self.path) {
            kind = .classifier(try ClassifierModel(folder: self.path, precision: precision))
        } else {
            kind = .encoder(try EncoderModel(folder: self.path, precision: precision))
        }
    }

    /// The same model on other threads.
    package func computing(on pool: ThreadPool) -> Model {
        Model(path: path, kind: kind, pool: pool)
    }

    private init(path: String, kind: Kind, pool: ThreadPool) {
        (self.path, self.kind, self.pool) = (path, kind, pool)
    }

    /// What the architecture is called.
    public var architecture: String { loaded.architecture }
    /// The longest input, in tokens.
    public var maximumTokens: Int { loaded.maximumTokens }
    /// Bytes of the weights as they are held in memory, packed.
    public var sizeBytes: Int { loaded.sizeBytes }

    /// The token ids that the model is given for a text: special ones and prompts included, and no more than it takes
    /// where it is an encoder.
    ///
    /// - Parameter text: the text
    public func tokens(of text: String) -> [Int32] {
        switch kind {
        case .encoder(let model): model.sentences.encode([text])[0]
        case .classifier(let model):
            model.base.sentences.words.encode(text, maximumTokens: model.maximumTokens)
        case .decoder(let model): model.tokenizer.encode(text)
        }
    }

    /// The token ids that a language model is given for what ``text(of:)`` makes of a conversation, which has the special
    /// ones in it.
    ///
    /// - Parameter text: the conversation's text
    public func tokens(ofConversation text: String) -> [Int32] {
        guard case .decoder(let model) = kind else { return tokens(of: text) }
        return model.tokenizer.encode(text, addingSpecialTokens: false)
    }

    private var loaded: any LoadedModel {
        switch kind {
        case .encoder(let model): model
        case .classifier(let model): model
        case .decoder(let model): model
        }
    }

    func lacks(_ ability: String, _ allowed: String) -> Issue {
        Issue(
            .unsupported, .path(path), found: "a model that does not \(ability)", allowed: allowed)
    }
}

extension Matrix {
    /// Each row as an array of its own, for programs that know no matrices.
    var rowArrays: [[Float]] { (0..<rows).map { Array(row($0)) } }
}
