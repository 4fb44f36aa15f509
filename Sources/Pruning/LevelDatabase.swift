import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Transformers

/// Every layer pruned to every level once, on disk, so that a candidate policy is put together by picking
/// and never by pruning again.
///
/// A folder with one memory-mapped safetensors file for each layer (`unstructured@0.700.mask` and
/// `.values`) and an `index.json` that is written last. Reused when the key is the same: model,
/// calibration text, score and levels.
public final class LevelDatabase: Sendable {
    /// What databases of this kind call themselves.
    static let schema = "secateur.level-database/6"

    /// What the index says.
    struct Index: Codable, Equatable {
        var schema = LevelDatabase.schema
        let key: String
        let levels: [String]
        let layers: [LayerShape]
        /// tr(Δ·H·Δᵀ) / tr(W·H·Wᵀ) with H the input covariance, [layer][level].
        let errors: [[Double]]
        let facts: [LayerFacts]
        /// Of each layer's sublayer; none where no level is of a narrow one.
        let rankings: [UnitRanking]
    }

    /// The levels, in the order of the tables. Those of a precision that does not round weights stand as float32, as all such
    /// have the same zeros.
    public let levels: [Level]
    /// The layers, in the order of computation.
    public let layers: [LayerShape]
    /// Relative error of each layer's output at each level, [layer][level]; 0 for dense.
    public let errors: [[Double]]
    /// What each layer is like before it is pruned.
    public let facts: [LayerFacts]
    private let rankings: [UnitRanking]
    private let folder: String

    /// Opens a database of a key; nil when there is none at the folder, or one of another key or another
    /// version of this program.
    /// - Throws: `Issue` when it is damaged.
    public static func open(folder: String, key: String) throws -> LevelDatabase? {
        let path = "\(folder)/index.json"
        guard let data = FileManager.default.contents(atPath: path) else { return nil }
        struct Version: Decodable { let schema: String }
        let version = try? JSONDecoder().decode(Version.self, from: data)
        if let version, version.schema != schema, version.schema.hasPrefix("secateur.level-database/") {
            return nil
        }
        let index = try readIndex(folder)
        guard index.key == key else { return nil }
        return try LevelDatabase(folder: folder, index: index)
    }

    /// Opens the database at a folder, of whatever key.
    /// - Throws: `Issue` when there is none, or it is damaged.
    public convenience init(folder: String) throws {
        try self.init(folder: folder, index: try Self.readIndex(folder))
    }

    private static let remedy = "remove the folder, and the next search makes it again"

    private static func readIndex(_ folder: String) throws -> Index {
        let path = "\(folder)/index.json"
        guard let data = FileManager.default.contents(atPath: path),
            let index = try? JSONDecoder().decode(Index.self, from: data)
        else { throw Issue(.malformed, .path(path), found: "no index of a level database", advice: remedy) }
        let sizes = index.layers.flatMap { [$0.rows, $0.cols] }
        guard sizes.allSatisfy((1...1 << 24).contains), index.errors.count == index.layers.count,
            index.facts.count == index.layers.count,
            index.errors.allSatisfy({ $0.count == index.levels.count }),
            index.levels.first == Level.dense.description,
            !index.layers.contains(where: { $0.name.contains("/") }),
            index.rankings.isEmpty
                || index.rankings.count == index.layers.count
                    && zip(index.rankings, index.layers).allSatisfy({ $0.covers($1.innerFeatures) })
        else {
            throw Issue(
                .malformed, .path(path), found: "shapes, levels and errors that do not belong together",
                advice: "damaged: \(remedy)")
        }
        return index
    }

    init(folder: String, index: Index) throws {
        levels = try index.levels.map { text in
            guard let level = Level(text) else {
                throw Issue(
                    .malformed, .path("\(folder)/index.json"), found: "level '\(text)'", allowed: Level.form)
            }
            return level
        }
        layers = index.layers
        facts = index.facts
        errors = index.errors
        rankings = index.rankings
        guard !rankings.isEmpty || !levels.contains(where: \.isNarrow) else {
            throw Issue(
                .malformed, .path("\(folder)/index.json"), found: "narrow levels, and no ranking of units",
                advice: "damaged: \(Self.remedy)")
        }
        self.folder = folder
        // Every file is checked now, and mapped again when it is read.
        for layer in index.layers { _ = try SafetensorsFile(path: Self.path(folder, layer.name)) }
    }

    static func path(_ folder: String, _ layer: String) -> String {
        "\(folder)/\(layer).safetensors"
    }

    /// What is left of a layer's weight at a level, both by their index; level must not be dense.
    /// - Throws: `Issue` when the layer's file is not what the index says.
    public func weight(layer: Int, level: Int) throws -> PrunedWeight {
        let (shape, level) = (layers[layer], levels[level])
        let left = shape.narrowed(to: level.width)
        let matrix = try matrix(level.description, rows: left.rows, columns: left.cols, of: shape.name)
        return level.isNarrow
            ? rankings[layer].place(matrix, of: shape, at: level.width) : PrunedWeight(matrix)
    }

    private func matrix(_ name: String, rows: Int, columns: Int, of layer: String) throws -> Matrix {
        // Mapped for this call only: pages of a database that was read would count as memory in use.
        let file = try SafetensorsFile(path: Self.path(folder, layer))
        if file.tensors[name] != nil {
            return Matrix(
                rows: rows, columns: columns, elements: try file.weights(name, shape: [rows, columns]))
        }
        let weight = try file.withUnsafeBytes(of: "\(name).mask") { mask in
            try file.withUnsafeBytes(of: "\(name).values") { values in
                PackedWeight.unpack(mask: mask, values: values, rows: rows, columns: columns)
            }
        }
        guard let weight else {
            throw Issue(
                .malformed, .path(file.path), field: .tensor("\(name).values"),
                found: "another number of values than its mask keeps")
        }
        return weight
    }

    /// Where a level's weights stand; nil where the database has none.
    func index(of level: Level) -> Int? {
        levels.firstIndex(of: level) ?? levels.firstIndex(of: level.with(.float32))
    }

    /// The key of a database: a digest of all that its content depends on.
    public static func key(
        model: String, calibration: String, score: PruningScore, levels: [Level]
    ) -> String {
        FileDigest.sha256(lines: [model, calibration, score.rawValue] + levels.map(\.description))
    }

    /// Where a cache keeps the database of a key.
    public static func folder(cache: String, key: String) -> String {
        "\(cache)/levels-\(key.prefix(16))"
    }

    /// The weights of all layers at levels that the database has, by layer name; dense layers are left out.
    public func weights(_ chosen: [Level]) throws -> [String: PrunedWeight] {
        precondition(chosen.count == layers.count)
        var weights: [String: PrunedWeight] = [:]
        for (layer, level) in chosen.enumerated() {
            guard !level.isRemoved else {
                weights[layers[layer].name] = PrunedWeight(
                    Matrix(rows: layers[layer].rows, columns: layers[layer].cols))
                continue
            }
            guard let index = index(of: level), levels[index] != .dense else { continue }
            weights[layers[layer].name] = try weight(layer: layer, level: index)
        }
        return weights
    }
}
