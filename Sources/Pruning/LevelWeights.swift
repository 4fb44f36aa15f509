import Levels
import SparseKernels
import Tensors
import Transformers

/// A level database as the levels of a search see it: those that differ in precision alone share their
/// weights.
public struct LevelWeights: Sendable {
    /// The levels, in the order of the tables.
    public let levels: LevelSet
    private let database: LevelDatabase
    /// Where each level's weights stand in the database; nil where there are none.
    private let stored: [Int?]

    /// Takes a database that was made for these levels, or more.
    /// - Throws: `Issue` for a level that the database has not.
    public init(_ database: LevelDatabase, levels: LevelSet) throws {
        self.database = database
        self.levels = levels
        stored = try levels.map { level in
            guard !level.isRemoved else { return nil }
            guard let index = database.index(of: level) else {
                throw Issue(
                    .missing, .other("level database"), found: "no level \(level)",
                    allowed: database.levels.map(\.description).joined(separator: ", "))
            }
            return index
        }
    }

    /// The levels that a database needs for a search's, dense first: those with weights of their own, and the
    /// zeros of the others.
    ///
    /// - Parameter grid: the numbers that the weights of a level are rounded to; nil where they are not.
    public static func stored(
        for levels: LevelSet, grid: (Level) throws -> WeightGrid?
    ) rethrows -> [Level] {
        try levels.filter { !$0.isRemoved }.reduce(into: [.dense]) { stored, level in
            let own = level.stored(on: try grid(level))
            if !stored.contains(own) { stored.append(own) }
        }
    }

    /// The layers, in the order of computation.
    public var layers: [LayerShape] { database.layers }

    /// What each layer is like before it is pruned.
    public var facts: [LayerFacts] { database.facts }

    /// Relative error of each layer's output at each level, [layer][level]; 0 where nothing is dropped. What a
    /// sublayer that is removed loses stands with its first layer.
    public var errors: [[Double]] {
        let first = Set(layers.sublayers.compactMap(\.first))
        return database.errors.enumerated().map { number, layer in
            stored.map { $0.map { layer[$0] } ?? (first.contains(number) ? 1 : 0) }
        }
    }

    /// Whether a level has the weights that the layers came with.
    public func isUnchanged(_ level: Int) -> Bool {
        stored[level].map { database.levels[$0] == .dense } ?? false
    }

    /// What is left of a layer's weight at a level, both by their index; the level must change something.
    /// - Throws: `Issue` when the layer's file is not what the index says.
    public func weight(layer: Int, level: Int) throws -> PrunedWeight {
        guard let stored = stored[level] else {
            return PrunedWeight(Matrix(rows: layers[layer].rows, columns: layers[layer].cols))
        }
        return try database.weight(layer: layer, level: stored)
    }
}

extension Level {
    /// Under which level a database has the weights of this one: where they are not rounded to a grid, every precision
    /// has the same.
    public func stored(on grid: WeightGrid?) -> Level {
        grid == nil ? with(.float32) : self
    }
}
