import Foundation
import Levels
import ModelFiles

/// A trained or structurally pruned encoder as a Hugging Face folder.
public enum EncoderFolder {
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
