import Foundation
import Levels
import ModelFiles

/// An encoder as a Hugging Face folder with all of its weights in floating point.
public enum EncoderFolder {
    /// Writes the tensors of a folder with every weight in floating point: whole numbers times their scales, in
    /// single precision.
    /// - Throws: `Issue` for weights without their scales, a destination that exists or cannot be written to.
    public static func writeFloats(of source: String, to destination: String) throws {
        let file = try SafetensorsFile(path: "\(source)/model.safetensors")
        let tensors = try file.names.filter { !file.isPart($0) }.map { name in
            let info = try file.info(name)
            guard info.packing != nil else { return try file.copy(of: name) }
            return SafetensorsTensor(
                name: name, shape: info.shape, elementType: .f32,
                producing: { try file.weights(name).withUnsafeBytes { Data($0) } })
        }
        try write(tensors, of: source, configuration: [:], to: destination)
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
        let path = "\(source)/config.json"
        guard let data = FileManager.default.contents(atPath: path),
            var fields = try? JSONSerialization.jsonObject(with: data) as? [String: Any]
        else { throw Issue(.malformed, .path(path), advice: "cannot be read as a JSON object") }
        fields[QuantizationField.name] = nil
        fields.merge(changes) { _, new in new }
        try NewFolder.write(to: destination) { folder in
            try ModelFolderCopy.copy(from: source, to: folder)
            let json = try JSONSerialization.data(
                withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
            try AtomicFile.write(json, to: "\(folder)/config.json")
            try SafetensorsWriter.write(
                tensors, metadata: ["format": "pt"], to: "\(folder)/model.safetensors")
        }
    }
}
