import Foundation
import Tensors
import Testing
import Transformers

@testable import Evaluation

@Suite struct LanguageTaskTests {
    private struct Reference: Decodable {
        let ids: [Int32]
        let logits: [[Double]]
    }

    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("TransformersTests/Fixtures/llama-tiny").path

    private func reference() throws -> Reference {
        let data = try Data(contentsOf: URL(fileURLWithPath: "\(Self.folder)/logits.json"))
        return try JSONDecoder().decode(Reference.self, from: data)
    }

    /// From the logits that transformers gives.
    @Test(arguments: [1, 2])
    func perplexityIsThatOfTheReferenceLogits(threads: Int) throws {
        let reference = try reference()
        let losses = zip(reference.logits, reference.ids.dropFirst()).map { logits, next in
            log(logits.reduce(0) { $0 + exp($1) }) - logits[Int(next)]
        }
        let result = PerplexityTask(windows: [reference.ids, reference.ids])
            .evaluate(try Decoder(path: Self.folder), pool: try ThreadPool(threads: threads))
        let all = exp(losses.reduce(0, +) / Double(losses.count))
        let late = losses.dropFirst(reference.ids.count / 2)
        #expect(abs(result.value / all - 1) < 1e-4)
        #expect(abs(result.secondHalf / exp(late.reduce(0, +) / Double(late.count)) - 1) < 1e-4)
        #expect(result.count == 2 * losses.count)
    }

    @Test func divergenceIsZeroForTheModelItselfOnly() throws {
        let model = try Decoder(path: Self.folder)
        let pool = try ThreadPool(threads: 2)
        let task = DivergenceTask(windows: [try reference().ids], dense: model, pool: pool)
        let itself = task.evaluate(model, pool: pool)
        #expect(itself.divergence < 1e-5 && itself.agreement == 1)
        let shape = model.layerShapes[0]
        let other = model.replacing([
            shape.name: DenseLinear(
                weight: Matrix(rows: shape.rows, columns: shape.cols),
                bias: [Float](repeating: 0, count: shape.rows))
        ])
        #expect(task.evaluate(other, pool: pool).divergence > 1e-3)
        #expect(task.score(other, pool: pool) < task.score(model, pool: pool))
    }

    /// The windows are all the same: so are the scores.
    @Test func aPartHasFewerWindows() throws {
        let model = try Decoder(path: Self.folder)
        let pool = try ThreadPool(threads: 2)
        let ids = try reference().ids
        let task = DivergenceTask(windows: Array(repeating: ids, count: 8), dense: model, pool: pool)
        var random = CounterBasedRandom(seed: 1)
        let quarter = task.part(share: 0.25, using: &random)
        let part = try #require(quarter)
        #expect(part.tokens == 2 * ids.count)
        let shape = model.layerShapes[0]
        let other = model.replacing([
            shape.name: DenseLinear(
                weight: Matrix(rows: shape.rows, columns: shape.cols),
                bias: [Float](repeating: 0, count: shape.rows))
        ])
        #expect(abs(part.score(other, pool: pool) - task.score(other, pool: pool)) < 1e-6)
    }

    @Test func samplerTakesTheLikeliestOrWithinItsMass() {
        var greedy = Sampler()
        #expect(greedy.choose([0, 3, 1]) == 1)
        // Probabilities 0.7, 0.2, 0.1 in some order: 0.8 of the mass takes the first two.
        let logits = [0.1, 0.7, 0.2].map { Float(log($0)) }
        var nucleus = Sampler(temperature: 1, topP: 0.8, seed: 5)
        var counts = [0, 0, 0]
        for _ in 0..<3000 { counts[Int(nucleus.choose(logits))] += 1 }
        #expect(counts[0] == 0)
        #expect(abs(Double(counts[1]) / 3000 - 7.0 / 9) < 0.03)
    }
}
