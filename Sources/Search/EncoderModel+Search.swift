import Environments
import Evaluation
import Export
import Foundation
import Levels
import Pruning
import SparseKernels
import Tensors
import Transformers

extension EncoderModel: SearchableModel {
    /// Loads a folder.
    public init(path: String, precision: Precision) throws {
        try self.init(folder: path, precision: precision)
    }

    /// 128
    public static let standardTokens = 128
    /// All.
    public static func standardLevels(for phase: Workload.Phase) -> LevelSet { .standard }

    /// Whole sequences only.
    public static func computes(_ phase: Workload.Phase) -> Bool { phase == .prefill }

    /// The encoder.
    public var network: BERT { encoder }

    /// How hidden states become embeddings.
    public var outputIdentity: String? {
        encoder.sentences == .standard ? nil : encoder.sentences.identity
    }

    /// How sentences become token ids.
    public var inputIdentity: String { sentences.identity }

    /// `bert`
    public var architecture: String { "bert" }

    /// The sentences to calibrate on.
    public func calibrationData(_ options: SearchOptions) throws -> [[Int32]] {
        switch options.task {
        case .sts: return encode(Self.sentences(try pairs(options)[0]))
        case .fidelity: return encode(try sentences(options)[0])
        case .lm: throw noTask(.lm)
        }
    }

    /// The training file, cut up.
    public func searchData(_ options: SearchOptions, pool: ThreadPool) throws -> SearchData<BERT> {
        switch options.task {
        case .sts:
            let parts = try pairs(options)
            return SearchData(
                calibration: encode(Self.sentences(parts[0])), reward: mixedTask(parts[1], pool: pool),
                check: mixedTask(parts[2], pool: pool))
        case .fidelity:
            let parts = try sentences(options)
            return SearchData(
                calibration: encode(parts[0]), reward: fidelityTask(encode(parts[1]), pool: pool),
                check: fidelityTask(encode(parts[2]), pool: pool))
        case .lm: throw noTask(.lm)
        }
    }

    /// By gradients of the fidelity on sentences that no reward is computed on: rewards then tell whether what gradients
    /// promise holds elsewhere; nil for modules that gradients do not pass.
    public func switches(
        _ inputs: SearchInputs<EncoderModel>, levels: LevelWeights
    ) throws -> (any SwitchEffects)? {
        guard encoder.sentences.keepsDirection else { return nil }
        return try EncoderSwitches(
            folder: folder, encoder: encoder, sequences: inputs.data.calibration, levels: levels,
            seed: inputs.options.seed, pool: inputs.pool)
    }

    private func noTask(_ task: SearchOptions.Task) -> SearchFailure {
        SearchFailure(
            "\(folder): found an encoder, which has no task \(task.rawValue): allowed are sts, fidelity")
    }

    /// Labelled pairs to calibrate on, to compute rewards on, and to pick the final policy by.
    private func pairs(_ options: SearchOptions) throws -> [[ScoredPair]] {
        var random = CounterBasedRandom(seed: options.seed, stream: .dataParts)
        return Parts.cut(
            try Datasets.scoredPairs(path: options.train).shuffled(using: &random),
            [options.calibrationSentences / 2, options.rewardSentences / 2, options.rewardSentences])
    }

    /// The same of sentences.
    private func sentences(_ options: SearchOptions) throws -> [[String]] {
        var random = CounterBasedRandom(seed: options.seed, stream: .dataParts)
        return Parts.cut(
            try Datasets.sentences(path: options.train).shuffled(using: &random),
            [options.calibrationSentences, options.rewardSentences, 2 * options.rewardSentences])
    }

    private static func sentences(_ pairs: [ScoredPair]) -> [String] {
        pairs.flatMap { [$0.first, $0.second] }
    }

    /// Spearman on labelled pairs, or agreement with the dense model.
    public func validationTask(
        _ options: SearchOptions, path: String, dense: EncoderModel, pool: ThreadPool
    ) throws -> any ModelTask<BERT> {
        try TaskFile(task: options.task, path: path).task(for: self, dense: dense, pool: pool)
    }

    /// Writes a Hugging Face folder.
    public func write(_ weights: [String: Matrix], to folder: String) throws {
        try PrunedModelFolder.write(weights: weights, of: self.folder, metadata: ["format": "pt"], to: folder)
    }

    private func encode(_ sentences: [String]) -> [[Int32]] {
        self.sentences.encode(sentences)
    }

    private func fidelityTask(_ sequences: [[Int32]], pool: ThreadPool) -> FidelityTask {
        FidelityTask(sequences: sequences, denseEmbeddings: encoder.embed(sequences, pool: pool))
    }

    private func mixedTask(_ pairs: [ScoredPair], pool: ThreadPool) -> MixedTask {
        let labelled = STSTask(pairs: pairs, tokenizer: self.sentences)
        return MixedTask(labelled: labelled, fidelity: fidelityTask(labelled.sequences, pool: pool))
    }
}

/// A fifth Spearman on labels, and else fidelity. Labels say what matters, but of eighty pairs they alone tell next to
/// nothing about the score on other data, where the agreement with the dense model does; of three hundred, both tell about
/// as much (`Benchmarks rewards`).
private struct MixedTask: EmbeddingTask {
    private static let labelsWeight = 0.2
    let metric = "spearman and fidelity"
    let labelled: STSTask
    let fidelity: FidelityTask

    var sequences: [[Int32]] { labelled.sequences }
    var count: Int { labelled.count }

    /// The labels and the similarities of the same pairs.
    func part(share: Double, using random: inout CounterBasedRandom) -> (any ModelTask<BERT>)? {
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
