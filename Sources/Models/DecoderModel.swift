import Evaluation
import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Tokenizers
import Transformers

/// A language model, loaded: the decoder and its tokenizer.
public struct DecoderModel: Sendable {
    /// The GGUF file, or the Hugging Face folder.
    public let path: String
    /// The decoder; each layer packed by the pattern of its zeros.
    public let network: Decoder
    /// Its tokenizer.
    public let tokenizer: Tokenizer

    /// Loads a GGUF file, a folder with one in it, or a Hugging Face folder.
    ///
    /// - Parameter precision: of every layer, the output layer included; with int8, 8-bit weights compute
    ///   single tokens.
    /// - Throws: `Issue` for what is missing, malformed or of another architecture;
    ///   `Issue` for a precision that no format computes in.
    public init(path given: String, precision: Precision, _ capabilities: Capabilities) throws {
        let path = try Self.resolved(given)
        self.path = path
        let decoder = try Decoder(path: path, architectures: capabilities.architectures) { _, weight, bias in
            try capabilities.formats.pack(
                Level(ofZerosIn: weight, precision: precision), weight: weight, bias: bias,
                for: Decoder.usualPhase)
        }
        network =
            precision == .float32 ? decoder : try Self.withHead(decoder, precision, capabilities.formats)
        tokenizer = try Self.tokenizer(path: path)
        guard tokenizer.vocabularySize <= network.configuration.vocabulary else {
            throw Issue(
                .mismatch, .path(path), field: "tokenizer", found: "\(tokenizer.vocabularySize) tokens",
                allowed: "\(network.configuration.vocabulary), as the embedding has rows")
        }
    }

    /// The tokenizer of a GGUF file, a folder with one in it, or a Hugging Face folder.
    public static func tokenizer(path given: String) throws -> Tokenizer {
        let path = try resolved(given)
        return GGUFFile.isAt(path)
            ? try Tokenizer(gguf: GGUFFile(path: path)) : try Tokenizer(folder: path)
    }

    /// What the model is given when a person asks something, by its chat template.
    /// - Throws: `Issue` for a model without a template, or with one that cannot be followed.
    public func conversation(asking question: String) throws -> String {
        try conversation([.init(role: "user", content: question)])
    }

    /// What the model is given of a conversation, up to where its answer starts, by its chat template. The text has the
    /// special tokens in it: it is encoded without further ones.
    /// - Throws: as ``conversation(asking:)``.
    public func conversation(_ messages: [ChatTemplate.Message]) throws -> String {
        guard let template = tokenizer.chatTemplate else {
            throw Issue(.missing, .path(path), found: "no chat template", allowed: "a model that has one")
        }
        return try ChatTemplate(template, tokens: tokenizer.namedTokens, file: path).text(of: messages)
    }

    private static func withHead(
        _ decoder: Decoder, _ precision: Precision, _ formats: LevelFormats
    ) throws -> Decoder {
        let bias = [Float](repeating: 0, count: decoder.head.rows)
        return decoder.replacing(
            head: try formats.pack(
                Level.dense.with(precision), weight: try decoder.headWeight(), bias: bias, for: .decode))
    }

    /// Whether a path names a language model and not an encoder.
    public static func isAt(_ path: String, architectures: Architectures = .standard) -> Bool {
        if GGUFFile.isAt(path) || ((try? ggufFiles(in: path)) ?? []).count == 1 { return true }
        guard let type = try? ModelConfiguration(folder: path).modelType else { return false }
        return architectures.named(type)?.decoder != nil
    }

    private static func ggufFiles(in folder: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder)
            .filter { $0.hasSuffix(".gguf") && !GGUFFile.isLaterPart($0) }.sorted()
    }

    /// The GGUF file that a path means; the path itself where it means none.
    public static func file(at path: String) -> String {
        (try? resolved(path)) ?? path
    }

    /// The GGUF file itself where a folder holds one and no `config.json`.
    private static func resolved(_ path: String) throws -> String {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue,
            !FileManager.default.fileExists(atPath: "\(path)/config.json")
        else { return path }
        let files = try ggufFiles(in: path)
        guard files.count == 1 else {
            throw Issue(
                .malformed, .path(path), found: "\(files.count) GGUF files and no config.json",
                allowed: "one GGUF file")
        }
        return "\(path)/\(files[0])"
    }

    /// The token ids of a file's text, cut into windows; the last, shorter one is left out.
    public func windows(ofText file: String, context: Int) throws -> [[Int32]] {
        let ids = tokenizer.encode(try Datasets.text(path: file))
        let windows = stride(from: 0, to: ids.count - context + 1, by: context).map {
            Array(ids[$0..<$0 + context])
        }
        guard !windows.isEmpty else {
            throw Issue(.outOfRange, .path(file), found: "\(ids.count) tokens", allowed: "\(context) or more")
        }
        return windows
    }
}
