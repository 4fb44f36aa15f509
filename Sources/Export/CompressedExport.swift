import Foundation
import Levels
import ModelFiles
import Models

/// A folder in a layout of compressed-tensors, which `config.json` tells.
///
/// With layers in int8 it is `int-quantized`: their weights in 8 bits with a scale for each row, activations to be
/// rounded by token, zeros of any layer in place. Without, it is `sparse-bitmask`: pruned layers without their
/// zeros, which takes up less of the disk the more was pruned.
enum CompressedExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    private typealias Layout = (tensors: [SafetensorsTensor], configuration: [String: Any])

    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 || (level.precision == .int8 && phase == .prefill)
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        try NewFolder.write(to: output) { folder in
            let source = try run.huggingFaceFolder(scratch: folder)
            if source != folder { try ModelFolderCopy.copy(from: source, to: folder) }
            let file = try SafetensorsFile(path: "\(source)/model.safetensors")
            let changed = try run.changedWeights(in: file)
            let integers = changed.filter { $0.tensor.elementType == .i8 }.map(\.module)
            let layout: Layout =
                try integers.isEmpty
                ? bitmasks(changed, file)
                : (quantized(file), quantization(of: integers, prefix: run.modules().prefix ?? ""))
            try SafetensorsWriter.write(
                layout.tensors, metadata: file.metadata, to: "\(folder)/model.safetensors")
            try QuantizationField.set(layout.configuration, in: folder)
        }
    }

    // MARK: int-quantized

    /// All tensors of a file, scales as the columns that compressed-tensors has; a row of zeros, whose scale is 0,
    /// gets one that can be divided by.
    private static func quantized(_ file: SafetensorsFile) throws -> [SafetensorsTensor] {
        try file.names.map { name in
            guard file.isScale(name) else {
                // Whole numbers without scales are refused.
                if file.tensors[name]?.elementType == .i8 { _ = try file.tensor(name) }
                return try file.copy(of: name)
            }
            let scales = try file.weights(name).map { $0 == 0 ? 1 : $0 }
            return SafetensorsTensor(name: name, shape: [scales.count, 1], floats: scales)
        }
    }

    private static func quantization(of modules: [String], prefix: String) -> [String: Any] {
        func integers(_ strategy: String, isDynamic: Bool) -> [String: Any] {
            [
                "num_bits": 8, "type": "int", "symmetric": true, "strategy": strategy,
                "dynamic": isDynamic,
            ]
        }
        let group: [String: Any] = [
            "targets": modules.map { target($0.trimmingPrefix(prefix)) }, "format": "int-quantized",
            "weights": integers("channel", isDynamic: false),
            "input_activations": integers("token", isDynamic: true),
        ]
        return [
            "quant_method": "compressed-tensors", "format": "int-quantized",
            "quantization_status": "compressed", "config_groups": ["group_0": group],
            "ignore": [String](),
        ]
    }

    /// The module, in a model of any head.
    private static func target(_ module: Substring) -> String {
        "re:(.*\\.)?\(module.replacing(".", with: "\\."))$"
    }

    // MARK: sparse-bitmask

    private static func bitmasks(_ pruned: [(module: String, tensor: TensorInfo)], _ file: SafetensorsFile)
        throws -> Layout
    {
        var zeros = 0
        let packed = try pruned.flatMap { module, tensor in
            let bitmask = Bitmask(
                try file.float32(tensor.name), rows: tensor.shape[0], columns: tensor.shape[1])
            zeros += tensor.elementCount - bitmask.values.count
            return bitmask.tensors(module: module)
        }
        let dropped = Set(pruned.map(\.tensor.name))
        let kept = try file.names.filter { !dropped.contains($0) }.map { try file.copy(of: $0) }
        let count = file.tensors.values.reduce(0) { $0 + $1.elementCount }
        let configuration: [String: Any] = [
            "quant_method": "compressed-tensors",
            "sparsity_config": [
                "format": "sparse-bitmask", "global_sparsity": Double(zeros) / Double(max(count, 1)),
                "sparsity_structure": "unstructured", "targets": pruned.map(\.module), "ignore": [String](),
            ] as [String: Any],
        ]
        return (packed + kept, configuration)
    }
}
