import Levels
import ModelFiles
import Models

/// A GGUF file in single precision, which llama.cpp loads.
enum GGUFExport: Exporter {
    static let output = OutputPath.Kind.file

    static func write(_ run: FinishedRun, to output: String) throws {
        switch try run.model() {
        case .decoder(let export, _): try export.writeGGUF(encoding: .f32, to: output)
        case .encoder(_, let folder):
            throw Issue(
                .unsupported, .path(folder), found: "an encoder, which gguf is not for",
                allowed: "language models")
        }
    }
}
