import Foundation
import ModelFiles
import Tensors
import Tokenizers
import Transformers

/// A language model on its way out, some of its weights replaced: as a GGUF file, or as a Hugging Face
/// folder, whichever it was read from.
///
/// Zeros are written out, so that any reader loads it; Secateur packs them on load.
public struct DecoderExport {
    private let checkpoint: DecoderCheckpoint
    private let tokenizer: Tokenizer
    private let weights: [String: Matrix]

    /// Takes a model, its tokenizer, and weights [rows × cols] by layer name.
    public init(model: Decoder, tokenizer: Tokenizer, replacing weights: [String: Matrix] = [:]) {
        self.init(model.checkpoint, tokenizer: tokenizer, replacing: weights)
    }

    /// Takes a model's files instead of the model.
    package init(
        _ checkpoint: DecoderCheckpoint, tokenizer: Tokenizer,
        replacing weights: [String: Matrix] = [:]
    ) {
        self.checkpoint = checkpoint
        self.tokenizer = tokenizer
        self.weights = weights
    }

    /// The modules of the model.
    package var modules: ModuleTree { checkpoint.architecture.modules }

    /// Writes `model.gguf` to a new folder.
    /// - Throws: `Issue` when the folder exists, or cannot be written to.
    public func writeGGUF(encoding: GGUFTensor.Encoding, toFolder folder: String) throws {
        try NewFolder.write(to: folder) { try writeGGUF(encoding: encoding, to: "\($0)/model.gguf") }
    }

    /// Replaces a GGUF file. Vectors and positions stay in single precision.
    /// - Throws: `Issue` when the file cannot be written.
    public func writeGGUF(encoding: GGUFTensor.Encoding, to path: String) throws {
        try writeGGUF(to: path) { _ in encoding }
    }

    /// Replaces a GGUF file whose matrices differ in how they are stored. Vectors and positions stay in single
    /// precision.
    ///
    /// - Parameter encoding: of the matrix of a layer, of embeddings or of the output, by name.
    /// - Throws: `Issue` when the file cannot be written.
    public func writeGGUF(to path: String, encoding: (_ module: String) -> GGUFTensor.Encoding) throws {
        var elements: [GGUFTensor.Encoding: Int] = [:]
        var tensors = checkpoint.parameters.map { parameter in
            let place = checkpoint.place(of: parameter, in: .gguf)
            let isExact = parameter.columns == nil || place.name.hasPrefix("position")
            let chosen = isExact ? .f32 : encoding(Self.module(parameter.name))
            if !isExact { elements[chosen, default: 0] += place.shape.reduce(1, *) }
            return GGUFTensor(
                name: place.name, shape: place.shape, encoding: chosen, producing: producer(parameter, .gguf))
        }
        let configuration = checkpoint.configuration
        if let divisors = configuration.rotary?.divisors(headSize: configuration.headSize) {
            tensors.append(
                GGUFTensor(name: RotaryPositions.ggufTensor, shape: [divisors.count], encoding: .f32) {
                    divisors
                })
        }
        // What most of the weights are stored in.
        let usual = GGUFTensor.Encoding.allCases.max { elements[$0, default: 0] < elements[$1, default: 0] }
        let metadata: [GGUFEntry] =
            switch checkpoint.container {
            case .gguf(let file): file.metadata
            case .folder: try GGUFMetadata.entries(checkpoint, tokenizer)
            }
        let type = GGUFEntry(key: "general.file_type", value: .uint32(GGUFMetadata.fileType(usual ?? .f32)))
        try GGUFWriter.write(
            tensors,
            metadata: metadata.filter { $0.key != type.key && !$0.key.hasPrefix("split.") } + [type], to: path
        )
    }

    /// The matrices of a GGUF file by what the model calls them, with the elements of a stored row.
    package var ggufMatrices: [String: (tensor: String, columns: Int)] {
        let named = checkpoint.parameters.filter { $0.columns != nil }.map { parameter in
            let place = checkpoint.place(of: parameter, in: .gguf)
            return (Self.module(parameter.name), (tensor: place.name, columns: place.shape.last ?? 0))
        }
        return Dictionary(named) { first, _ in first }
    }

    private static func module(_ parameter: String) -> String {
        let suffix = ".weight"
        return parameter.hasSuffix(suffix) ? String(parameter.dropLast(suffix.count)) : parameter
    }

    private func producer(_ parameter: DecoderParameter, _ format: DecoderFormat)
        -> @Sendable () throws -> [Float]
    {
        let (checkpoint, replacement) = (checkpoint, weights[Self.module(parameter.name)])
        return { try checkpoint.converted(parameter, to: format, replacing: replacement) }
    }

    /// Writes a new Hugging Face folder: `model.safetensors` in single precision, `config.json`, and the
    /// tokenizer.
    /// - Throws: `Issue` when the folder exists, or cannot be written to.
    public func writeFolder(to destination: String) throws {
        try NewFolder.write(to: destination) { try fillFolder($0) }
    }

    /// Writes the files to a folder that is there.
    package func fillFolder(_ folder: String) throws {
        switch checkpoint.container {
        case .folder(let source):
            let origin = URL(fileURLWithPath: source.path).deletingLastPathComponent().path
            try ModelFolderCopy.copy(from: origin, to: folder)
        case .gguf:
            try HuggingFaceFiles.write(checkpoint, tokenizer, to: folder)
        }
        let tensors = checkpoint.parameters.map { parameter in
            let place = checkpoint.place(of: parameter, in: .folder)
            let produce = producer(parameter, .folder)
            return SafetensorsTensor(
                name: place.name, shape: place.shape, elementType: .f32,
                producing: { try produce().withUnsafeBytes { Data($0) } })
        }
        try SafetensorsWriter.write(
            tensors, metadata: ["format": "pt"], to: "\(folder)/model.safetensors")
    }
}
