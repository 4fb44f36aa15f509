import Foundation
import Levels
import ModelFiles

/// The learned policy as other machines and tools read it; `policy.json`.
///
/// Its JSON Schema is `docs/policy.schema.json`. Only the layers are needed to prune a model; the rest says
/// what they were learned on and what was measured there.
public struct Policy: Sendable, Codable, Equatable {
    /// What was chosen for a layer.
    public struct Layer: Sendable, Codable, Equatable {
        /// The layer's name in the checkpoint, without `.weight`.
        public let layer: String
        /// Its level.
        public let level: Level
        /// Output features, where the file says.
        public var rows: Int?
        /// Input features, where the file says.
        public var cols: Int?

        /// Puts a layer and its level together.
        public init(layer: String, level: Level, rows: Int? = nil, cols: Int? = nil) {
            self.layer = layer
            self.level = level
            self.rows = rows
            self.cols = cols
        }
    }

    /// The name and version of this format.
    public let schema: String
    /// SHA-256 of the dense model's weights file.
    public var modelDigest: String?
    /// How layers were pruned: `magnitude`, `wanda` or `obs`.
    public var solver: String?
    /// A level for every layer.
    public let layers: [Layer]
    /// The machine that latencies were measured on.
    public var hardware: String?
    /// What latency was measured of.
    public var workload: Workload?
    /// Threads that it was measured with.
    public var threads: Int?
    /// Measured latency of the pruned model, in milliseconds; the median.
    public var latencyMs: Double?
    /// Its 95th percentile.
    public var latencyP95Ms: Double?
    /// Its mean, where it follows the lengths of texts.
    public var latencyMeanMs: Double?
    /// Measured latency of the dense model, in milliseconds; the median.
    public var denseLatencyMs: Double?
    /// Its 95th percentile.
    public var denseLatencyP95Ms: Double?
    /// Its mean, where it follows the lengths of texts.
    public var denseLatencyMeanMs: Double?
    /// Bytes of the pruned weights, packed.
    public var sizeBytes: Int?
    /// Quality on the reward data, as a fraction of dense.
    public var quality: Double?

    /// The present format.
    public static let schema = "secateur.policy/1"

    /// Takes a level for every layer.
    public init(layers: [Layer]) {
        schema = Self.schema
        self.layers = layers
    }

    /// Reads a policy and checks that it is one.
    /// - Throws: `Issue` for a missing or damaged file, another schema, a layer that comes twice.
    public init(path: String) throws {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Issue(.missing, .path(path), advice: "no such policy file")
        }
        let policy: Policy
        do {
            struct Header: Decodable { let schema: String }
            let schema = try JSONDecoder().decode(Header.self, from: data).schema
            guard schema == Self.schema else {
                throw Issue(
                    .unsupported, .path(path), field: "schema", found: "'\(schema)'",
                    allowed: "'\(Self.schema)'")
            }
            policy = try JSONDecoder().decode(Policy.self, from: data)
        } catch let error as DecodingError {
            throw Issue(.malformed, .path(path), found: "no policy, or a damaged one", advice: error.line)
        }
        var names: Set<String> = []
        for choice in policy.layers where !names.insert(choice.layer).inserted {
            throw Issue(
                .malformed, .path(path), field: "layer '\(choice.layer)'", found: "twice", allowed: "once")
        }
        guard !names.isEmpty else {
            throw Issue(.malformed, .path(path), field: "layers", found: "none", allowed: "one or more")
        }
        self = policy
    }

    /// The levels for a model's layers, in their order.
    ///
    /// - Parameter path: the policy's file, for errors.
    /// - Throws: `Issue` for a layer that the model has not, that the policy has not, or that is of
    ///   another shape.
    public func levels(for shapes: [LayerShape], path: String) throws -> [Level] {
        let known = Dictionary(shapes.map { ($0.name, $0) }) { first, _ in first }
        for choice in layers {
            guard let shape = known[choice.layer] else {
                throw Issue(
                    .mismatch, .path(path), field: "layer '\(choice.layer)'",
                    found: "no such layer in the model",
                    allowed: "one of its \(shapes.count), such as '\(shapes.first?.name ?? "")'")
            }
            guard choice.rows ?? shape.rows == shape.rows, choice.cols ?? shape.cols == shape.cols else {
                throw Issue(
                    .mismatch, .path(path), field: "layer '\(choice.layer)'",
                    found: "\(choice.rows ?? shape.rows)x\(choice.cols ?? shape.cols)",
                    allowed: "\(shape.rows)x\(shape.cols) as in the model")
            }
        }
        let chosen = Dictionary(uniqueKeysWithValues: layers.map { ($0.layer, $0.level) })
        for sublayer in shapes.sublayers {
            let own = sublayer.compactMap { place in
                chosen[shapes[place].name].map { (shapes[place].name, $0) }
            }
            guard let first = own.first, let other = own.first(where: { $0.1.width != first.1.width })
            else { continue }
            throw Issue(
                .mismatch, .path(path), field: "layer '\(other.0)'", found: "\(other.1)",
                allowed: "a level of width \(first.1.width), as '\(first.0)' of the same sublayer has")
        }
        return try shapes.map { shape in
            guard let level = chosen[shape.name] else {
                throw Issue(
                    .mismatch, .path(path), found: "no level for the model's layer '\(shape.name)'",
                    allowed: "one for each of its \(shapes.count)")
            }
            return level
        }
    }

    /// The file's content.
    public func json() throws -> Data {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(self)
    }

    /// Layers that are pruned, with their levels.
    package var pruned: [Layer] { layers.filter { !$0.level.keepsAll } }
}
