import Evaluation
import Tensors

/// What a search reads before it computes anything: whatever is missing or malformed shows here, while an
/// earlier run in the same folder is still untouched.
public struct SearchInputs {
    /// The options.
    public let options: SearchOptions
    /// The dense model.
    public let model: EncoderModel
    /// SHA-256 of its weights.
    public let modelDigest: String
    /// The threads.
    public let pool: ThreadPool
    let data: SearchData
    let validation: (any EmbeddingTask)?

    /// Reads the model and the files that the options name.
    /// - Throws: errors that name the file, and what was found and is allowed.
    public init(_ options: SearchOptions) throws {
        self.options = options
        model = try EncoderModel(folder: options.model)
        guard options.tokens <= model.encoder.dimensions.maximumTokens else {
            throw SearchFailure(
                "--tokens: found \(options.tokens), allowed \(model.encoder.dimensions.maximumTokens) at most, "
                    + "the longest sequence of \(options.model)")
        }
        pool = ThreadPool(threads: options.threads)
        modelDigest = try model.digest()
        data = try SearchData(options, model: model, pool: pool)
        let (model, pool) = (model, pool)
        validation = try options.validation.map {
            try TaskFile(task: options.task, path: $0).task(for: model, dense: model, pool: pool)
        }
    }
}
