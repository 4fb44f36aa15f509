import Levels
import ModelFiles

/// The architectures that models are loaded by.
///
///     let architectures = Architectures.standard.adding(mine)
///     let model = try Encoder(folder: "models/mine", architectures: architectures)
public struct Architectures: Sendable {
    /// Each of its own `model_type`.
    public let all: [Architecture]

    /// Those that Secateur knows: a line for each file of this folder.
    public static let standard = Architectures([
        .bert,
        .roberta,
        .xlmRoberta,
        .camembert,
        .distilbert,
        .llama,
        .gpt2,
        .qwen2,
        .qwen3,
        .mistral,
        .smollm3,
    ])

    /// Takes architectures; of two with the same `model_type`, the later counts.
    public init(_ architectures: [Architecture]) {
        all = architectures.reduce(into: []) { all, architecture in
            all.removeAll { $0.modelType == architecture.modelType }
            all.append(architecture)
        }
    }

    /// These and one more, which replaces the one of its `model_type`.
    public func adding(_ architecture: Architecture) -> Architectures {
        Architectures(all + [architecture])
    }

    /// The architecture of a `model_type` in `config.json`.
    public func named(_ modelType: String) -> Architecture? {
        all.first { $0.modelType == modelType }
    }

    /// The architecture of a `general.architecture` in GGUF files.
    public func gguf(_ name: String) -> Architecture? {
        all.first { $0.decoder?.gguf?.name == name }
    }

    /// Where a layer stands, by its name in a checkpoint; nil for a name that is no layer's of any
    /// architecture here.
    public func place(ofLayer name: String) -> (block: Int, role: LayerRole)? {
        all.lazy.compactMap { $0.modules.place(ofLayer: name) }.first
    }

    /// Where layers stand in the architectures that Secateur knows.
    public static func place(ofLayer name: String) -> (block: Int, role: LayerRole)? {
        standard.place(ofLayer: name)
    }

    /// The encoder of a model folder.
    /// - Throws: `Issue` for a `model_type` that is not known, or is a decoder's.
    func encoder(_ json: ModelConfiguration) throws -> (architecture: Architecture, EncoderDescription) {
        let type = try json.modelType
        guard let architecture = named(type), let encoder = architecture.encoder else {
            throw Self.unknown(
                type, "model_type", all.filter { $0.encoder != nil }.map(\.modelType), json.path)
        }
        return (architecture, encoder)
    }

    /// The decoder of a model folder.
    func decoder(_ json: ModelConfiguration) throws -> (architecture: Architecture, DecoderDescription) {
        let type = try json.modelType
        guard let architecture = named(type), let decoder = architecture.decoder else {
            throw Self.unknown(
                type, "model_type", all.filter { $0.decoder != nil }.map(\.modelType), json.path)
        }
        return (architecture, decoder)
    }

    /// The decoder of a GGUF file.
    func decoder(_ file: GGUFFile) throws -> (architecture: Architecture, GGUFDescription) {
        let name = try file.string("general.architecture")
        guard let architecture = gguf(name), let description = architecture.decoder?.gguf else {
            throw Self.unknown(name, "architecture", all.compactMap { $0.decoder?.gguf?.name }, file.path)
        }
        return (architecture, description)
    }

    private static func unknown(_ found: String, _ key: String, _ known: [String], _ file: String)
        -> Issue
    {
        let allowed = known.map { "'\($0)'" }.joined(separator: ", ")
        return Issue(.unsupported, .path(file), field: .part(key), found: "'\(found)'", allowed: allowed)
    }
}
