import Foundation
import ModelFiles
import Tensors
import Testing
import Transformers

@testable import Training

/// A few steps of training against transformers' model, PyTorch's autograd and PyTorch's AdamW; the fixture
/// is made by `Fixtures/make_training_steps.py`.
@Suite struct ReferenceTests {
    private struct Steps: Decodable {
        struct Batch: Decodable {
            let sequences: [[Int32]]
            let firsts: [Int]
            let labels: [Int]
        }
        let losses: [Double]
        let gradientNorms: [Double]
        let peak: Double
        let batches: [Batch]
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/reference").path

    @Test func stepsAreThoseOfPyTorch() throws {
        let pool = try ThreadPool(threads: 2)
        let expected = try JSONDecoder().decode(
            Steps.self, from: Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/steps.json")))
        let parameters = try ParameterSet(folder: Self.folder, prefix: "bert.")
        let configuration = try EncoderConfiguration(folder: Self.folder)
        let head = try ClassificationHead(
            parameters: parameters, configuration: configuration, classes: 2, seed: 1)
        let trainer = Trainer(
            graph: try EncoderGraph(parameters: parameters, configuration: configuration),
            parameters: parameters, objective: ClassificationObjective(head: head), pool: pool)
        let schedule = LearningRateSchedule(
            peak: Float(expected.peak), steps: expected.losses.count, warmUp: 1.0 / 6)
        for (step, loss) in expected.losses.enumerated() {
            let batch = expected.batches[step % expected.batches.count]
            let examples = batch.sequences.indices.map {
                TrainingExample(
                    sequence: batch.sequences[$0], first: batch.firsts[$0], label: batch.labels[$0])
            }
            let result = trainer.step(examples, rate: schedule.rate(step))
            #expect(abs(result.loss - loss) <= 2e-4 * max(1, loss), "step \(step)")
            #expect(
                abs(result.gradientNorm - expected.gradientNorms[step])
                    <= 2e-3 * max(0.1, expected.gradientNorms[step]), "step \(step)")
        }
        let trained = try SafetensorsFile(path: "\(Self.folder)/trained.safetensors")
        for parameter in trainer.trained {
            let prefix = parameter.name.hasPrefix("classifier.") ? "" : "bert."
            let values = try trained.float32(prefix + parameter.name)
            // Adam's first steps are ±rate whatever the gradient's size: where that is rounding noise, as for
            // the bias of keys, nothing can agree.
            guard !parameter.name.hasSuffix("key.bias") else { continue }
            let difference = zip(parameter.value.elements, values).map { abs($0 - $1) }
            let close = difference.count { $0 <= 1e-3 }
            #expect(close >= difference.count * 98 / 100, "\(parameter.name)")
        }
    }
}
