import Foundation
import ModelFiles
import Tensors
import Testing
import Transformers

@testable import Training

/// The loss and the gradients of each family's classifier against transformers' model and PyTorch's autograd:
/// TransformersTests/Fixtures/make_architectures.py.
@Suite struct EncoderFamilyGradientTests {
    private struct Reference: Decodable {
        let sequences: [[Int32]]
        let labels: [Int]
        let loss: Double
        let gradientNorms: [String: Double]
        let gradientWaves: [String: Double]
    }

    @Test(arguments: ["distilbert", "distilbert-relu", "bert-tanh", "roberta", "xlm-roberta", "camembert"])
    func gradientsAreThoseOfPyTorch(_ family: String) throws {
        let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TransformersTests/Fixtures/\(family)-tiny").path
        let reference = try JSONDecoder().decode(
            Reference.self, from: Data(contentsOf: URL(fileURLWithPath: "\(folder)/outputs.json")))
        let pool = try ThreadPool(threads: 2)
        let model = try EncoderTraining(
            folder: folder, task: .classification, classes: 3, maximumTokens: 12, seed: 1)
        let trainer = try model.trainer(pool: pool)
        trainer.clearGradients()
        let loss = trainer.accumulate(
            zip(reference.sequences, reference.labels).map { TrainingExample(sequence: $0, label: $1) })
        #expect(abs(loss - reference.loss) < 1e-4)
        #expect(trainer.trained.count == reference.gradientNorms.count)
        for parameter in trainer.trained {
            let prefix = try #require(model.configuration.modules.prefix)
            let isHead = model.configuration.description.classifier.isOutside(parameter.name)
            let name = isHead ? parameter.name : "\(prefix)\(parameter.name)"
            let norm = try #require(reference.gradientNorms[name], "\(name)")
            let wave = try #require(reference.gradientWaves[name])
            let gradient = parameter.gradient.elements.map(Double.init)
            let found = gradient.reduce(0) { $0 + $1 * $1 }.squareRoot()
            let projected = gradient.enumerated().reduce(0) { $0 + $1.element * sin(Double($1.offset)) }
            #expect(abs(found - norm) < 1e-4 * max(1, norm), "\(name): \(found), \(norm)")
            #expect(abs(projected - wave) < 2e-4 * max(1, norm), "\(name): \(projected), \(wave)")
        }
    }
}
