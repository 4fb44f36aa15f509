import Foundation
import Levels
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
    public private(set) var encoder: Encoder
    /// Makes token ids of sentences to embed.
    public private(set) var sentences: SentenceTokenizer
    /// The tokenizer beneath.
    public var tokenizer: Tokenizer { sentences.words }
    /// The longest input, in tokens.
    public var maximumTokens: Int { sentences.maximumTokens }

    /// Loads a folder.
    ///
    /// - Parameters:
    ///   - prompt: the name of what goes before every sentence; default: the folder's own.
    ///   - architectures: those that the folder may be of.
    ///   - embeds: whether sentences are embedded; the modules for that are not read where they are not.
    /// - Throws: `Issue` for what is missing, malformed or of another architecture;
    ///   `Issue` for a precision that no format computes in.
    public init(
        folder: String, architectures: Architectures = .standard, prompt: String? = nil, embeds: Bool = true,
        precision: Precision = .float32, formats: LevelFormats = .standard
    ) throws {
        guard !DecoderModel.isAt(folder, architectures: architectures) else {
            throw Issue(
                .unsupported, .path(folder), found: "a language model", allowed: "an encoder's folder")
        }
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: folder, isDirectory: &isFolder), isFolder.boolValue
        else {
            throw Issue(.missing, .path(folder), advice: "no such model folder")
        }
        self.folder = folder
        var encoder = try Encoder(folder: folder, architectures: architectures) { stored, weight, bias in
            // Of float32 the zeros tell more: that some levels are no gain.
            let level =
                stored.flatMap { $0.precision == .float32 ? nil : $0 }
                ?? Level(ofZerosIn: weight, precision: precision)
            return try formats.pack(level, weight: weight, bias: bias)
        }
        sentences = try SentenceTokenizer(
            folder: folder, prompt: prompt, maximumTokens: encoder.dimensions.maximumTokens)
        if embeds {
            encoder.sentences = try SentenceModules(
                folder: folder, hidden: encoder.dimensions.hidden, promptTokens: sentences.promptTokens)
        }
        self.encoder = encoder
    }

    /// The same model with another prompt of the folder before every sentence.
    /// - Throws: `Issue` for a prompt that the folder does not have.
    public func prompting(_ name: String) throws -> EncoderModel {
        var model = self
        model.sentences = try sentences.prompting(name)
        model.encoder.sentences = encoder.sentences.following(promptTokens: model.sentences.promptTokens)
        return model
    }

    /// The same model with word embeddings in 8 bits.
    public func roundingWords() -> EncoderModel {
        var model = self
        model.encoder = encoder.roundingWords()
        return model
    }

    /// SHA-256 of the weights file.
    public func digest() throws -> String {
        try SafetensorsIndex.digest(folder: folder)
    }
}
