import Foundation
import Levels

/// What the layers of a pruned model were pruned to, as its safetensors file says in its metadata: under
/// `secateur.levels`, a JSON object of texts such as `4x1@0.500:int8` by layer name.
///
/// It tells which kernel fits. What is computed does not depend on it: kernels take the weights as they are.
public struct StoredLevels: Sendable {
    /// Levels by layer name; of other layers nothing is said.
    public let levels: [String: Level]

    private static let key = "secateur.levels"

    /// Takes levels by layer name.
    public init(_ levels: [String: Level]) {
        self.levels = levels
    }

    /// Reads metadata; what is no level there is left out.
    public init(metadata: [String: String]) {
        let text = metadata[Self.key].map { Data($0.utf8) }
        let texts = text.flatMap { try? JSONDecoder().decode([String: String].self, from: $0) } ?? [:]
        levels = texts.compactMapValues { Level($0) }
    }

    /// A file's metadata with these levels instead of those that it may tell of.
    public func replacing(in metadata: [String: String]) -> [String: String] {
        metadata.filter { $0.key != Self.key }.merging(self.metadata) { _, new in new }
    }

    /// What a file says; nothing where no layer has a level.
    private var metadata: [String: String] {
        guard !levels.isEmpty else { return [:] }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try? encoder.encode(levels.mapValues(\.description))
        return data.map { [Self.key: String(decoding: $0, as: UTF8.self)] } ?? [:]
    }
}
