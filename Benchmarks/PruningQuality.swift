import ArgumentParser
import Evaluation
import Foundation
import Levels
import Models
import Pruning
import Search
import SparseKernels
import Synchronization
import Tensors
import Transformers

/// What uniform pruning costs, by solver, pattern and sparsity: Spearman on STS-B.
struct PruningQuality: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Spearman of the encoder with every layer at one level, mean of several calibrations.")

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(help: "The pairs to calibrate on.")
    var train = "../shared/data/stsb/train.tsv"

    @Option(help: "The pairs to evaluate on.")
    var data = "../shared/data/stsb/dev.tsv"

    @Option(help: "How layers are pruned.")
    var solver = PruningScore.obs

    @Option(
        help: """
            The levels, with commas. Default: int8 and int4 without zeros, and in int8 patterns of 50, 70 and 80 %.
            """)
    var levels: String?

    @Option(help: "Calibrations to average over.")
    var seeds = 3

    @Option(help: "Sentences of a calibration.")
    var sentences = 512

    func run() throws {
        let pool = try ThreadPool(threads: UsableProcessors.count())
        let encoder = try EncoderModel(folder: model)
        let task = STSTask(pairs: try Datasets.scoredPairs(path: data), tokenizer: encoder.sentences)
        let levels =
            try levels.map { text in
                try LevelSet("dense," + text).filter { $0 != .dense }
            } ?? Self.usual
        print("dense \(percent(task.score(encoder.encoder, pool: pool)))")
        var scores = levels.map { _ in [Double]() }
        for seed in 0..<seeds {
            let layers = try calibrated(encoder, seed: UInt64(seed + 1), pool: pool)
            for (index, level) in levels.enumerated() {
                let pruned = try uniform(encoder.encoder, layers, level, pool)
                scores[index].append(task.score(pruned, pool: pool))
            }
        }
        for (index, level) in levels.enumerated() {
            let each = scores[index].map(percent).joined(separator: ", ")
            print("\(level) \(percent(scores[index].mean))  (\(each))")
        }
    }

    private static let usual =
        [.dense.with(.int8), .dense.with(.int4)]
        + [Pattern.unstructured, .rowBlock4, .rowBlock16, .block4, .units(UnitShape(rows: 1, columns: 4))]
        .flatMap { pattern in
            [0.5, 0.7, 0.8].map { Level(pattern: pattern, sparsity: $0, precision: .int8) }
        }

    private func calibrated(_ encoder: EncoderModel, seed: UInt64, pool: ThreadPool) throws -> [PrunableLayer]
    {
        var random = CounterBasedRandom(seed: seed)
        let pairs = try Datasets.scoredPairs(path: train).shuffled(using: &random)
        let text = pairs.prefix(sentences / 2).flatMap { [$0.first, $0.second] }
        let calibration = Calibration(
            model: encoder.encoder,
            sequences: encoder.sentences.encode(text), pool: pool)
        return try encoder.encoder.layerShapes.compactMap { shape in
            guard let weight = encoder.encoder.weights[shape.name] else { return nil }
            return try PrunableLayer(
                name: shape.name, weight: weight, covariance: calibration.covariances[shape.name],
                score: solver)
        }
    }

    private func uniform(
        _ dense: Encoder, _ layers: [PrunableLayer], _ level: Level, _ pool: ThreadPool
    ) throws -> Encoder {
        let operators = Mutex([String: Result<any LinearOperator, any Error>]())
        pool.forEach(count: layers.count) { index in
            let layer = layers[index]
            let packed = Result {
                let formats = LevelFormats.standard
                let weight = try layer.pruned(to: level, on: formats.grid(of: level, for: .prefill))
                return try formats.pack(level, weight: weight, bias: dense.biases[layer.name] ?? [])
            }
            operators.withLock { $0[layer.name] = packed }
        }
        return dense.replacing(try operators.withLock { try $0.mapValues { try $0.get() } })
    }

    private func percent(_ value: Double) -> String {
        String(format: "%.2f", 100 * value)
    }
}

extension PruningScore: ExpressibleByArgument {}
