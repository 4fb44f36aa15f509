import Foundation
import Levels
import SparseKernels
import Tensors
import Testing
import TinyModels
import Transformers

@testable import Pruning

/// Sublayers with fewer heads and neurons.
@Suite struct NarrowingTests {
    private static let levels: LevelSet = [
        .dense, Level(pattern: .rowBlock4, sparsity: 0.5), .dense.with(width: 0.5),
        Level(pattern: .rowBlock4, sparsity: 0.5, width: 0.5),
        Level(pattern: .dense, sparsity: 0, precision: .int8, width: 0.5),
    ]

    private struct Parts {
        let folder: String
        let encoder: Encoder
        let database: LevelDatabase
        let calibration: StreamedCalibration<Encoder>
    }

    private func parts(_ score: PruningScore = .obs) throws -> Parts {
        let folder = NSTemporaryDirectory() + "narrow-\(UUID().uuidString)"
        try TinyModel.write(to: folder, seed: 3)
        let (encoder, pool) = (try Encoder(folder: folder), try ThreadPool(threads: 2))
        var random = CounterBasedRandom(seed: 1)
        let sequences = (0..<40).map { _ in (0..<12).map { _ in Int32(4 + random.next() % 20) } }
        let calibration = StreamedCalibration(model: encoder, sequences: sequences, pool: pool)
        let stored = try LevelWeights.stored(for: Self.levels, grid: grid)
        return Parts(
            folder: folder, encoder: encoder,
            database: try LevelDatabase.build(
                folder: "\(folder)/levels", key: "key", layers: encoder.layerShapes,
                weight: encoder.weight(of:),
                covariance: calibration.covariance(of:), score: score, levels: stored, grid: grid, pool: pool),
            calibration: calibration)
    }

    private func grid(_ level: Level) throws -> WeightGrid? {
        try LevelFormats.standard.grid(of: level, for: .prefill)
    }

    /// Fewer rows, columns and biases give what the whole layers with zeros in their place do, and an apply of the
    /// policy gives what the database holds.
    @Test func narrowLayersAreWholeOnesWithZeros() throws {
        let parts = try parts()
        defer { try? FileManager.default.removeItem(atPath: parts.folder) }
        let (encoder, pool) = (parts.encoder, try ThreadPool(threads: 1))
        let weights = try LevelWeights(parts.database, levels: Self.levels)
        var (narrow, zeros): ([String: any LinearOperator], [String: any LinearOperator]) = ([:], [:])
        let policy = encoder.layerShapes.map { $0.block == 0 ? 3 : $0.role.sublayer == .attention ? 2 : 1 }
        for (layer, shape) in encoder.layerShapes.enumerated() {
            let pruned = try weights.weight(layer: layer, level: policy[layer])
            let bias = encoder.bias(of: shape.name)
            let left = shape.narrowed(to: Self.levels[policy[layer]].width)
            #expect(pruned.matrix.rows == left.rows && pruned.matrix.columns == left.cols)
            narrow[shape.name] = DenseLinear(weight: pruned.matrix, bias: pruned.bias(of: bias))
            zeros[shape.name] = DenseLinear(
                weight: pruned.expanded(in: try encoder.weight(of: shape.name)), bias: bias)
        }
        #expect(narrow.values.contains { $0.rows < $0.columns })
        let sequences: [[Int32]] = [[5, 6, 7, 8, 9], [4, 11, 12]]
        let found = encoder.replacing(narrow).embed(sequences, pool: pool)
        let expected = encoder.replacing(zeros).embed(sequences, pool: pool)
        #expect(zip(found.elements, expected.elements).allSatisfy { abs($0 - $1) < 1e-5 })
        let applied = try PolicyPruning.prune(
            layers: encoder.layerShapes, to: policy.map { Self.levels[$0] }, weight: encoder.weight(of:),
            covariance: parts.calibration.covariance(of:), score: .obs, grid: grid, pool: pool)
        #expect(try applied == parts.database.weights(policy.map { Self.levels[$0] }))
    }

    /// What stays makes up for what goes: the error is below that of the columns taken as they are.
    @Test func columnsThatStayAreRefitted() throws {
        let (refitted, taken) = (try parts(.obs), try parts(.wanda))
        defer {
            for parts in [refitted, taken] { try? FileManager.default.removeItem(atPath: parts.folder) }
        }
        for (layer, shape) in refitted.encoder.layerShapes.enumerated() where shape.role.endsSublayer {
            let (own, other) = (refitted.database.errors[layer][2], taken.database.errors[layer][2])
            #expect(own > 0 && own < other, "\(shape.name): \(own), \(other)")
        }
        for (layer, shape) in refitted.encoder.layerShapes.enumerated() where !shape.role.endsSublayer {
            // Rows that go are none of the layer's own errors.
            #expect(refitted.database.errors[layer][2] < 1e-9)
        }
    }

    @Test func theFirstUnitsOfTheRankingAreLeft() {
        let ranking = UnitRanking(unit: 2, order: [3, 0, 1, 2])
        #expect(ranking.kept(4) == [0, 1, 6, 7] && ranking.kept(2) == [6, 7])
        #expect(ranking.covers(8) && !ranking.covers(6))
    }

    @Test func headsAreLeftWhole() {
        let query = LayerShape(name: "q", rows: 384, cols: 100, block: 0, role: .query, unit: 32)
        #expect(query.narrowed(to: 0.7).rows == 256 && query.narrowed(to: 0.01).rows == 32)
        let output = LayerShape(name: "o", rows: 100, cols: 384, block: 0, role: .attentionOutput, unit: 32)
        #expect(output.narrowed(to: 0.7).cols == 256 && output.narrowed(to: 1) == output)
        let down = LayerShape(name: "d", rows: 100, cols: 1536, block: 0, role: .feedForwardDown)
        #expect(down.narrowed(to: 0.752).cols == 1152)
    }
}
