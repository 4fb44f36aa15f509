import ModelFiles
import Models

/// A folder that transformers loads, the pruned weights with their zeros.
enum HuggingFaceExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    static func write(_ run: FinishedRun, to output: String) throws {
        switch try run.model() {
        case .encoder(let architecture, let folder):
            try PrunedModelFolder.write(
                weights: [:], of: folder, architecture.modules, metadata: ["format": "pt"], to: output)
        case .decoder(let export, _):
            try export.writeFolder(to: output)
        }
    }
}
