import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Transformers

extension LevelDatabase {
    /// Prunes every layer to every level and writes the database, layers shared out among the threads.
    ///
    /// Each layer's file is written whole or not at all, and the index last; a build that was stopped
    /// starts again. The content does not depend on the number of threads.
    ///
    /// - Parameters:
    ///   - weight: gives the dense weight of a layer by its name, asked for one layer after the other.
    ///   - covariance: gives that of a layer's inputs, asked for likewise; nil where there is none.
    ///   - grid: the numbers that the weights of a level are rounded to; nil where they are not.
    ///   - formats: say how those that are stand in a file.
    ///   - progress: is told the fraction done, on the calling thread.
    /// - Throws: `Issue` for a layer that cannot be pruned, or when the folder
    ///   cannot be written to.
    public static func build(
        folder: String, key: String, layers: [LayerShape], weight: (String) throws -> Matrix,
        covariance: (LayerShape) throws -> InputCovariance?, score: PruningScore, levels: [Level],
        grid: (Level) throws -> WeightGrid? = { _ in nil }, formats: LevelFormats = .standard,
        pool: ThreadPool,
        progress: (Double) -> Void = { _ in }
    ) throws -> LevelDatabase {
        let grids = try levels.map(grid)
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try? FileManager.default.removeItem(atPath: "\(folder)/index.json")
        let rankings = try UnitRanking.rankings(
            of: layers, narrowing: levels.contains(where: \.isNarrow) ? Set(layers.indices) : [],
            weight: weight, covariance: covariance, score: score)
        let widths = Set(levels.map(\.width)).sorted(by: >)
        var errors: [[Double]] = []
        var facts: [LayerFacts] = []
        for (number, shape) in layers.enumerated() {
            progress(Double(number) / Double(layers.count))
            let weight = try weight(shape.name)
            let covariance = try covariance(shape)
            let whole = try PrunableLayer(
                name: shape.name, weight: weight, covariance: covariance, score: score)
            let narrowed = try pool.map(count: widths.count) {
                try whole.narrowed(to: widths[$0], of: shape, by: rankings[number])
            }
            let layerOfWidth = Dictionary(uniqueKeysWithValues: zip(widths, narrowed))
            let total = covariance.map { energy(weight, $0) } ?? 1
            let results = try pool.map(count: levels.count) {
                index -> (tensors: [SafetensorsTensor], error: Double) in
                let level = levels[index]
                guard level != .dense, let layer = layerOfWidth[level.width] else { return ([], 0) }
                let pruned = try layer.pruned(to: level, on: grids[index])
                let error = covariance.map {
                    energy(difference(weight, layer.placed(pruned).expanded(in: weight)), $0)
                        / max(total, 1e-30)
                }
                let tensors =
                    grids[index] == nil
                    ? PackedWeight(pruned).tensors(named: level.description)
                    : formats.tensors(level, name: level.description, weight: pruned)
                return (tensors, error ?? 0)
            }
            try SafetensorsWriter.write(
                results.flatMap(\.tensors),
                metadata: ["key": key], to: path(folder, shape.name))
            facts.append(LayerFacts(weight: weight, covariance: covariance, outputEnergy: total))
            errors.append(results.map(\.error))
        }
        let index = Index(
            key: key, levels: levels.map(\.description), layers: layers, errors: errors, facts: facts,
            rankings: layers.indices.compactMap { rankings[$0] })
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(index), to: "\(folder)/index.json")
        return try LevelDatabase(folder: folder, index: index)
    }

    private static func difference(_ a: Matrix, _ b: Matrix) -> Matrix {
        Matrix(rows: a.rows, columns: a.columns, elements: zip(a.elements, b.elements).map { $0 - $1 })
    }

    /// tr(W·H·Wᵀ): the squared norm of a layer's outputs over the calibration tokens.
    private static func energy(_ weight: Matrix, _ covariance: InputCovariance) -> Double {
        var product = Matrix(rows: weight.rows, columns: weight.columns)
        BLAS.multiply(weight, covariance.matrix, into: &product)
        return zip(product.elements, weight.elements).reduce(0) { $0 + Double($1.0) * Double($1.1) }
    }
}
