import Foundation
import ModelFiles
import Tensors
import Testing
import Transformers

@testable import Training

/// Gradients against central differences of the loss along random directions.
@Suite struct GradientTests {
    private static let hidden = 16
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private func matrix(_ rows: Int, _ columns: Int, _ random: inout CounterBasedRandom) -> Matrix {
        Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() * 2 - 1) })
    }

    private func inner(_ a: Matrix, _ b: Matrix) -> Double {
        zip(a.elements, b.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    /// A whole small encoder: two blocks of width 16, one sentence pair among the sequences.
    private func encoder(_ random: inout CounterBasedRandom) throws -> (ParameterSet, EncoderGraph) {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent(
            "training-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let text = """
            {"model_type": "bert", "hidden_act": "gelu", "hidden_size": 16, "num_hidden_layers": 2,
             "num_attention_heads": 2, "intermediate_size": 24, "vocab_size": 11,
             "max_position_embeddings": 12, "type_vocab_size": 2, "layer_norm_eps": 1e-6}
            """
        try Data(text.utf8).write(to: folder.appendingPathComponent("config.json"))
        var parameters: [Parameter] = []
        func add(_ name: String, _ shape: [Int], centre: Float = 0, spread: Float = 0.5) {
            let elements = (0..<shape.reduce(1, *)).map { _ in
                centre + spread * Float(random.nextUniform() * 2 - 1)
            }
            parameters.append(Parameter(name: name, shape: shape, elements: elements))
        }
        func norm(_ name: String) {
            add("\(name).weight", [Self.hidden], centre: 1)
            add("\(name).bias", [Self.hidden])
        }
        func linear(_ name: String, _ rows: Int, _ columns: Int) {
            add("\(name).weight", [rows, columns])
            add("\(name).bias", [rows])
        }
        add("embeddings.word_embeddings.weight", [11, Self.hidden], spread: 1)
        add("embeddings.position_embeddings.weight", [12, Self.hidden])
        add("embeddings.token_type_embeddings.weight", [2, Self.hidden])
        norm("embeddings.LayerNorm")
        for block in 0..<2 {
            let prefix = "encoder.layer.\(block)"
            for name in ["query", "key", "value"] {
                linear("\(prefix).attention.self.\(name)", Self.hidden, Self.hidden)
            }
            linear("\(prefix).attention.output.dense", Self.hidden, Self.hidden)
            norm("\(prefix).attention.output.LayerNorm")
            linear("\(prefix).intermediate.dense", 24, Self.hidden)
            linear("\(prefix).output.dense", Self.hidden, 24)
            norm("\(prefix).output.LayerNorm")
        }
        let set = ParameterSet(parameters, file: "test")
        return (
            set, try EncoderGraph(parameters: set, configuration: EncoderConfiguration(folder: folder.path))
        )
    }

    /// (L(w + εd) − L(w − εd)) / 2ε for one parameter and direction.
    private func difference(
        _ parameter: Parameter, along direction: Matrix, _ step: Float, loss: () -> Double
    ) -> Double {
        let start = parameter.value
        func moved(_ by: Float) -> Double {
            for index in start.elements.indices {
                parameter.value.elements[index] = start.elements[index] + by * direction.elements[index]
            }
            return loss()
        }
        let result = (moved(step) - moved(-step)) / Double(2 * step)
        parameter.value = start
        return result
    }

    @Test(arguments: [nil, Dropout(rate: 0.3, seed: 5, step: 7)])
    func everyParameterOfAnEncoderHasTheGradientOfTheLoss(_ dropout: Dropout?) throws {
        var random = CounterBasedRandom(seed: 4)
        let (parameters, graph) = try encoder(&random)
        let batch = TokenBatch(
            pairs: [[1, 2, 3, 4, 5], [6, 7], [8, 9, 10, 1, 3, 5, 7, 2]], firsts: [2, 2, 8])
        let probe = matrix(3, Self.hidden, &random)
        let sentences = SentenceOperation(pooling: .mean)
        // A linear function of the normalized sentence embeddings, so that all of the graph takes part.
        func loss() -> Double {
            let tape = graph.forward(batch, dropout: dropout, pool: pool)
            return inner(probe, sentences.forward(tape.hidden, batch: batch).embeddings)
        }
        let tape = graph.forward(batch, dropout: dropout, pool: pool)
        let saved = sentences.forward(tape.hidden, batch: batch)
        parameters.clearGradients()
        graph.backward(
            sentences.backward(probe, saved: saved, batch: batch), tape: tape, batch: batch,
            pool: pool)
        for parameter in parameters.all {
            // Along the gradient itself the difference is largest, and so the least lost to rounding.
            let norm = inner(parameter.gradient, parameter.gradient).squareRoot()
            guard norm > 1e-4 else {
                // Adding the same to all keys of a head changes no probability.
                #expect(parameter.name.hasSuffix("key.bias"), "\(parameter.name)")
                continue
            }
            var direction = parameter.gradient
            for index in direction.elements.indices { direction.elements[index] /= Float(norm) }
            let found = difference(parameter, along: direction, 4e-3, loss: loss)
            #expect(abs(found - norm) <= 1e-3 * norm + 2e-5, "\(parameter.name): \(found), \(norm)")
        }
    }

    @Test func dropoutDropsAsManyAsAskedAndKeepsTheMean() {
        let ones = Matrix(rows: 100, columns: 102, elements: [Float](repeating: 1, count: 10_200))
        func dropped(step: Int, place: Int) -> Matrix {
            var result = ones
            Dropout(rate: 0.25, seed: 1, step: step).apply(to: &result, place: place, pool: pool)
            return result
        }
        let once = dropped(step: 3, place: 2)
        #expect(abs(once.sparsity - 0.25) < 0.02)
        #expect(once.elements.allSatisfy { $0 == 0 || abs($0 - 4.0 / 3) < 1e-5 })
        #expect(once == dropped(step: 3, place: 2))
        // Where two are drawn apart, a sixteenth is dropped by both.
        for other in [dropped(step: 4, place: 2), dropped(step: 3, place: 3)] {
            let both = zip(once.elements, other.elements).count { $0 == 0 && $1 == 0 }
            #expect(abs(Double(both) / 10_200 - 0.0625) < 0.01)
        }
    }

    @Test func lossesHaveTheGradientsOfTheirValues() {
        var random = CounterBasedRandom(seed: 6)
        let (input, teacher) = (matrix(6, 5, &random), matrix(6, 5, &random))
        let losses: [(String, (Matrix) -> LossValue)] = [
            ("cosine", { Losses.cosineRegression($0, targets: [0.1, 0.9, 0.5]) }),
            ("similarity", { Losses.similarityDistillation($0, teacher: teacher) }),
            ("cosine, unlabelled", { Losses.cosineRegression($0, targets: [0.1, nil, 0.5]) }),
            ("cross-entropy", { Losses.crossEntropy($0, labels: [0, 4, 2, 2, 1, 3]) }),
            ("cross-entropy, unlabelled", { Losses.crossEntropy($0, labels: [0, 4, nil, 2, 1, 3]) }),
            ("logits", { Losses.logitDistillation($0, teacher: teacher) }),
            ("hidden states", { Losses.stateDistillation($0, teacher: teacher) }),
        ]
        for (name, loss) in losses {
            let parameter = Parameter(name: name, shape: [6, 5], elements: input.elements)
            let gradient = loss(input).gradient
            let norm = inner(gradient, gradient).squareRoot()
            var direction = gradient
            for index in direction.elements.indices { direction.elements[index] /= Float(norm) }
            let found = difference(parameter, along: direction, 5e-3) { loss(parameter.value).loss }
            #expect(abs(found - norm) <= 1e-3 * norm + 1e-5, "\(name): \(found), \(norm)")
        }
    }

    @Test func gradientsOfHeldZerosCountForNothing() {
        let held = Parameter(name: "held", shape: [1, 4], elements: [0, 1, 0, 2])
        held.holdZeros()
        let alone = Parameter(name: "alone", shape: [1, 2], elements: [1, 2])
        let (ofHeld, ofAlone) = (AdamW([held]), AdamW([alone]))
        for step in 1...4 {
            let (a, b) = (Float(step), -3 / Float(step))
            held.gradient = Matrix(rows: 1, columns: 4, elements: [50, a, -70, b])
            alone.gradient = Matrix(rows: 1, columns: 2, elements: [a, b])
            let norms = [ofHeld, ofAlone].map { $0.step(learningRate: 0.1, pool: pool) }
            #expect(norms[0] == norms[1])
        }
        #expect(held.value.elements == [0, alone.value.elements[0], 0, alone.value.elements[1]])
    }

    @Test func aHeldZeroStaysZeroAndTheRestLearns() {
        let parameter = Parameter(name: "weight", shape: [1, 4], elements: [0, 1, 0, 2])
        parameter.holdZeros()
        let optimizer = AdamW([parameter])
        for _ in 0..<5 {
            parameter.gradient = Matrix(rows: 1, columns: 4, repeating: 1)
            optimizer.step(learningRate: 0.1, pool: pool)
        }
        #expect(parameter.value.elements[0] == 0 && parameter.value.elements[2] == 0)
        // A constant gradient moves Adam by the learning rate at each step, whatever its size.
        #expect(abs(parameter.value.elements[1] - 0.5) < 0.02)
    }
}
