import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Transformers

/// A pruned model as a Hugging Face folder: the dense model's files with some weights replaced.
///
/// Zeros are written out, and Secateur packs them on load. Weights in whole
/// numbers are an I8 tensor of the weight's name, and an F32 tensor `NAME_scale` [rows] that its rows are
/// multiplied with, as compressed-tensors has them.
public enum PrunedModelFolder {
    /// Writes a folder; it appears whole or not at all.
    ///
    /// - Parameters:
    ///   - weights: the replaced weights, by layer name.
    ///   - levels: what layers were pruned to, which the file's metadata says; weights of int8 levels are written in
    ///     8 bits with a scale for each row.
    ///   - source: the dense model's folder.
    ///   - modules: those of the model, an encoder.
    ///   - metadata: is added to the safetensors file's own.
    /// - Throws: `Issue` when the destination exists, or cannot be written to.
    public static func write(
        weights: [String: Matrix], levels: [String: Level] = [:], of source: String, _ modules: ModuleTree,
        metadata: [String: String], to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try QuantizationField.drop(in: folder)
            try writeWeights(weights, levels, of: source, modules, metadata: metadata, to: folder)
        }
    }

    private static func writeWeights(
        _ weights: [String: Matrix], _ levels: [String: Level], of source: String, _ modules: ModuleTree,
        metadata: [String: String], to folder: String
    ) throws {
        let file = try SafetensorsFile(path: "\(source)/model.safetensors")
        let prefix = modules.prefix(in: file)
        var replaced: [String: Matrix] = [:]
        for (layer, weight) in weights { replaced["\(prefix)\(layer).weight"] = weight }
        let rounded = Set(levels.filter { $1.precision == .int8 }.map { "\(prefix)\($0.key).weight" })
        let tensors = try file.names.flatMap { name -> [SafetensorsTensor] in
            let info = try file.info(name)
            guard let weight = replaced[name] else {
                // The scales of a weight that is replaced go with it.
                if file.isScale(name),
                    replaced[String(name.dropLast(SafetensorsFile.scaleSuffix.count))] != nil
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
            return rounded.contains(name)
                ? SafetensorsTensor.integers(name, weight)
                : [SafetensorsTensor(name: name, shape: info.shape, floats: weight.elements)]
        }
        let untouched = StoredLevels(metadata: file.metadata).levels.filter { weights[$0.key] == nil }
        let stored = StoredLevels(untouched.merging(levels) { _, new in new })
        try SafetensorsWriter.write(
            tensors, metadata: stored.replacing(in: file.metadata.merging(metadata) { _, new in new }),
            to: "\(folder)/model.safetensors")
    }
}

extension SafetensorsTensor {
    /// A weight in 8 bits, and the scales of its rows.
    public static func integers(_ name: String, _ weight: Matrix) -> [SafetensorsTensor] {
        let rows = IntegerRows(weight)
        return [
            SafetensorsTensor(
                name: name, shape: [weight.rows, weight.columns], elementType: .i8,
                bytes: rows.values.withUnsafeBytes { Data($0) }),
            SafetensorsTensor(
                name: name + SafetensorsFile.scaleSuffix, shape: [weight.rows], floats: rows.scales),
        ]
    }
}
