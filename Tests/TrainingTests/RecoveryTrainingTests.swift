import Evaluation
import Foundation
import Levels
import Pruning
import SparseKernels
import Tensors
import Testing

@testable import Training

@Suite struct RecoveryTrainingTests {
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private static let text = "text.txt"

    /// A tiny encoder, and the same pruned to a level.
    private func prepared(_ level: Level, validationSign: Float? = nil) throws -> (
        tiny: TinyEncoder, inputs: RecoveryTraining.Inputs, dense: [Matrix]
    ) {
        let tiny = try TinyEncoder()
        let model = try EncoderTraining(
            folder: tiny.folder, task: .sts, classes: 0, maximumTokens: 32, seed: 1)
        let dense = model.graph.prunable.map(\.value)
        let grid = try LevelFormats.standard.grid(of: level, for: .prefill)
        for (shape, parameter) in zip(model.graph.layerShapes, model.graph.prunable) {
            if !level.keepsAll {
                let layer = try PrunableLayer(
                    name: shape.name, weight: parameter.value, covariance: nil, score: .magnitude)
                parameter.value = try layer.pruned(level.pattern, sparsity: level.sparsity)
            }
            if let grid { parameter.value = grid.nearest(to: parameter.value) }
        }
        let pruned = "\(tiny.folder)-pruned"
        try? FileManager.default.removeItem(atPath: pruned)
        try model.write(to: pruned)
        let levels = model.graph.layerShapes.map { ($0.name, level) }
        return (
            tiny,
            RecoveryTraining.Inputs(
                pruned: pruned, dense: tiny.folder, task: .sts, maximumTokens: 32,
                levels: Dictionary(uniqueKeysWithValues: levels),
                validation: try validationSign.map { try pairs(sign: $0, in: tiny) },
                grid: { try LevelFormats.standard.grid(of: $0, for: .prefill) }),
            dense
        )
    }

    private func training(_ inputs: RecoveryTraining.Inputs, _ tiny: TinyEncoder, checkpoint: String) throws
        -> RecoveryTraining
    {
        let lines = try Datasets.sentences(path: try tiny.labelled("text.tsv", count: 64, seed: 1))
        return try RecoveryTraining(
            inputs, seed: 1, checkpoint: "\(tiny.folder)/\(checkpoint)", key: "key", pool: pool
        ) { model in
            let sequences = model.sentences.encode(lines)
            return stride(from: 0, to: sequences.count - 1, by: 2).map {
                let pair = Array(sequences[$0...$0 + 1])
                return TrainingExample(sequences: pair, firsts: pair.map(\.count))
            }
        }
    }

