import ModelFiles
import Models

/// A folder that transformers loads, the pruned weights with their zeros and as floats.
enum HuggingFaceExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    static func write(_ run: FinishedRun, to output: String) throws {
        switch try run.model() {
        case .encoder(_, let folder): try EncoderFolder.writeFloats(of: folder, to: output)
        case .decoder(let export, _):
            try export.writeFolder(to: output)
        }
    }
}
