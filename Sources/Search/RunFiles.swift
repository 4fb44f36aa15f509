import Foundation
import ModelFiles

/// The JSON files of a run folder.
public enum RunFiles {
    static func write(_ value: some Encodable, to path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try AtomicFile.write(try encoder.encode(value), to: path)
    }

    static func read<Value: Decodable>(_ path: String) throws -> Value {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw SearchFailure("\(path): no such file: is this the folder of a run?")
        }
        do {
            return try JSONDecoder().decode(Value.self, from: data)
        } catch {
            throw SearchFailure("\(path): found JSON of another kind, or damaged: \(error)")
        }
    }

    /// The options that a run was started with.
    public static func options(run folder: String) throws -> SearchOptions {
        try read("\(folder)/run.json")
    }

    /// The model that a run searched; nil when the folder is no run.
    public static func searchedModel(run folder: String) throws -> String? {
        guard FileManager.default.fileExists(atPath: "\(folder)/run.json") else { return nil }
        return try options(run: folder).model
    }
}
