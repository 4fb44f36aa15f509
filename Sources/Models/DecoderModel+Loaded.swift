import Foundation
import Levels
import ModelFiles
import Transformers

extension DecoderModel: LoadedModel {
    /// Tokens of the windows that text is cut into.
    public static let windowTokens = 512

    /// A window.
    public static let standardTokens = windowTokens

    /// Few, as there are hundreds of layers; in 8 bits and 4 for decoding, where time goes into fetching weights.
    public static func standardLevels(for phase: Workload.Phase) -> LevelSet {
        switch phase {
        case .prefill: .coarse
        case .decode: LevelSet.coarse.with(.int8).adding(.dense.with(.int4))
        }
    }

    /// Both.
    public static func computes(_ phase: Workload.Phase) -> Bool { true }

    /// The longest text, in tokens.
    public var maximumTokens: Int { network.configuration.maximumTokens }

    /// `model_type`, such as `llama`
    public var architecture: String { network.checkpoint.architecture.modelType }

    /// SHA-256 of the weights, of all files where there are several.
    public func digest() throws -> String {
        switch network.checkpoint.container {
        case .gguf(let file):
            let digests = try GGUFFile.parts(of: file.path).map { try FileDigest.sha256(path: $0) }
            return digests.count == 1 ? digests[0] : FileDigest.sha256(lines: digests)
        case .folder(let file):
            return try SafetensorsIndex.digest(
                folder: URL(fileURLWithPath: file.path).deletingLastPathComponent().path)
        }
    }
}
