import Foundation
import ModelFiles
import Tensors
import Testing
import Transformers

@testable import Training

/// Pooling in the training graph: its values by hand, its gradients by central differences.
@Suite struct SentenceOperationTests {
    private typealias Mode = SentencePooling.Mode
    private static let batch = TokenBatch([[1, 2, 3], [4], [5, 6, 7, 8]])

    private static func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextNormal()) })
    }

    @Test(
        arguments: SentencePooling.Mode.allCases.map { [$0] } + [[.firstToken, .highest, .mean]], [0, 1])
    func gradientsAgreeWithCentralDifferences(_ modes: [SentencePooling.Mode], skipped: Int) {
        let operation = SentenceOperation(pooling: SentencePooling(modes, skippedTokens: skipped))
        let hidden = Self.random(8, 5, seed: 1)
        let probe = Self.random(3, 5 * modes.count, seed: 2)
        func loss(_ hidden: Matrix) -> Double {
            zip(probe.elements, operation.forward(hidden, batch: Self.batch).embeddings.elements)
                .reduce(0) { $0 + Double($1.0) * Double($1.1) }
        }
        let saved = operation.forward(hidden, batch: Self.batch)
        let gradient = operation.backward(probe, saved: saved, batch: Self.batch)
        let step: Float = 1e-3
        for index in hidden.elements.indices {
            var (more, less) = (hidden, hidden)
            more.elements[index] += step
            less.elements[index] -= step
            let difference = (loss(more) - loss(less)) / Double(2 * step)
            #expect(abs(difference - Double(gradient.elements[index])) < 2e-3, "\(modes), \(index)")
        }
    }

    /// A row for each token of one sentence; what each mode makes of it, before it is divided by its length.
    @Test func vectorsAreThoseOfTheDefinitions() {
        let hidden = Matrix(rows: 3, columns: 2, elements: [1, 6, 2, 4, 6, -1])
        let expected: [(Mode, [Float])] = [
            (.firstToken, [1, 6]), (.highest, [6, 6]), (.mean, [3, 3]),
            (.meanOverRoot, [9 / Float(3).squareRoot(), 9 / Float(3).squareRoot()]),
            (.weightedMean, [(1 + 4 + 18) / 6, (6 + 8 - 3) / 6]), (.lastToken, [6, -1]),
        ]
        for (mode, vector) in expected {
            let saved = SentenceOperation(pooling: SentencePooling([mode]))
                .forward(hidden, batch: TokenBatch([[1, 2, 3]]))
            let length = vector.reduce(0) { $0 + $1 * $1 }.squareRoot()
            for (found, value) in zip(saved.embeddings.elements, vector) {
                #expect(abs(found - value / length) < 1e-6, "\(mode)")
            }
        }
    }

    @Test func modulesThatGradientsDoNotPassAreRefusedBeforeTraining() throws {
        let tiny = try TinyEncoder()
        for name in ["1_Pooling", "2_Dense"] {
            try FileManager.default.createDirectory(
                atPath: "\(tiny.folder)/\(name)", withIntermediateDirectories: true)
        }
        let types = ["Transformer", "Pooling", "Dense"]
        let list = types.enumerated().map {
            let path = $0 == 0 ? "" : "\($0)_\($1)"
            return "{\"path\": \"\(path)\", \"type\": \"sentence_transformers.models.\($1)\"}"
        }
        try tiny.write("modules.json", "[\(list.joined(separator: ", "))]")
        try tiny.write("1_Pooling/config.json", "{\"pooling_mode\": \"cls\"}")
        let hidden = try EncoderConfiguration(folder: tiny.folder).dimensions.hidden
        try tiny.write(
            "2_Dense/config.json", "{\"in_features\": \(hidden), \"out_features\": 1, \"bias\": false}")
        let weight = SafetensorsTensor(
            name: "linear.weight", shape: [1, hidden], floats: [Float](repeating: 1, count: hidden))
        try SafetensorsWriter.write([weight], metadata: [:], to: "\(tiny.folder)/2_Dense/model.safetensors")
        let error = #expect(throws: (any Error).self) {
            try EncoderTraining(folder: tiny.folder, task: .sts, classes: 0, maximumTokens: 12, seed: 1)
        }
        for text in ["modules.json", "Dense", "Normalize"] {
            #expect("\(error.map { "\($0)" } ?? "")".contains(text))
        }
        #expect(throws: Never.self) {
            try EncoderTraining(
                folder: tiny.folder, task: .classification, classes: 2, maximumTokens: 12, seed: 1)
        }
        try tiny.write("modules.json", "[\(list.dropLast().joined(separator: ", "))]")
        let model = try EncoderTraining(
            folder: tiny.folder, task: .sts, classes: 0, maximumTokens: 12, seed: 1)
        #expect(model.modules == SentenceModules(pooling: SentencePooling([.firstToken]), steps: []))
    }
}
