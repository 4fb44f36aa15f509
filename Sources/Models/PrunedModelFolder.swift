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
        others: [String: [Float]] = [:], of source: String, _ modules: ModuleTree,
        metadata: [String: String], formats: LevelFormats = .standard, to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try QuantizationField.drop(in: folder)
            try writeWeights(
                weights, levels, words: words, others: others, of: source, modules, metadata: metadata,
                formats: formats,
                to: folder)
        }
    }

    private static func writeWeights(
        _ weights: [String: Matrix], _ levels: [String: Level], words: IntegerRows?,
        others: [String: [Float]],
        of source: String, _ modules: ModuleTree,
        metadata: [String: String], formats: LevelFormats, to folder: String
    ) throws {
        let file = try SafetensorsFile(path: "\(source)/model.safetensors")
        let prefix = modules.prefix(in: file)
        var replaced: [String: [SafetensorsTensor]] = [:]
        if let words {
            let name = "\(prefix)\(modules.words.name).weight"
            replaced[name] = SafetensorsTensor.integers(name, words.values, scales: words.scales)
        }
        for layer in Set(weights.keys).union(levels.keys) {
            let (name, level) = ("\(prefix)\(layer).weight", levels[layer] ?? .dense)
            guard let weight = try weights[layer] ?? rounded(name, at: level, in: file) else { continue }
            let shape = try file.info(name).shape
            guard shape == [weight.rows, weight.columns] else {
                throw Issue(
                    .mismatch, .path(file.path), field: .tensor(name), found: "shape \(shape)",
                    allowed: "\([weight.rows, weight.columns])")
            }
            replaced[name] = formats.tensors(level, name: name, weight: weight)
        }
        for (parameter, elements) in others {
            let name = file.names.contains(parameter) ? parameter : prefix + parameter
            let shape = try file.info(name).shape
            guard shape.reduce(1, *) == elements.count else {
                throw Issue(
                    .mismatch, .path(file.path), field: .tensor(name), found: "shape \(shape)",
                    allowed: "\(elements.count) numbers")
            }
            replaced[name] = [SafetensorsTensor(name: name, shape: shape, floats: elements)]
        }
        let tensors = try file.names.flatMap { name -> [SafetensorsTensor] in
            if let tensors = replaced[name] { return tensors }
            // What belongs to a weight that is replaced goes with it.
            if let whole = file.whole(of: name), replaced[whole] != nil { return [] }
            return [try file.copy(of: name)]
        }
        let untouched = StoredLevels(metadata: file.metadata).levels.filter { weights[$0.key] == nil }
        let stored = StoredLevels(untouched.merging(levels) { _, new in new })
        try SafetensorsWriter.write(
            tensors, metadata: stored.replacing(in: file.metadata.merging(metadata) { _, new in new }),
            to: "\(folder)/model.safetensors")
    }

    /// A weight that is not replaced and is to be stored in another precision than single; nil for others.
    private static func rounded(_ name: String, at level: Level, in file: SafetensorsFile) throws -> Matrix? {
        let shape = try file.info(name).shape
        guard level.precision != .float32, shape.count == 2 else { return nil }
        return Matrix(rows: shape[0], columns: shape[1], elements: try file.weights(name))
    }
}
