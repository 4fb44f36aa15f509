import Evaluation
import Tensors
import Transformers

/// A task and the file with its data.
public struct TaskFile {
    private let task: SearchOptions.Task
    private let path: String

    /// Names a task and a file.
    public init(task: SearchOptions.Task, path: String) {
        self.task = task
        self.path = path
    }

    /// Reads the file.
    ///
    /// - Parameter dense: the model that fidelity compares with.
    public func task(for model: EncoderModel, dense: EncoderModel, pool: ThreadPool) throws
        -> any ModelTask<BERT>
    {
        switch task {
        case .sts:
            return STSTask(
                pairs: try Datasets.scoredPairs(path: path), tokenizer: model.tokenizer,
                maximumTokens: model.maximumTokens)
        case .fidelity:
            let sequences = model.tokenizer.encode(
                try Datasets.sentences(path: path), maximumTokens: model.maximumTokens)
            return FidelityTask(
                sequences: sequences, denseEmbeddings: dense.encoder.embed(sequences, pool: pool))
        case .lm:
            throw SearchFailure("\(model.folder): found an encoder, which has no task lm")
        }
    }
}
