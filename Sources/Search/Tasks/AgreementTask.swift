import Evaluation
import Levels
import Models
import Runs
import Tensors
import Tokenizers
import Training
import Transformers

/// `fidelity`: agreement of sentence similarities with the dense model, without labels.
public struct AgreementTask: SearchTask {
    public init() {}

    /// `fidelity`
    public let name = "fidelity"
    public let help = "fidelity (agreement of similarities with the dense model; text, a sentence a line)"
    public let isLabelled = false
    public let hasSpace = true

    /// The first part of the sentences.
    public func calibration(_ options: SearchOptions, for model: EncoderModel) throws -> [[Int32]] {
        let texts = try Datasets.sentences(path: options.train)
        return model.sentences.encode(Self.parts(of: texts, options, model.sentences)[0])
    }

    /// Of all sentences.
    public func lengths(_ options: SearchOptions, for model: EncoderModel) throws -> [Int] {
        model.sentences.encode(try Datasets.sentences(path: options.train)).map(\.count)
    }

    /// Embeddings.
    public var recovery: FineTuningTask? { .sts }

    /// All sentences but those of the check where that decides, in pairs.
    public func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample] {
        Self.recoveryExamples(of: try Datasets.sentences(path: options.train), options, for: training)
    }

    /// Texts but those of the check where that decides, in pairs.
    static func recoveryExamples(
        of texts: [String], _ options: SearchOptions, for training: EncoderTraining
    ) -> [TrainingExample] {
        let sequences = training.sentences.encode(
            Parts.trained(texts, check: parts(of: texts, options, training.sentences)[2], options))
        return stride(from: 0, to: sequences.count - 1, by: 2).map {
            let pair = Array(sequences[$0...$0 + 1])
            return TrainingExample(sequences: pair, firsts: pair.map(\.count))
        }
    }

    /// The text, cut up.
    public func data(
        _ options: SearchOptions, for model: EncoderModel, pool: ThreadPool
    ) throws -> SearchData<Encoder> {
        Self.data(try Datasets.sentences(path: options.train), options, for: model, pool: pool)
    }

    /// Texts, cut up.
    static func data(
        _ texts: [String], _ options: SearchOptions, for model: EncoderModel, pool: ThreadPool
    ) -> SearchData<Encoder> {
        let parts = parts(of: texts, options, model.sentences).map { model.sentences.encode($0) }
        func task(_ sequences: [[Int32]]) -> FidelityTask {
            FidelityTask(
                sequences: sequences, denseEmbeddings: model.encoder.embed(sequences, pool: pool),
                spaceWeight: options.weights.space)
        }
        return SearchData(calibration: parts[0], reward: task(parts[1]), check: task(parts[2]))
    }

    /// Agreement on the file's sentences; nDCG@10 on a folder of documents and queries.
    public func validation(
        _ options: SearchOptions, file: String, of model: EncoderModel, dense: EncoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Encoder> {
        if RetrievalData.isAt(file) {
            return RetrievalTask(try RetrievalData(folder: file), tokenizer: model.sentences)
        }
        return try Self.task(file: file, of: model, dense: dense, pool: pool)
    }

    /// Agreement with the model that is compared with.
    public func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        guard let against = request.against else {
            throw Issue(.missing, .option("against"), found: "none", allowed: "the dense model's folder")
        }
        let model = try EncoderModel(folder: request.model)
        let task = try Self.task(
            file: request.data, of: model, dense: EncoderModel(folder: against), pool: request.pool)
        let embeddings = model.encoder.embed(task.sequences, pool: request.pool)
        let space =
            embeddings.columns == task.embeddings.columns
            ? SpaceKept(embeddings, dense: task.embeddings) : nil
        return EvaluationResult(
            metric: task.metric, value: task.score(embeddings), count: task.count,
            further: space.map {
                [
                    .init("meanCosine", label: "mean cosine to dense", $0.meanCosine),
                    .init("neighboursFound", label: "10 nearest, dense index", $0.neighboursFound),
                ]
            } ?? [])
    }

    private static func task(
        file: String, of model: EncoderModel, dense: EncoderModel, pool: ThreadPool
    ) throws -> FidelityTask {
        let sentences = try Datasets.sentences(path: file)
        return FidelityTask(
            sequences: model.sentences.encode(sentences),
            denseEmbeddings: dense.encoder.embed(dense.sentences.encode(sentences), pool: pool))
    }

    /// Texts to calibrate on, to compute rewards on, and to pick the final policy by.
    static func parts(
        of texts: [String], _ options: SearchOptions, _ tokenizer: SentenceTokenizer
    ) -> [[String]] {
        Parts.drawn(texts, options) { tokenizer.encode([$0])[0].count }
    }
}
