import Levels
import SparseKernels
import Tensors
import Testing

@testable import Pruning

@Suite struct SolverTests {
    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in
                Float((0..<12).reduce(-6.0) { sum, _ in sum + random.nextUniform() })
            })
    }

    /// Inputs with correlated columns, some far louder than others, as the activations of a network are.
    private func covariance(_ columns: Int, seed: UInt64) -> InputCovariance {
        var mixing = random(columns, columns, seed: seed)
        for row in 0..<columns {
            for column in 0..<columns { mixing[row, column] *= row % 7 == 0 ? 10 : 1 }
        }
        var inputs = Matrix(rows: columns, columns: 3 * columns)
        let sources = random(columns, 3 * columns, seed: seed + 1)
        BLAS.multiply(mixing, sources, into: &inputs)
        var result = InputCovariance(columns: columns)
        result.add(PanelMatrix(inputs), pool: ThreadPool())
        return result
    }

    private func outputError(_ weight: Matrix, _ pruned: Matrix, _ covariance: InputCovariance) -> Double {
        let difference = Matrix(
            rows: weight.rows, columns: weight.columns,
            elements: zip(weight.elements, pruned.elements).map { $0 - $1 })
        var product = Matrix(rows: weight.rows, columns: weight.columns)
        BLAS.multiply(difference, covariance.matrix, into: &product)
        return zip(product.elements, difference.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    @Test(arguments: [32, 200])
    func aCovarianceDoesNotDependOnThreads(columns: Int) throws {
        let inputs = PanelMatrix(random(columns, 96, seed: 5))
        let sums = try (1...3).map { threads in
            var sum = InputCovariance(columns: columns)
            try sum.add(inputs, pool: ThreadPool(threads: threads))
            return sum.matrix.elements
        }
        #expect(sums[1] == sums[0] && sums[2] == sums[0])
    }

    @Test(arguments: PruningScore.unlabelled, [(8, 16), (7, 130), (13, 97), (64, 300)])
    func hasExactlyTheSparsityAskedFor(_ solver: PruningScore, _ shape: (Int, Int)) throws {
        let weight = random(shape.0, shape.1, seed: 1)
        let layer = try PrunableLayer(
            name: "layer", weight: weight, covariance: covariance(shape.1, seed: 5), score: solver)
        for pattern in [
            Pattern.dense, .unstructured, .rowBlock4, .rowBlock6, .rowBlock8, .rowBlock16, .block4,
        ] {
            guard let unit = pattern.unit else { continue }
            for sparsity in [0.3, 0.5, 0.75, 0.95] {
                let pruned = try layer.pruned(to: Level(pattern: pattern, sparsity: sparsity))
                let units = units(of: pruned, unit)
                // Units are kept or dropped whole.
                #expect(units.allSatisfy { unit in unit.allSatisfy { ($0 == 0) == (unit[0] == 0) } })
                let dropped = units.filter { $0[0] == 0 }.count
                #expect(abs(Double(dropped) - sparsity * Double(units.count)) <= 1)
            }
        }
    }

    @Test(arguments: PruningScore.unlabelled, [(8, 16), (13, 97)])
    func twoOfFourAreKept(_ solver: PruningScore, _ shape: (Int, Int)) throws {
        let layer = try PrunableLayer(
            name: "layer", weight: random(shape.0, shape.1, seed: 1),
            covariance: covariance(shape.1, seed: 5),
            score: solver)
        let pruned = try layer.pruned(to: Level(pattern: .twoOfFour, sparsity: 0.5))
        for run in units(of: pruned, UnitShape(rows: 1, columns: 4)) {
            #expect(run.filter { $0 != 0 }.count == (run.count == 4 ? 2 : run.count))
        }
    }

    private func units(of matrix: Matrix, _ unit: UnitShape) -> [[Float]] {
        stride(from: 0, to: matrix.rows, by: unit.rows).flatMap { firstRow in
            stride(from: 0, to: matrix.columns, by: unit.columns).map { firstColumn in
                (firstRow..<min(firstRow + unit.rows, matrix.rows)).flatMap { row in
                    (firstColumn..<min(firstColumn + unit.columns, matrix.columns)).map { matrix[row, $0] }
                }
            }
        }
    }

    @Test func magnitudeDropsTheSmallest() throws {
        let weight = Matrix(rows: 2, columns: 3, elements: [1, -5, 0.5, -0.1, 4, 3])
        let layer = try PrunableLayer(name: "layer", weight: weight, covariance: nil, score: .magnitude)
        let pruned = try layer.pruned(to: Level(pattern: .unstructured, sparsity: 0.5))
        #expect(pruned.elements == [0, -5, 0, 0, 4, 3])
    }

    /// Wanda's own example: a small weight on a loud input outlives a large weight on a quiet one.
    @Test func wandaWeighsByTheInputs() throws {
        let weight = Matrix(rows: 1, columns: 2, elements: [1, 3])
        var loud = InputCovariance(columns: 2)
        loud.matrix = Matrix(rows: 2, columns: 2, elements: [100, 0, 0, 1])
        let layer = try PrunableLayer(name: "layer", weight: weight, covariance: loud, score: .wanda)
        #expect(try layer.pruned(to: Level(pattern: .unstructured, sparsity: 0.5)).elements == [1, 0])
    }

    @Test(arguments: [Pattern.unstructured, .rowBlock4])
    func obsKeepsTheOutputsBest(_ pattern: Pattern) throws {
        for seed in UInt64(1)...3 {
            let weight = random(32, 150, seed: seed)
            let inputs = covariance(150, seed: 10 * seed)
            let level = Level(pattern: pattern, sparsity: 0.6)
            let errors = try [PruningScore.magnitude, .wanda, .obs].map { solver in
                let layer = try PrunableLayer(
                    name: "layer", weight: weight, covariance: inputs, score: solver)
                return outputError(weight, try layer.pruned(to: level), inputs)
            }
            #expect(errors[2] < errors[1] && errors[1] < errors[0])
        }
    }

    @Test func damagedWeightsAreNamed() {
        let weight = Matrix(rows: 1, columns: 2, elements: [.nan, 1])
        let error = #expect(throws: Levels.Issue.self) {
            try PrunableLayer(name: "the.layer", weight: weight, covariance: nil, score: .magnitude)
        }
        #expect(error?.description.hasPrefix("the.layer: ") == true)
    }

    @Test func covarianceOfAnotherShapeIsNamed() {
        #expect(throws: Levels.Issue.self) {
            try PrunableLayer(
                name: "layer", weight: random(2, 3, seed: 1), covariance: InputCovariance(columns: 4),
                score: .obs)
        }
    }
}
