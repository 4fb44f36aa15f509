import Evaluation
import Levels
import Models
import Runs
import Tensors
import Tokenizers
import Training
import Transformers

/// `sts`: Spearman's ρ on sentence pairs that people scored, and agreement with the dense model.
public struct SimilarityTask: SearchTask {
    public init() {}

    /// `sts`
    public let name = "sts"
    public let help =
        "sts (Spearman on labelled pairs; a tab-separated file with columns sentence1, sentence2, score)"
    public let isLabelled = true
    public let hasSpace = true

    /// By its labels.
    public var fineTuning: FineTuningTask? { .sts }

    /// Of both sentences of every pair.
    public func lengths(_ options: SearchOptions, for model: EncoderModel) throws -> [Int] {
        model.sentences.encode(Self.sentences(try Datasets.scoredPairs(path: options.train))).map(\.count)
    }

    /// By its labels.
    public var recovery: FineTuningTask? { .sts }

    /// All pairs but those of the check where that decides.
    public func recoveryExamples(
        _ options: SearchOptions, for training: EncoderTraining
    ) throws -> [TrainingExample] {
        let pairs = try Parts.trained(
            Datasets.scoredPairs(path: options.train),
            check: parts(options, training.sentences)[2], options)
        return FineTuningTask.examples(of: pairs, tokenizer: training.sentences)
    }

    /// The sentences of the first part of the pairs.
    public func calibration(_ options: SearchOptions, for model: EncoderModel) throws -> [[Int32]] {
        model.sentences.encode(Self.sentences(try parts(options, model.sentences)[0]))
    }

    /// Rewards and checks are mixed of labels and agreement.
    public func data(
        _ options: SearchOptions, for model: EncoderModel, pool: ThreadPool
    ) throws -> SearchData<Encoder> {
        let parts = try parts(options, model.sentences)
        func mixed(_ pairs: [ScoredPair]) -> MixedTask {
            let labelled = STSTask(pairs: pairs, tokenizer: model.sentences)
            return MixedTask(
                labelled: labelled,
                fidelity: FidelityTask(
                    sequences: labelled.sequences,
                    denseEmbeddings: model.encoder.embed(labelled.sequences, pool: pool),
                    spaceWeight: options.weights.space))
        }
        return SearchData(
            calibration: model.sentences.encode(Self.sentences(parts[0])), reward: mixed(parts[1]),
            check: mixed(parts[2]))
    }

    /// Spearman's ρ.
    public func validation(
        _ options: SearchOptions, file: String, of model: EncoderModel, dense: EncoderModel, pool: ThreadPool
    ) throws -> any ModelTask<Encoder> {
        STSTask(pairs: try Datasets.scoredPairs(path: file), tokenizer: model.sentences)
    }

    /// Spearman's ρ, and Pearson's r.
    public func evaluate(_ request: EvaluationRequest) throws -> EvaluationResult {
        let model = try EncoderModel(folder: request.model)
        let task = STSTask(pairs: try Datasets.scoredPairs(path: request.data), tokenizer: model.sentences)
        let embeddings = model.encoder.embed(task.sequences, pool: request.pool)
        return EvaluationResult(
            metric: task.metric, value: task.score(embeddings), count: task.count,
            further: [.init("pearson", task.pearson(embeddings))])
    }

    /// Pairs to calibrate on, to compute rewards on, and to pick the final policy by.
    private func parts(_ options: SearchOptions, _ tokenizer: SentenceTokenizer) throws -> [[ScoredPair]] {
        Parts.drawn(try Datasets.scoredPairs(path: options.train), options, texts: 2) { pair in
            tokenizer.encode([pair.first, pair.second]).reduce(0) { $0 + $1.count }
        }
    }

    private static func sentences(_ pairs: [ScoredPair]) -> [String] {
        pairs.flatMap { [$0.first, $0.second] }
    }
}

/// A fifth Spearman on labels, and else fidelity. Labels say what matters, but of eighty pairs they alone
/// tell next to nothing about the score on other data, where the agreement with the dense model does; of
/// three hundred, both tell about as much (`Benchmarks rewards`).
private struct MixedTask: EmbeddingTask {
    private static let labelsWeight = 0.2
    let metric = "spearman and fidelity"
    let labelled: STSTask
    let fidelity: FidelityTask

    var sequences: [[Int32]] { labelled.sequences }
    var count: Int { labelled.count }

    /// The labels and the similarities of the same pairs.
    func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<Encoder>)? {
        let pairs = labelled.pairs(share: share, using: &random)
        return MixedTask(
            labelled: labelled.part(pairs: pairs),
            fidelity: fidelity.part(sentences: pairs.flatMap { [2 * $0, 2 * $0 + 1] }))
    }

    func score(_ embeddings: Matrix) -> Double {
        Self.labelsWeight * labelled.score(embeddings)
            + (1 - Self.labelsWeight) * fidelity.score(embeddings)
    }
}
