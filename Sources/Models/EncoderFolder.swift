import Foundation
import Levels
import ModelFiles
import Transformers

/// An encoder as a Hugging Face folder with all of its weights in floating point.
public enum EncoderFolder {
    /// Writes the tensors of a folder with every weight in floating point: whole numbers times their scales, in
    /// single precision.
    ///
    /// - Parameter shapes: what layers are filled up to with rows, columns and biases of zeros, by their names.
    /// - Throws: `Issue` for weights without their scales, a destination that exists or cannot be written to.
    public static func writeFloats(
        of source: String, _ architecture: Architecture, filling shapes: [String: [Int]] = [:],
        to destination: String
    ) throws {
        let file = try SafetensorsFile(folder: source)
        let prefix = architecture.modules.prefix(in: file)
        var filled: [String: [Int]] = [:]
        for (layer, shape) in shapes {
            filled["\(prefix)\(layer).weight"] = shape
            filled["\(prefix)\(layer).bias"] = [shape[0]]
        }
        let tensors = try file.names.filter { !file.isPart($0) }.map { name in
            let info = try file.info(name)
            let shape = filled[name] ?? info.shape
            guard info.packing != nil || shape != info.shape else { return try file.copy(of: name) }
            return SafetensorsTensor(
                name: name, shape: shape, elementType: .f32,
                producing: {
                    try Self.filled(file.weights(name), info.shape, to: shape).withUnsafeBytes { Data($0) }
                })
        }
        try write(
            tensors, of: source, configuration: fields(of: source, architecture, filling: shapes),
            to: destination)
    }

    /// A matrix or a vector with zeros behind its rows and columns.
    private static func filled(_ elements: [Float], _ shape: [Int], to whole: [Int]) -> [Float] {
        guard shape != whole else { return elements }
        let (columns, wide) = (shape.count == 2 ? shape[1] : 1, whole.count == 2 ? whole[1] : 1)
        var result = [Float](repeating: 0, count: whole.reduce(1, *))
        for row in 0..<shape[0] {
            for column in 0..<columns {
                result[row * wide + column] = elements[row * columns + column]
            }
        }
        return result
    }

    /// What `config.json` says of a model whose blocks are filled up.
    private static func fields(
        of source: String, _ architecture: Architecture, filling shapes: [String: [Int]]
    ) throws -> [String: Any] {
        guard !shapes.isEmpty, let description = architecture.encoder else { return [:] }
        let checkpoint = try EncoderCheckpoint(folder: source, architectures: Architectures([architecture]))
        let neurons = checkpoint.blocks.indices.flatMap { checkpoint.layers(ofBlock: $0) }
            .filter { $0.role == .feedForwardUp }.map { shapes[$0.name]?[0] ?? $0.rows }
        return description.widthFields(intermediate: neurons.max() ?? 0, heads: [], of: 0)
    }

    /// Writes tensors and a changed `config.json`, with the other files of the folder that the model came
    /// from; the folder appears whole or not at all.
    ///
    /// - Parameter changes: fields of `config.json` that are set; what is not named stays.
    /// - Throws: `Issue` when the destination exists, or cannot be written to.
    public static func write(
        _ tensors: [SafetensorsTensor], of source: String, configuration changes: [String: Any],
        to destination: String
    ) throws {
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            try ConfigurationFields.change(in: folder) { fields in
                fields[QuantizationField.name] = nil
                fields.merge(changes) { _, new in new }
            }
            try SafetensorsWriter.write(
                tensors, metadata: ["format": "pt"], to: "\(folder)/model.safetensors")
        }
    }
}