    @Test(arguments: ["4x1@0.5:int8", "int4", "unstructured@0.6"])
    func trainingHoldsWhatTheLevelSays(_ text: String) throws {
        let level = try #require(Level(text))
        let (tiny, inputs, _) = try prepared(level)
        let before = try EncoderTraining(
            folder: inputs.pruned, task: .sts, classes: 0, maximumTokens: 32, seed: 1)
        let outcome = try #require(
            try training(inputs, tiny, checkpoint: "a.h5").run(.steps(60)))
        #expect(outcome.steps == 60 && outcome.losses.count == 60)
        let (first, last) = (outcome.losses.prefix(10).reduce(0, +), outcome.losses.suffix(10).reduce(0, +))
        #expect(last < 0.8 * first)
        let grid = try LevelFormats.standard.grid(of: level, for: .prefill)
        for (shape, parameter) in zip(before.graph.layerShapes, before.graph.prunable) {
            let weight = try #require(outcome.weights[shape.name])
            #expect(weight.elements != parameter.value.elements)
            if let grid {
                #expect(
                    grid == .int4
                        ? NibbleRows(weight).integers.isSame(as: weight)
                        : IntegerRows(weight).isSame(as: weight))
            }
            guard !level.keepsAll, let unit = level.pattern.unit else { continue }
            for row in 0..<weight.rows {
                for column in 0..<weight.columns where weight[row, column] != 0 {
                    let first = row / unit.rows * unit.rows
                    let own = first..<min(first + unit.rows, weight.rows)
                    #expect(own.contains { parameter.value[$0, column] != 0 })
                }
            }
        }
        #expect(outcome.others.keys.contains { $0.hasSuffix("LayerNorm.bias") })
        #expect(!outcome.others.keys.contains { $0.hasSuffix("word_embeddings.weight") })
    }

    /// Pairs of sentences with the cosine that the dense model gives them, or its opposite, as their score.
    private func pairs(sign: Float, in tiny: TinyEncoder) throws -> String {
        let sentences = try Datasets.sentences(path: try tiny.labelled("text.tsv", count: 40, seed: 3)).map {
            String($0.split(separator: "\t")[0])
        }
        let model = try EncoderTraining(
            folder: tiny.folder, task: .sts, classes: 0, maximumTokens: 32, seed: 1)
        let rows = try stride(from: 0, to: sentences.count - 1, by: 2).map { index in
            let pair = Array(sentences[index...index + 1])
            let sequences = model.sentences.encode(pair)
            let example = TrainingExample(sequences: sequences, firsts: sequences.map(\.count))
            let outputs = try model.trainer(pool: pool).outputs([example])
            let cosine = zip(outputs.row(0), outputs.row(1)).reduce(0) { $0 + $1.0 * $1.1 }
            return "\(pair[0])\t\(pair[1])\t\(2.5 + 2.4 * sign * cosine)"
        }
        return try tiny.write(
            "pairs.tsv", (["sentence1\tsentence2\tscore"] + rows).joined(separator: "\n"))
    }

    /// The score of what training came to.
    private func score(_ outcome: RecoveryTraining.Outcome, _ folder: String, on file: String) throws
        -> Double
    {
        let model = try EncoderTraining(folder: folder, task: .sts, classes: 0, maximumTokens: 32, seed: 1)
        for (shape, parameter) in zip(model.graph.layerShapes, model.graph.prunable) {
            parameter.value = try #require(outcome.weights[shape.name])
        }
        for parameter in model.parameters.all {
            if let values = outcome.others[parameter.name] { parameter.value.elements = values }
        }
        let examples = try model.examples(path: file)
        return FineTuningTask.sts.score(
            try model.trainer(pool: pool).outputs(examples), examples, metric: .accuracy)
    }

    /// Training brings the model near the dense one, so that it ends far from the opposite: earlier weights are better.
    @Test(arguments: [Float(1), -1]) func aValidationFilePicksTheBestWeights(sign: Float) throws {
        let level = try #require(Level("unstructured@0.7"))
        let (tiny, inputs, _) = try prepared(level)
        let last = try #require(try training(inputs, tiny, checkpoint: "e.h5").run(.steps(64)))
        let (other, judged, _) = try prepared(level, validationSign: sign)
        let best = try #require(try training(judged, other, checkpoint: "f.h5").run(.steps(64)))
        let file = try #require(judged.validation)
        let (before, after) = (
            try score(last, inputs.pruned, on: file), try score(best, judged.pruned, on: file)
        )
        #expect(sign > 0 ? after >= before : after > before)
    }

    @Test(arguments: [false, true]) func goesOnAfterAStopAsIfThereHadBeenNone(hasValidation: Bool) throws {
        let (tiny, inputs, _) = try prepared(
            try #require(Level("4x1@0.5:int8")), validationSign: hasValidation ? -1 : nil)
        let whole = try #require(try training(inputs, tiny, checkpoint: "b.h5").run(.steps(20)))
        let stopped = try training(inputs, tiny, checkpoint: "c.h5")
        var asked = 0
        #expect(
            try stopped.run(
                .steps(20),
                shouldStop: {
                    asked += 1
                    return asked > 7
                }) == nil)
        // What a checkpoint says goes before what is asked for now.
        let resumed = try training(inputs, tiny, checkpoint: "c.h5")
        let outcome = try #require(try resumed.run(.steps(50)))
        #expect(outcome.steps == 20 && outcome.losses.count < 20)
        #expect(outcome.weights == whole.weights && outcome.others == whole.others)
        resumed.removeCheckpoint()
        #expect(!FileManager.default.fileExists(atPath: "\(tiny.folder)/c.h5"))
    }

    @Test func secondsBecomeSteps() throws {
        let (tiny, inputs, _) = try prepared(try #require(Level("int8")))
        let outcome = try #require(try training(inputs, tiny, checkpoint: "d.h5").run(.seconds(0.5)))
        #expect(outcome.steps > 1)
    }
}

extension IntegerRows {
    fileprivate func isSame(as weight: Matrix) -> Bool {
        zip(values, weight.elements).enumerated().allSatisfy { index, pair in
            Float(pair.0) * scales[index / weight.columns] == pair.1
        }
    }
}
