import Foundation
import Levels
import ModelFiles
import Models
import Runs
import Tokenizers
import Transformers

/// The folder of a search that has ended, as exports read it: the policy and the pruned model.
public struct FinishedRun {
    /// The pruned model of a run.
    enum Model {
        /// A Hugging Face folder.
        case encoder(Architecture, folder: String)
        /// A language model; its Hugging Face folder where it is one.
        case decoder(DecoderExport, folder: String?)
    }

    /// The run folder.
    public let folder: String
    /// What was learned.
    public let policy: Policy
    /// Those that its model may be of.
    let architectures: Architectures
    private let modelFolder: String

    /// Reads the policy of a run.
    /// - Throws: `Issue` when the folder holds no run, or one that has not ended.
    public init(folder: String, architectures: Architectures = .standard) throws {
        self.architectures = architectures
        let files = RunFiles(folder: folder)
        self.folder = folder
        policy = try files.policy()
        modelFolder = files.path(.model)
    }

    /// The pruned model.
    /// - Throws: `Issue` when it is missing or malformed.
    func model() throws -> Model {
        guard FileManager.default.fileExists(atPath: "\(modelFolder)/config.json") else {
            let path = "\(modelFolder)/model.gguf"
            let tokenizer = try Tokenizer(gguf: GGUFFile(path: path))
            return .decoder(
                DecoderExport(
                    try DecoderCheckpoint(path: path, architectures: architectures), tokenizer: tokenizer),
                folder: nil)
        }
        let type = try ModelConfiguration(folder: modelFolder).modelType
        if let architecture = architectures.named(type), architecture.encoder != nil {
            return .encoder(architecture, folder: modelFolder)
        }
        let export = DecoderExport(
            try DecoderCheckpoint(path: modelFolder, architectures: architectures),
            tokenizer: try Tokenizer(folder: modelFolder))
        return .decoder(export, folder: modelFolder)
    }

    /// The modules of the pruned model.
    func modules() throws -> ModuleTree {
        switch try model() {
        case .encoder(let architecture, _): architecture.modules
        case .decoder(let export, _): export.modules
        }
    }

    /// The shapes that layers of narrow sublayers have in the dense model, by their names.
    var wholeShapes: [String: [Int]] {
        Dictionary(
            uniqueKeysWithValues: policy.layers.filter(\.level.isNarrow).compactMap { choice in
                choice.rows.flatMap { rows in choice.cols.map { (choice.layer, [rows, $0]) } }
            })
    }

    /// The pruned model's Hugging Face folder, heads and neurons that are gone filled up with zeros.
    ///
    /// - Parameter scratch: a folder that is there; written to for a model that is no such folder yet.
    func huggingFaceFolder(scratch: String) throws -> String {
        switch try model() {
        case .encoder(let architecture, let folder) where !wholeShapes.isEmpty:
            let whole = "\(scratch)/filled"
            try EncoderFolder.writeFloats(of: folder, architecture, filling: wholeShapes, to: whole)
            return whole
        case .encoder(_, let folder), .decoder(_, let folder?): return folder
        case .decoder(let export, nil):
            try export.fillFolder(scratch)
            return scratch
        }
    }

    /// The weights of a Hugging Face folder that are not the dense model's, with zeros or in 8 bits, by the names of
    /// their tensors.
    ///
    /// - Returns: in the order of the policy; shapes and elements as the file has them, which for GPT-2 is
    ///   [inputs × outputs].
    func changedWeights(in file: SafetensorsFile) throws -> [(module: String, tensor: TensorInfo)] {
        let prefix = try modules().prefix ?? ""
        return try policy.layers.compactMap { choice in
            let names = ["\(choice.layer).weight", "\(prefix)\(choice.layer).weight"]
            let tensor = names.lazy.compactMap({ file.tensors[$0] }).first
            guard !choice.level.keepsAll || tensor?.packing != nil else { return nil }
            guard let tensor, tensor.shape.count == 2 else {
                throw Issue(
                    .mismatch, .path(file.path), field: .tensor(names[0]),
                    found: "no such matrix, which the policy prunes")
            }
            return (String(tensor.name.dropLast(".weight".count)), tensor)
        }
    }
}
