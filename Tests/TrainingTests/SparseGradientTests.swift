import Tensors
import Testing

@testable import Training

/// Embeddings' gradients are known by their rows; that must change nothing but the time, to rounding.
@Suite struct SparseGradientTests {
    /// Steps on gradients that touch other rows each time; a parameter that knows its rows, or not.
    private func trained(knowsRows: Bool, restoreAfter: Int? = nil) throws -> (Parameter, Double) {
        var random = CounterBasedRandom(seed: 7)
        let elements = (0..<40 * 24).map { _ in Float(random.nextNormal()) }
        let parameter = Parameter(name: "table", shape: [40, 24], elements: elements)
        if knowsRows { parameter.expectGradientsInFewRows() }
        let pool = try ThreadPool(threads: 2)
        var optimizer = AdamW([parameter])
        var norms = 0.0
        for step in 0..<6 {
            parameter.clearGradient()
            let gradient = Matrix(
                rows: 1, columns: 24, elements: (0..<24).map { _ in Float(random.nextNormal()) })
            for row in [3, 3 + step, 30] { parameter.addGradient(gradient, row: 0, toRow: row) }
            norms += optimizer.step(learningRate: 0.01, pool: pool)
            if step == restoreAfter {
                let restored = AdamW([parameter])
                restored.restore(first: optimizer.first, second: optimizer.second, steps: optimizer.steps)
                optimizer = restored
            }
        }
        return (parameter, norms)
    }

    @Test func stepsAreThoseOfTheWholeTable() throws {
        let (sparse, dense) = (try trained(knowsRows: true), try trained(knowsRows: false))
        // The norms that gradients are clipped by are sums in another order.
        let furthest = zip(sparse.0.value.elements, dense.0.value.elements).map { abs($0 - $1) }.max() ?? 1
        #expect(furthest < 1e-6)
        #expect(sparse.0.gradient == dense.0.gradient)
        #expect(abs(sparse.1 - dense.1) < 1e-5 * dense.1)
    }

    @Test func aRestoredOptimizerKnowsItsRows() throws {
        #expect(try trained(knowsRows: true, restoreAfter: 2).0.value == trained(knowsRows: true).0.value)
    }
}
