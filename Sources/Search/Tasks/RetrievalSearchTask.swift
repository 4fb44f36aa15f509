import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Tensors
import Training
import Transformers

/// `retrieval`: agreement of similarities with the dense model on documents and queries; scored by nDCG@10.
public struct RetrievalSearchTask: SearchTask {
    public init() {}

    /// `retrieval`
    public let name = "retrieval"
    public let help =
        "retrieval (nDCG@10 of documents found by queries; a folder of documents.tsv, queries.tsv and "
        + "relevance.tsv, as in BEIR)"
    /// Rewards are of agreement.
    public let isLabelled = false
    public let hasSpace = true

    /// The first part of the documents.
    public func calibration(_ options: SearchOptions, for model: EncoderModel) throws -> [[Int32]] {
        model.sentences.encode(AgreementTask.parts(of: try texts(options), options, model.sentences)[0])
    }

    /// Of all documents and queries.
    public func lengths(_ options: SearchOptions, for model: EncoderModel) throws -> [Int] {
        model.sentences.encode(try texts(options)).map(\.count)
    }

    /// Embeddings.
    public var recovery: FineTuningTask? { .sts }

    /// All documents and queries but those of the check where that decides, in pairs.
    public func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample] {
        AgreementTask.recoveryExamples(of: try texts(options), options, for: training)
    }

    /// Documents and queries, cut up. Grades are not used: those of a few hundred documents say little, and a
    /// policy that keeps similarities keeps rankings.
    public func data(
        _ options: SearchOptions, for model: EncoderModel, pool: ThreadPool
    ) throws -> SearchData<Encoder> {
        AgreementTask.data(try texts(options), options, for: model, pool: pool)
    }

    /// nDCG@10 on a folder.
    public func validation(
        _ options: SearchOptions, file: String, of model: EncoderModel, dense: EncoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Encoder> {
        RetrievalTask(try RetrievalData(folder: file), tokenizer: model.sentences)
    }

    /// nDCG@10, recall@100 and MRR@10; of documents that another model embedded, where one is named.
    public func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        let model = try EncoderModel(folder: request.model)
        let data =
            try request.retrieval.map {
                try RetrievalData(documents: $0.documents, queries: $0.queries, relevance: $0.relevance)
            } ?? RetrievalData(folder: request.data)
        let index = try request.index.map { folder in
            let other = try EncoderModel(folder: folder)
            return other.encoder.embed(other.sentences.encode(data.documents), pool: request.pool)
        }
        let task = RetrievalTask(data, tokenizer: model.sentences, index: index)
        let embeddings = model.encoder.embed(task.sequences, pool: request.pool)
        guard index.map({ $0.columns == embeddings.columns }) ?? true else {
            throw Issue(
                .mismatch, .option("index"), found: "embeddings of \(index?.columns ?? 0) numbers",
                allowed: "\(embeddings.columns), as \(request.model) has")
        }
        let scores = task.scores(embeddings)
        return EvaluationResult(
            metric: task.metric, value: scores.ndcg10, count: task.count,
            further: [
                .init("recall100", label: "recall@100", scores.recall100),
                .init("mrr10", label: "mrr@10", scores.mrr10),
            ])
    }

    /// Documents and queries.
    private func texts(_ options: SearchOptions) throws -> [String] {
        let data = try RetrievalData(folder: options.train)
        return data.documents + data.queries
    }
}
