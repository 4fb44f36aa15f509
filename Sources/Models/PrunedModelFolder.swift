import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Transformers

/// A pruned model as a Hugging Face folder: the dense model's files with some weights replaced.
///
/// Weights in whole numbers are packed as `IntegerPacking` says: without the columns that a unit of rows drops, or in
/// 4 bits. Those in bfloat16 are BF16 tensors. Zeros of other weights are written out, and Secateur packs them on load.
public enum PrunedModelFolder {
    /// Writes a folder; it appears whole or not at all.
    ///
    /// - Parameters:
    ///   - weights: the replaced weights, by layer name.
    ///   - levels: what layers were pruned to, which the file's metadata says; formats say how a file has their
    ///     weights, also of layers in another precision that are not replaced.
    ///   - words: word embeddings [vocabulary × hidden] in 8 bits; nil where they stay as they are.
    ///   - source: the dense model's folder.
    ///   - modules: those of the model, an encoder.
    ///   - metadata: is added to the safetensors file's own.
    ///   - formats: pack the weights of the levels.
    /// - Throws: `Issue` when the destination exists, or cannot be written to.
    public static func write(
        weights: [String: Matrix], levels: [String: Level] = [:], words: IntegerRows? = nil,
        of source: String, _ modules: ModuleTree,
        metadata: [String: String], formats: LevelFormats = .standard, to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try QuantizationField.drop(in: folder)
            try writeWeights(
                weights, levels, words: words, of: source, modules, metadata: metadata, formats: formats,
                to: folder)
        }
    }

    private static func writeWeights(
        _ weights: [String: Matrix], _ levels: [String: Level], words: IntegerRows?, of source: String,
        _ modules: ModuleTree,
        metadata: [String: String], formats: LevelFormats, to folder: String
    ) throws {
        let file = try SafetensorsFile(path: "\(source)/model.safetensors")
        let prefix = modules.prefix(in: file)
        var replaced: [String: Matrix] = [:]
        for (layer, weight) in weights { replaced["\(prefix)\(layer).weight"] = weight }
        let wordsName = "\(prefix)\(modules.words.name).weight"
        var levelOf: [String: Level] = [:]
        for (layer, level) in levels { levelOf["\(prefix)\(layer).weight"] = level }
        for (name, level) in levelOf where replaced[name] == nil && level.precision != .float32 {
            let shape = try file.info(name).shape
            guard shape.count == 2 else { continue }
            replaced[name] = Matrix(rows: shape[0], columns: shape[1], elements: try file.weights(name))
        }
        let tensors = try file.names.flatMap { name -> [SafetensorsTensor] in
            let info = try file.info(name)
            if let words, name == wordsName {
                return SafetensorsTensor.integers(name, words.values, scales: words.scales)
            }
            guard let weight = replaced[name] else {
                // What belongs to a weight that is replaced goes with it.
                if let whole = file.whole(of: name),
                    replaced[whole] != nil || (words != nil && whole == wordsName)
                {
                    return []
                }
                return [try file.copy(of: name)]
            }
            guard info.shape == [weight.rows, weight.columns] else {
                throw Issue(
                    .mismatch, .path(file.path), field: .tensor(name), found: "shape \(info.shape)",
                    allowed: "\([weight.rows, weight.columns])")
            }
            return formats.tensors(levelOf[name] ?? .dense, name: name, weight: weight)
        }
        let untouched = StoredLevels(metadata: file.metadata).levels.filter { weights[$0.key] == nil }
        let stored = StoredLevels(untouched.merging(levels) { _, new in new })
        try SafetensorsWriter.write(
            tensors, metadata: stored.replacing(in: file.metadata.merging(metadata) { _, new in new }),
            to: "\(folder)/model.safetensors")
    }
}
