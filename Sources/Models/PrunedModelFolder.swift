import Foundation
import ModelFiles
import Tensors
import Transformers

/// A pruned model as a Hugging Face folder: the dense model's files with some weights replaced.
///
/// Zeros are written out, so that any safetensors reader loads it; Secateur packs it on load.
public enum PrunedModelFolder {
    /// Writes a folder; it appears whole or not at all.
    ///
    /// - Parameters:
    ///   - weights: the replaced weights, by layer name.
    ///   - source: the dense model's folder.
    ///   - modules: those of the model, an encoder.
    ///   - metadata: is added to the safetensors file's own.
    /// - Throws: `ModelFileError` when the destination exists, or cannot be written to.
    public static func write(
        weights: [String: Matrix], of source: String, _ modules: ModuleTree, metadata: [String: String],
        to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try writeWeights(weights, of: source, modules, metadata: metadata, to: folder)
        }
    }

    private static func writeWeights(
        _ weights: [String: Matrix], of source: String, _ modules: ModuleTree, metadata: [String: String],
        to folder: String
    ) throws {
        let file = try SafetensorsFile(path: "\(source)/model.safetensors")
        let prefix = modules.prefix(in: file)
        var replaced: [String: Matrix] = [:]
        for (layer, weight) in weights { replaced["\(prefix)\(layer).weight"] = weight }
        let tensors = try file.names.map { name in
            let info = try file.info(name)
            guard let weight = replaced[name] else {
                return SafetensorsTensor(
                    name: name, shape: info.shape, elementType: info.elementType,
                    producing: { try file.withUnsafeBytes(of: name) { Data($0) } })
            }
            guard info.shape == [weight.rows, weight.columns] else {
                throw ModelFileError(
                    file: file.path, tensor: name,
                    message: "found shape \(info.shape), allowed \([weight.rows, weight.columns])")
            }
            return SafetensorsTensor(name: name, shape: info.shape, floats: weight.elements)
        }
        try SafetensorsWriter.write(
            tensors, metadata: file.metadata.merging(metadata) { _, new in new },
            to: "\(folder)/model.safetensors")
    }
}
