import Levels
import Tensors
import Testing

@testable import Training

@Suite struct FakeQuantizationTests {
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private func parameter(rows: Int = 6, columns: Int = 70, seed: UInt64 = 3) -> Parameter {
        var random = CounterBasedRandom(seed: seed)
        return Parameter(
            name: "layer.weight", shape: [rows, columns],
            elements: (0..<rows * columns).map { _ in Float.random(in: -1...1, using: &random) })
    }

    /// What is computed with is on the grid, and is found again; what is trained is what it was.
    @Test(arguments: [WeightGrid.int8, .int4])
    func passesSeeWhatIsStored(_ grid: WeightGrid) throws {
        let parameter = parameter()
        parameter.value = grid.nearest(to: parameter.value)
        let quantization = FakeQuantization([(parameter, grid)])
        let stored = parameter.value
        quantization.round(pool: pool)
        #expect(parameter.value.elements == stored.elements)
        quantization.passBack(pool: pool)

        // A weight that has moved a little is the same number still, and one that has moved far is another.
        parameter.value[2, 5] += 1e-4
        parameter.value[3, 7] += 0.5
        let exact = parameter.value
        quantization.round(pool: pool)
        #expect(parameter.value[2, 5] == stored[2, 5] && parameter.value[3, 7] != stored[3, 7])
        let found = IntegerRows(parameter.value)
        for (index, value) in parameter.value.elements.enumerated() {
            #expect(Float(found.values[index]) * found.scales[index / 70] == value)
        }
        quantization.passBack(pool: pool)
        #expect(parameter.value.elements == exact.elements)
    }

    /// The gradient of ln s is Σ g·(ŵ − w), of a weight beyond the grid g·ŵ, and such a weight has none itself.
    @Test func scalesHaveTheirGradients() {
        let parameter = Parameter(name: "w", shape: [1, 3], elements: [127, 50, -3])
        let quantization = FakeQuantization([(parameter, .int8)])
        parameter.value = Matrix(rows: 1, columns: 3, elements: [140, 50.25, -3.125])
        quantization.round(pool: pool)
        #expect(parameter.value.elements == [127, 50, -3])
        parameter.gradient = Matrix(rows: 1, columns: 3, elements: [2, 3, 5])
        quantization.passBack(pool: pool)
        let expected: Float = 2 * 127 + 3 * (50 - 50.25) + 5 * (-3 + 3.125)
        #expect(
            abs(quantization.scales[0].gradient.elements[0] - expected / Float(3 * 127).squareRoot()) < 1e-4)
        #expect(parameter.gradient.elements == [0, 3, 5])
    }

    /// Scales that have learned are used, and are such that weights are found again.
    @Test func scalesMove() {
        let parameter = parameter()
        parameter.value = WeightGrid.int8.nearest(to: parameter.value)
        let before = IntegerRows(parameter.value).scales
        let quantization = FakeQuantization([(parameter, .int8)])
        quantization.scales[0].value.elements[4] = 0.1
        quantization.round(pool: pool)
        let after = IntegerRows(parameter.value).scales
        #expect(after[3] == before[3])
        #expect(abs(after[4] / before[4] - 1.10517) < 1e-3)
    }

    @Test func rowsOfZerosStay() {
        let parameter = Parameter.zeros("w", shape: [2, 40])
        let quantization = FakeQuantization([(parameter, .int4)])
        quantization.round(pool: pool)
        quantization.passBack(pool: pool)
        #expect(parameter.value.elements.allSatisfy { $0 == 0 })
        #expect(quantization.scales[0].gradient.elements.allSatisfy { $0 == 0 })
    }
}
