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
    ///   - weights: what is left of the replaced weights, by layer name; biases are left of as many rows.
    ///   - levels: what layers were pruned to, which the file's metadata says; formats say how a file has their
    ///     weights, also of layers in another precision that are not replaced.
    ///   - words: word embeddings [vocabulary × hidden] in 8 bits; nil where they stay as they are.
    ///   - source: the dense model's folder.
    ///   - architecture: that of the model, an encoder.
    ///   - metadata: is added to the safetensors file's own.
    ///   - formats: pack the weights of the levels.
    /// - Throws: `Issue` when the destination exists, or cannot be written to.
    public static func write(
        weights: [String: PrunedWeight], levels: [String: Level] = [:], words: IntegerRows? = nil,
        others: [String: [Float]] = [:], of source: String, _ architecture: Architecture,
        metadata: [String: String], formats: LevelFormats = .standard, to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try QuantizationField.drop(in: folder)
            if weights.values.contains(where: { $0.rows != nil }) {
                try setSizes(weights, of: source, architecture, in: folder)
            }
            try writeWeights(
                weights, levels, words: words, others: others, of: source, architecture.modules,
                metadata: metadata,
                formats: formats,
                to: folder)
        }
    }

    /// Says in `config.json` how many heads and neurons are left.
    private static func setSizes(
        _ weights: [String: PrunedWeight], of source: String, _ architecture: Architecture, in folder: String
    ) throws {
        guard let description = architecture.encoder else { return }
        let checkpoint = try EncoderCheckpoint(
            folder: source, architectures: Architectures([architecture]))
        let heads = checkpoint.dimensions.heads
        let blocks = checkpoint.blocks.indices.map { number in
            let left = checkpoint.layers(ofBlock: number).map { shape in
                (shape, weights[shape.name]?.matrix.rows ?? shape.rows)
            }
            func rows(_ role: LayerRole) -> Int { left.first { $0.0.role == role }?.1 ?? 0 }
            return (heads: rows(.query) / checkpoint.dimensions.headSize, neurons: rows(.feedForwardUp))
        }
        let fields = description.widthFields(
            intermediate: blocks.map(\.neurons).max() ?? 0, heads: blocks.map(\.heads), of: heads)
        try ConfigurationFields.change(in: folder) { $0.merge(fields) { _, new in new } }
    }

    private static func writeWeights(
        _ weights: [String: PrunedWeight], _ levels: [String: Level], words: IntegerRows?,
        others: [String: [Float]],
        of source: String, _ modules: ModuleTree,
        metadata: [String: String], formats: LevelFormats, to folder: String
    ) throws {
        let file = try SafetensorsFile(folder: source)
        let prefix = modules.prefix(in: file)
        var replaced: [String: [SafetensorsTensor]] = [:]
        if let words {
            let name = "\(prefix)\(modules.words.name).weight"
            replaced[name] = SafetensorsTensor.integers(name, words.values, scales: words.scales)
        }
        for layer in Set(weights.keys).union(levels.keys) {
            let (name, level) = ("\(prefix)\(layer).weight", levels[layer] ?? .dense)
            let given = weights[layer]
            guard let weight = try given?.matrix ?? rounded(name, at: level, in: file) else { continue }
            let shape = try file.info(name).shape
            guard given?.isPart(ofRows: shape[0], columns: shape[1]) ?? true else {
                throw Issue(
                    .mismatch, .path(file.path), field: .tensor(name), found: "shape \(shape)",
                    allowed: "\([weight.rows, weight.columns])")
            }
            replaced[name] = formats.tensors(level, name: name, weight: weight)
            let bias = "\(prefix)\(layer).bias"
            if let given, given.rows != nil, file.names.contains(bias) {
                let left = given.bias(of: try file.weights(bias))
                replaced[bias] = [SafetensorsTensor(name: bias, shape: [left.count], floats: left)]
            }
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
        // What is left of a layer is all that the file knows.
        let stored = StoredLevels(untouched.merging(levels.mapValues { $0.with(width: 1) }) { _, new in new })
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
