import ArgumentParser
import Foundation
import Search
import Tensors

/// Options that several commands share.
struct MachineOptions: ParsableArguments {
    @Option(help: "Threads to compute with; all processors unless given.")
    var threads = Self.processors

    /// How many processors this program may use.
    static var processors: Int { ProcessInfo.processInfo.activeProcessorCount }

    @Option(help: "Tokens of a sequence.")
    var tokens = 128

    func validate() throws {
        guard (1...256).contains(threads) else {
            throw ValidationError("--threads: found \(threads), allowed 1 to 256")
        }
        guard (1...512).contains(tokens) else {
            throw ValidationError("--tokens: found \(tokens), allowed 1 to 512")
        }
    }
}

/// Where level databases are kept.
struct CacheOptions: ParsableArguments {
    @Option(help: "Folder that keeps level databases for the next search of the same model.")
    var cache = Self.standard

    private static var standard: String {
        let environment = ProcessInfo.processInfo.environment
        if let base = environment["XDG_CACHE_HOME"], !base.isEmpty { return "\(base)/secateur" }
        return "\(environment["HOME"] ?? NSTemporaryDirectory())/.cache/secateur"
    }
}

/// What a command line names as a model: a model folder, or a run folder with a model in it.
enum ModelArgument {
    /// Bytes of a model folder's weights file; 0 when there is none.
    static func weightBytes(_ folder: String) -> Int {
        let attributes = try? FileManager.default.attributesOfItem(atPath: "\(folder)/model.safetensors")
        return (attributes?[.size] as? Int) ?? 0
    }

    /// Loads either.
    static func load(_ path: String) throws -> EncoderModel {
        let own = "\(path)/model"
        let isRun =
            FileManager.default.fileExists(atPath: "\(path)/run.json")
            || FileManager.default.fileExists(atPath: "\(own)/config.json")
        return try EncoderModel(folder: isRun ? own : path)
    }
}
