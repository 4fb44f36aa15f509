import Foundation
import Levels
import ModelFiles
import Models

/// A folder in the `sparse-bitmask` layout of compressed-tensors: pruned layers without their zeros, and a
/// `config.json` that says so. It takes up less of the disk the more was pruned.
enum CompressedExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    static func write(_ run: FinishedRun, to output: String) throws {
        try NewFolder.write(to: output) { folder in
            let source = try run.huggingFaceFolder(scratch: folder)
            if source != folder { try ModelFolderCopy.copy(from: source, to: folder) }
            try compress(run, try SafetensorsFile(path: "\(source)/model.safetensors"), to: folder)
        }
    }

    private static func compress(_ run: FinishedRun, _ file: SafetensorsFile, to folder: String) throws {
        let pruned = try run.prunedWeights(in: file)
        var zeros = 0
        let packed = try pruned.flatMap { module, tensor in
            let bitmask = Bitmask(
                try file.float32(tensor.name), rows: tensor.shape[0], columns: tensor.shape[1])
            zeros += tensor.elementCount - bitmask.values.count
            return bitmask.tensors(module: module)
        }
        let dropped = Set(pruned.map(\.tensor.name))
        let kept = try file.names.filter { !dropped.contains($0) }.map { name in
            let info = try file.info(name)
            return SafetensorsTensor(
                name: name, shape: info.shape, elementType: info.elementType,
                producing: { try file.withUnsafeBytes(of: name) { Data($0) } })
        }
        try SafetensorsWriter.write(
            packed + kept, metadata: file.metadata, to: "\(folder)/model.safetensors")
        let count = file.tensors.values.reduce(0) { $0 + $1.elementCount }
        try addConfiguration(
            modules: pruned.map(\.module), sparsity: Double(zeros) / Double(max(count, 1)), to: folder)
    }

    /// Says in `config.json` how the weights are stored.
    private static func addConfiguration(modules: [String], sparsity: Double, to folder: String) throws {
        let configuration = try ModelConfiguration(folder: folder)
        guard var fields = try JSONSerialization.jsonObject(with: configuration.json) as? [String: Any] else {
            throw Issue(.malformed, .path(configuration.path), found: "no JSON object", allowed: "one")
        }
        fields["quantization_config"] = [
            "quant_method": "compressed-tensors",
            "sparsity_config": [
                "format": "sparse-bitmask", "global_sparsity": sparsity,
                "sparsity_structure": "unstructured", "targets": modules, "ignore": [String](),
            ] as [String: Any],
        ]
        let data = try JSONSerialization.data(
            withJSONObject: fields, options: [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes])
        try AtomicFile.write(data, to: configuration.path)
    }
}
