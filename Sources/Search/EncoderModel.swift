import Foundation
import ModelFiles
import SparseKernels
import Tensors
import Tokenizers
import Transformers

/// A model folder, loaded: the encoder, its tokenizer and what tells it from others.
public struct EncoderModel: Sendable {
    /// The folder.
    public let folder: String
    /// The encoder; each layer packed by the pattern of its zeros.
    public let encoder: BERT
    /// Its tokenizer.
    public let tokenizer: WordPieceTokenizer
    /// The longest input, in tokens.
    public let maximumTokens: Int

    /// Loads a folder.
    /// - Throws: `ModelFileError` for what is missing, malformed or of another architecture.
    public init(folder: String) throws {
        guard !DecoderModel.isAt(folder) else {
            throw ModelFileError(file: folder, message: "found a language model, allowed an encoder's folder")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else {
            throw ModelFileError(file: folder, message: "no such model folder")
        }
        self.folder = folder
        encoder = try BERT(folder: folder) { _, weight, bias in
            Packing.pack(weight: weight, bias: bias, pattern: Packing.pattern(of: weight))
        }
        tokenizer = try WordPieceTokenizer(folder: folder)
        let own = try WordPieceTokenizer.maximumTokens(inFolder: folder) ?? encoder.dimensions.maximumTokens
        maximumTokens = min(own, encoder.dimensions.maximumTokens)
    }

    /// SHA-256 of the weights file.
    public func digest() throws -> String {
        try FileDigest.sha256(path: "\(folder)/model.safetensors")
    }
}
