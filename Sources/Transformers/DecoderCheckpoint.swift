import Foundation
import Levels
import ModelFiles
import Tensors

/// A decoder's files being read: a GGUF file, or a Hugging Face folder. Parameters go by their Hugging Face
/// names whichever it is.
public struct DecoderCheckpoint: Sendable {
    /// What holds the tensors.
    public enum Container: Sendable {
        case gguf(GGUFFile)
        case folder(SafetensorsFile)

        var file: any TensorFile {
            switch self {
            case .gguf(let file): file
            case .folder(let folder): folder
            }
        }
    }

    /// What holds the tensors.
    public let container: Container
    /// The family.
    public let architecture: Architecture
    /// Sizes and settings.
    public let configuration: DecoderConfiguration

    /// Opens a GGUF file, or a folder with `config.json` and safetensors.
    /// - Throws: `Issue` for what is missing, malformed, or of an architecture that is not known.
    public init(path: String, architectures: Architectures = .standard) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw Issue(.missing, .path(path), advice: "no such model file or folder")
        }
        if isFolder.boolValue {
            let json = try ModelConfiguration(folder: path)
            let description: DecoderDescription
            (architecture, description) = try architectures.decoder(json)
            let folder = try SafetensorsFile(folder: path)
            container = .folder(folder)
            var configuration = try description.configuration(json)
            try json.requireFalse("is_encoder_decoder", "add_cross_attention", "rope_interleaved")
            for part in [json, try json.section("rope_parameters")].compactMap(\.self)
            where part.has("partial_rotary_factor") {
                guard try part.number("partial_rotary_factor", in: 0...1) == 1 else {
                    throw part.wrong("partial_rotary_factor", "1", .unsupported)
                }
            }
            try json.requireNoOthers(idle: IdleFields.all.union(["is_decoder"]))
            if !folder.names.contains("\(architecture.modules.output?.name ?? "").weight") {
                configuration.tiesEmbeddings = true
            }
            self.configuration = try configuration.checked(file: json.path)
        } else {
            let gguf = try GGUFFile(path: path)
            container = .gguf(gguf)
            let description: GGUFDescription
            (architecture, description) = try architectures.decoder(gguf)
            configuration = try description.configuration(gguf, description).checked(file: path)
        }
        try requireNothingElse()
    }

    /// Refuses tensors that would change what the model computes and are no part of its family here.
    private func requireNothingElse() throws {
        let (format, names): (DecoderFormat, [String]) =
            switch container {
            case .gguf(let file): (.gguf, file.names)
            case .folder(let file): (.folder, file.names.filter { !file.isPart($0) })
            }
        let known = Set(
            parameters.flatMap { parameter in
                let name = place(of: parameter, in: format).name
                return [name] + (modules.prefix.map { [name.droppingPrefix($0)] } ?? [])
            })
        // An output that is tied may be stored as well, and what is computed from the configuration.
        let output = modules.output.map { [$0.name, $0.gguf ?? $0.name].map { "\($0).weight" } } ?? []
        let idle = [".rotary_emb.inv_freq", ".attn.bias", ".attn.masked_bias"]
        for name in names where !known.contains(name) && !output.contains(name) {
            let isBeyond =
                modules.block(ofTensor: name, in: format).map { $0 >= configuration.blocks } ?? false
            guard name == RotaryPositions.ggufTensor || isBeyond || idle.contains(where: name.hasSuffix)
            else {
                throw Issue(
                    .unsupported, .path(path), field: .tensor(name),
                    found: "a tensor that is not computed with",
                    allowed: "those of \(architecture.modelType) as it is known here")
            }
        }
    }

    /// The file, or one of the folder's.
    public var path: String { container.file.path }

    /// Where a parameter stands in this file.
    private func stored(_ name: String) -> StoredParameter {
        switch container {
        case .gguf: stored(name, in: .gguf)
        case .folder(let folder):
            stored(name, in: .folder).spelt(as: folder.names, prefix: modules.prefix)
        }
    }

    /// A matrix parameter [rows × columns].
    /// - Throws: `Issue` when it is missing, of another shape, or holds no numbers.
    public func matrix(_ name: String, rows: Int, columns: Int) throws -> Matrix {
        let stored = stored(name)
        let tensor = try container.file.tensor(stored.name)
            .checked(shape: stored.shape(rows: rows, columns: columns))
        return stored.decoded(try tensor.floats(), rows: rows, columns: columns)
    }

    /// A vector parameter.
    public func vector(_ name: String, count: Int) throws -> [Float] {
        let stored = stored(name)
        let elements = try container.file.tensor(stored.name).checked(shape: [count]).floats()
        return stored.decoded(elements, rows: count, columns: 1).elements
    }

    /// A table [rows × columns] that is read row by row.
    func table(_ name: String, rows: Int, columns: Int) throws -> FloatTensor {
        try container.file.tensor(stored(name).name).checked(shape: [rows, columns])
    }

    /// A parameter's elements as another format stores them.
    ///
    /// - Parameters:
    ///   - parameter: one of ``parameters``.
    ///   - replacement: what is stored instead of what this file holds.
    /// - Returns: the name, the shape and the elements.
    public func converted(
        _ parameter: DecoderParameter, to format: DecoderFormat, replacing replacement: Matrix? = nil
    ) throws -> [Float] {
        guard let columns = parameter.columns else {
            let vector = try vector(parameter.name, count: parameter.rows)
            return stored(parameter.name, in: format)
                .encoded(Matrix(rows: parameter.rows, columns: 1, elements: vector))
        }
        let matrix = try replacement ?? matrix(parameter.name, rows: parameter.rows, columns: columns)
        return stored(parameter.name, in: format).encoded(matrix)
    }
}
