import Foundation
import ModelFiles
import Models

/// A folder with `masks.safetensors` (1 for kept), the `weights.safetensors` of the layers that are pruned or rounded,
/// and `apply_masks.py`, which prunes a dense model by them with torch.nn.utils.prune.
///
/// Masks alone would not do: optimal brain surgery changes the weights that are kept.
enum TorchExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    static func write(_ run: FinishedRun, to output: String) throws {
        try NewFolder.write(to: output) { folder in
            let scratch = "\(folder)/whole"
            try PlainFile.makeFolder(scratch)
            let source = try run.huggingFaceFolder(scratch: scratch)
            let file = try SafetensorsFile(folder: source)
            let changed = try run.changedWeights(in: file)
            // Heads and neurons that are gone stand last, and biases go with their rows.
            let biases = changed.map { "\($0.module).bias" }
                .filter { name in run.wholeShapes.keys.contains { name.hasSuffix("\($0).bias") } }
            let weights = try
                (changed.map { ($0.module, $0.tensor) } + biases.map { ($0, try file.info($0)) })
                .map { name, tensor in
                    SafetensorsTensor(
                        name: name, shape: tensor.shape, elementType: .f32,
                        producing: { try file.float32(tensor.name).withUnsafeBytes { Data($0) } })
                }
            let masks = changed.map { module, tensor in
                SafetensorsTensor(
                    name: module, shape: tensor.shape, elementType: .bool,
                    producing: { Data(try file.float32(tensor.name).map { $0 == 0 ? 0 : 1 }) })
            }
            try SafetensorsWriter.write(
                weights, metadata: ["format": "pt"], to: "\(folder)/weights.safetensors")
            try SafetensorsWriter.write(masks, metadata: ["format": "pt"], to: "\(folder)/masks.safetensors")
            let script = try script(for: run)
            try AtomicFile.write(Data(script.utf8), to: "\(folder)/apply_masks.py")
            try FileManager.default.removeItem(atPath: scratch)
        }
    }

    private static func script(for run: FinishedRun) throws -> String {
        let prefix = try run.modules().prefix ?? ""
        return switch try run.model() {
        case .encoder: TorchScript.encoder(prefix: prefix)
        case .decoder: TorchScript.decoder(prefix: prefix)
        }
    }
}
