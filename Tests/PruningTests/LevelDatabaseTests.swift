import Foundation
import Levels
import SparseKernels
import Tensors
import Testing
import Transformers

@testable import Pruning

@Suite struct LevelDatabaseTests {
    private let layers = [
        LayerShape(name: "a", rows: 10, cols: 9, block: 0, role: .query),
        LayerShape(name: "b", rows: 4, cols: 17, block: 0, role: .attentionOutput),
    ]
    private let levels = [
        Level.dense, Level(pattern: .unstructured, sparsity: 0.5), Level(pattern: .rowBlock4, sparsity: 0.75),
    ]
    private let folder = NSTemporaryDirectory() + "levels-\(UUID().uuidString)"

    private var weights: [String: Matrix] {
        var random = CounterBasedRandom(seed: 4)
        var weights: [String: Matrix] = [:]
        for layer in layers {
            weights[layer.name] = Matrix(
                rows: layer.rows, columns: layer.cols,
                elements: (0..<layer.weightCount).map { _ in Float(random.nextUniform() - 0.5) })
        }
        return weights
    }

    private func build(threads: Int) throws -> LevelDatabase {
        let weights = weights
        return try LevelDatabase.build(
            folder: folder, key: "key", layers: layers, weight: { try #require(weights[$0]) },
            covariance: { _ in nil },
            score: .magnitude,
            levels: levels, pool: try ThreadPool(threads: threads))
    }

    @Test func givesBackWhatWasPruned() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try build(threads: 2)
        let database = try #require(try LevelDatabase.open(folder: folder, key: "key"))
        for (index, shape) in layers.enumerated() {
            let layer = try PrunableLayer(
                name: shape.name, weight: try #require(weights[shape.name]), covariance: nil,
                score: .magnitude)
            for level in 1..<levels.count {
                #expect(
                    try database.weight(layer: index, level: level)
                        == PrunedWeight(layer.pruned(to: levels[level])))
            }
        }
    }

    @Test func isNotTakenForAnother() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try build(threads: 1)
        #expect(try LevelDatabase.open(folder: folder, key: "another key") == nil)
        #expect(try LevelDatabase.open(folder: folder + "-missing", key: "key") == nil)
    }

    /// A cache outlives versions of this program: their databases are made again, not complained of.
    @Test func anotherLayoutIsMadeAnew() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try build(threads: 1)
        let earlier = #"{"schema":"secateur.level-database/1","key":"key","levels":["dense"]}"#
        try earlier.write(toFile: "\(folder)/index.json", atomically: true, encoding: .utf8)
        #expect(try LevelDatabase.open(folder: folder, key: "key") == nil)
        _ = try build(threads: 1)
        #expect(try LevelDatabase.open(folder: folder, key: "key")?.layers == layers)
        try "{".write(toFile: "\(folder)/index.json", atomically: true, encoding: .utf8)
        let error = #expect(throws: Levels.Issue.self) { try LevelDatabase.open(folder: folder, key: "key") }
        #expect("\(try #require(error))".contains("remove the folder"))
    }

    @Test func truncatedFilesAreErrors() throws {
        defer { try? FileManager.default.removeItem(atPath: folder) }
        _ = try build(threads: 1)
        let path = "\(folder)/a.safetensors"
        let bytes = try Data(contentsOf: URL(fileURLWithPath: path))
        try bytes.prefix(bytes.count - 5).write(to: URL(fileURLWithPath: path))
        #expect(throws: (any Error).self) { try LevelDatabase.open(folder: folder, key: "key") }
    }
}
