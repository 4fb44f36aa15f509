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
    private let tokenizer: ByteLevelTokenizer
    private let weights: [String: Matrix]

    /// Takes a model, its tokenizer, and weights [rows × cols] by layer name.
    public init(model: Decoder, tokenizer: ByteLevelTokenizer, replacing weights: [String: Matrix] = [:]) {
        self.init(model.checkpoint, tokenizer: tokenizer, replacing: weights)
    }

    /// Takes a model's files instead of the model.
    package init(
        _ checkpoint: DecoderCheckpoint, tokenizer: ByteLevelTokenizer,
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
        let tensors = checkpoint.parameters.map { parameter in
            let place = checkpoint.place(of: parameter, in: .gguf)
            let isExact = parameter.columns == nil || place.name.hasPrefix("position")
            let produce = producer(parameter, .gguf)
            return GGUFTensor(
                name: place.name, shape: place.shape, encoding: isExact ? .f32 : encoding, producing: produce)
        }
        let metadata: [GGUFEntry] =
            switch checkpoint.container {
            case .gguf(let file): file.metadata
            case .folder: try GGUFMetadata.entries(checkpoint, tokenizer)
            }
        let type = GGUFEntry(key: "general.file_type", value: .uint32(GGUFMetadata.fileType(encoding)))
        try GGUFWriter.write(
            tensors, metadata: metadata.filter { $0.key != type.key } + [type], to: path)
    }

    private func producer(_ parameter: DecoderParameter, _ format: DecoderFormat)
        -> @Sendable () throws -> [Float]
    {
        let suffix = ".weight"
        let layer =
            parameter.name.hasSuffix(suffix) ? String(parameter.name.dropLast(suffix.count)) : parameter.name
        let (checkpoint, replacement) = (checkpoint, weights[layer])
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
