import Foundation
import Levels
import ModelFiles

/// Changes fields of a folder's `config.json`.
enum ConfigurationFields {
    /// Reads it, changes it, and writes it back in one piece.
    /// - Throws: `Issue` for a file that holds no object, or that cannot be written.
    static func change(in folder: String, _ body: (inout [String: Any]) -> Void) throws {
        let configuration = try ModelConfiguration(folder: folder)
        guard var fields = try JSONSerialization.jsonObject(with: configuration.json) as? [String: Any] else {
            throw Issue(.malformed, .path(configuration.path), found: "no JSON object", allowed: "one")
        }
        body(&fields)
        let data = try JSONSerialization.data(
            withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try AtomicFile.write(data, to: configuration.path)
    }
}
