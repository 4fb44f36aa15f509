import Evaluation
import Foundation
import ModelFiles
import Tensors

/// The parts of the training file, disjoint as far as it is long enough: what to calibrate on, what the
/// reward is computed on, and what the final policy is picked by.
struct SearchData {
    let calibration: [[Int32]]
    let reward: any EmbeddingTask
    let check: any EmbeddingTask
    let digest: String

    init(_ options: SearchOptions, model: EncoderModel, pool: ThreadPool) throws {
        var random = CounterBasedRandom(seed: options.seed, stream: 1)
        func encode(_ sentences: some Sequence<String>) -> [[Int32]] {
            model.tokenizer.encode(Array(sentences), maximumTokens: model.maximumTokens)
        }
        switch options.task {
        case .sts:
            let pairs = try Datasets.scoredPairs(path: options.train).shuffled(using: &random)
            let parts = Self.parts(
                of: pairs,
                [options.calibrationSentences / 2, options.rewardSentences / 2, options.rewardSentences])
            calibration = encode(parts[0].flatMap { [$0.first, $0.second] })
            func task(_ pairs: [ScoredPair]) -> MixedTask {
                let labelled = STSTask(
                    pairs: pairs, tokenizer: model.tokenizer, maximumTokens: model.maximumTokens)
                let embeddings = model.encoder.embed(labelled.sequences, pool: pool)
                return MixedTask(
                    labelled: labelled,
                    fidelity: FidelityTask(sequences: labelled.sequences, denseEmbeddings: embeddings))
            }
            reward = task(parts[1])
            check = task(parts[2])
        case .fidelity:
            let sentences = try Datasets.sentences(path: options.train).shuffled(using: &random)
            let parts = Self.parts(
                of: sentences,
                [options.calibrationSentences, options.rewardSentences, 2 * options.rewardSentences])
            calibration = encode(parts[0])
            func task(_ sentences: [String]) -> FidelityTask {
                let sequences = encode(sentences)
                return FidelityTask(
                    sequences: sequences, denseEmbeddings: model.encoder.embed(sequences, pool: pool))
            }
            reward = task(parts[1])
            check = task(parts[2])
        }
        var bytes = Data()
        for sequence in calibration {
            for id in sequence { withUnsafeBytes(of: id.littleEndian) { bytes.append(contentsOf: $0) } }
            bytes.append(contentsOf: [255, 255, 255, 255])
        }
        digest = FileDigest.sha256(bytes)
    }

    /// Consecutive parts of the sizes asked for; in proportion where there is not enough, at least 2 each.
    static func parts<Element>(of items: [Element], _ sizes: [Int]) -> [[Element]] {
        let total = sizes.reduce(0, +)
        let scale = min(1, Double(items.count) / Double(max(total, 1)))
        var start = 0
        return sizes.map { size in
            let count = min(max(Int(Double(size) * scale), 2), items.count)
            let first = min(start, items.count - count)
            start += count
            return Array(items[first..<first + count])
        }
    }
}

/// Half Spearman on labels, relative to nothing, and half fidelity: labels say what matters, and the
/// agreement with the dense model has far less noise.
struct MixedTask: EmbeddingTask {
    let metric = "spearman and fidelity"
    let labelled: STSTask
    let fidelity: FidelityTask

    var sequences: [[Int32]] { labelled.sequences }
    var count: Int { labelled.count }

    func score(_ embeddings: Matrix) -> Double {
        (labelled.score(embeddings) + fidelity.score(embeddings)) / 2
    }
}
