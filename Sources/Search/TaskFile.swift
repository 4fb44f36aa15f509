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
            return STSTask(pairs: try Datasets.scoredPairs(path: path), tokenizer: model.sentences)
        case .fidelity:
            let sentences = try Datasets.sentences(path: path)
            return FidelityTask(
                sequences: model.sentences.encode(sentences),
                denseEmbeddings: dense.encoder.embed(dense.sentences.encode(sentences), pool: pool))
        case .lm:
            throw SearchFailure("\(model.folder): found an encoder, which has no task lm")
        }
    }
}
