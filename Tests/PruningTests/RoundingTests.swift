import Foundation
import Levels
import SparseKernels
import Tensors
import Testing
import Transformers

@testable import Pruning

/// Weights that are pruned and rounded to whole numbers of 8 bits.
@Suite struct RoundingTests {
    private static let (rows, columns) = (24, 96)

    private func random(_ rows: Int, _ columns: Int, seed: UInt64) -> Matrix {
        var random = CounterBasedRandom(seed: seed)
        return Matrix(
            rows: rows, columns: columns,
            elements: (0..<rows * columns).map { _ in Float(random.nextUniform() + random.nextUniform() - 1) }
        )
    }

    /// Columns that depend on each other.
    private var covariance: InputCovariance {
        var inputs = random(Self.columns, 400, seed: 2)
        for column in 1..<Self.columns {
            for token in 0..<400 { inputs[column, token] += 0.9 * inputs[column - 1, token] }
        }
        var result = InputCovariance(columns: Self.columns)
        result.add(PanelMatrix(inputs), pool: ThreadPool())
        return result
    }

    private func error(_ weight: Matrix, _ other: Matrix) -> Double {
        let difference = Matrix(
            rows: weight.rows, columns: weight.columns,
            elements: zip(weight.elements, other.elements).map { $0 - $1 })
        var product = Matrix(rows: weight.rows, columns: weight.columns)
        BLAS.multiply(difference, covariance.matrix, into: &product)
        return zip(product.elements, difference.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }

    private func layer(_ score: PruningScore = .obs) throws -> PrunableLayer {
        try PrunableLayer(
            name: "layer", weight: random(Self.rows, Self.columns, seed: 1), covariance: covariance,
            score: score)
    }

    private func isOnGrid(_ weight: Matrix) -> Bool {
        let integers = IntegerRows(weight)
        return weight.elements.enumerated().allSatisfy { index, value in
            Float(integers.values[index]) * integers.scales[index / weight.columns] == value
        }
    }

    /// Spreading the errors of rounding beats rounding to the nearest, clearly.
    @Test func roundingSpreadsItsErrors() throws {
        let layer = try layer()
        let dense = Level.dense.with(.int8)
        let coarse = WeightGrid(highest: 7, groupColumns: nil)
        for grid in [WeightGrid.int8, coarse] {
            let nearest = error(layer.weight, grid.nearest(to: layer.weight))
            #expect(try error(layer.weight, layer.pruned(to: dense, on: grid)) < 0.8 * nearest, "\(grid)")
        }
        #expect(isOnGrid(try layer.pruned(to: dense, on: .int8)))
        #expect(try layer.pruned(to: .dense) == layer.weight)
    }

    /// The zeros are those of the level in float32, but for weights that round to zero.
    @Test(arguments: ["unstructured@0.5:int8", "4x1@0.5:int8", "16x1@0.7:int8", "2:4@0.5:int8"])
    func zerosStayWhereTheyAre(_ text: String) throws {
        let level = try #require(Level(text))
        let layer = try layer()
        let float = try layer.pruned(to: level.with(.float32))
        let rounded = try layer.pruned(to: level, on: .int8)
        #expect(isOnGrid(rounded))
        for (kept, own) in zip(float.elements, rounded.elements) where kept == 0 { #expect(own == 0) }
        // 8 bits cost next to nothing where half of the weights are gone.
        #expect(error(layer.weight, rounded) < 1.05 * error(layer.weight, float))
    }

    @Test(arguments: [PruningScore.magnitude, .wanda]) func masksAreRoundedToTheNearest(
        _ score: PruningScore
    ) throws {
        let layer = try layer(score)
        let level = try #require(Level("4x1@0.5:int8"))
        let float = try layer.pruned(to: level.with(.float32))
        #expect(try layer.pruned(to: level, on: .int8) == WeightGrid.int8.nearest(to: float))
    }

    /// A database holds whole numbers, in a fifth of the bytes, and gives back what was pruned.
    @Test func aDatabaseHoldsWholeNumbers() throws {
        let folder = NSTemporaryDirectory() + "rounded-\(UUID().uuidString)"
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let shape = LayerShape(
            name: "layer", rows: Self.rows, cols: Self.columns, block: 0, role: .query)
        let set = try LevelSet("dense,int8,4x1@0.5,4x1@0.5:int8")
        func grid(_ level: Level) throws -> WeightGrid? {
            try LevelFormats.standard.grid(of: level, for: .prefill)
        }
        let stored = try LevelWeights.stored(for: set, grid: grid)
        #expect(stored == set.levels)
        let database = try LevelDatabase.build(
            folder: folder, key: "key", layers: [shape],
            weight: { _ in random(Self.rows, Self.columns, seed: 1) }, covariance: { _ in covariance },
            score: .obs, levels: stored, grid: grid, pool: try ThreadPool(threads: 2))
        let weights = try LevelWeights(database, levels: set)
        let layer = try layer()
        #expect(weights.isUnchanged(0) && !weights.isUnchanged(1))
        for index in 1..<set.count {
            let expected = try layer.pruned(to: set[index], on: grid(set[index]))
            #expect(try weights.weight(layer: 0, level: index) == PrunedWeight(expected), "\(set[index])")
        }
        #expect(weights.errors[0][1] > 0 && weights.errors[0][1] < 1e-3)
    }

    /// In decoding, weights are rounded when they are packed: levels share their zeros.
    @Test func decodingSharesZeros() throws {
        let set = try LevelSet("int8,4x1@0.5:int8")
        let stored = try LevelWeights.stored(for: set) {
            try LevelFormats.standard.grid(of: $0, for: .decode)
        }
        #expect(stored == [.dense, Level(pattern: .rowBlock4, sparsity: 0.5)])
    }
}
