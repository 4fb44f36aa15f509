import ModelFiles
import Models

/// A folder that transformers loads, the pruned weights with their zeros and as floats. Heads and neurons that are gone
/// are zeros too, as transformers has the same number of them in all blocks.
enum HuggingFaceExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    static func write(_ run: FinishedRun, to output: String) throws {
        switch try run.model() {
        case .encoder(let architecture, let folder):
            try EncoderFolder.writeFloats(
                of: folder, architecture, filling: run.wholeShapes, to: output)
        case .decoder(let export, _):
            try export.writeFolder(to: output)
        }
    }
}
