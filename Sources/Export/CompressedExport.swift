import Foundation
import Levels
import ModelFiles
import Models
import SparseKernels
import Tensors

/// A folder in a layout of compressed-tensors, which `config.json` tells.
///
/// Layers in int8 are `int-quantized`: their weights in 8 bits with a scale for each row, activations to be rounded by
/// token, zeros of any layer in place. Those in int4 are `pack-quantized`: in groups of 32 columns. Without either, it is
/// `sparse-bitmask`: pruned layers without their zeros, which takes up less of the disk the more was pruned.
enum CompressedExport: Exporter {
    static let output = OutputPath.Kind.newFolder

    private typealias Layout = (tensors: [SafetensorsTensor], configuration: [String: Any])

    static func keeps(_ level: Level, in phase: Workload.Phase) -> Bool {
        level.precision == .float32 || (level.precision.isInteger && phase == .prefill)
    }

    static func write(_ run: FinishedRun, to output: String) throws {
        if let narrow = run.policy.layers.first(where: { $0.level.isNarrow && $0.level.precision.isInteger })
        {
            throw Issue(
                .unsupported, .path(run.folder), field: "layer '\(narrow.layer)'", found: "\(narrow.level)",
                allowed: "whole numbers in levels of all heads and neurons only",
                advice: "--format hf has zeros for those")
        }
        try NewFolder.write(to: output) { folder in
            let scratch = "\(folder)/whole"
            try PlainFile.makeFolder(scratch)
            defer { try? FileManager.default.removeItem(atPath: scratch) }
            let source = try run.huggingFaceFolder(scratch: scratch)
            try ModelFolderCopy.copy(from: source, to: folder)
            let file = try SafetensorsFile(folder: source)
            let changed = try run.changedWeights(in: file)
            let integers = Dictionary(
                grouping: changed.filter { $0.tensor.packing != nil },
                by: { $0.tensor.packing == .nibbles ? fourBitFormat : eightBitFormat }
            ).mapValues { $0.map(\.module) }
            let layout: Layout =
                try integers.isEmpty
                ? bitmasks(changed, file)
                : (
                    quantized(file, weights: Set(changed.map(\.tensor.name))),
                    quantization(of: integers, prefix: run.modules().prefix ?? "")
                )
            try SafetensorsWriter.write(
                layout.tensors, metadata: file.metadata, to: "\(folder)/model.safetensors")
            try QuantizationField.set(layout.configuration, in: folder)
        }
    }

    // MARK: int-quantized and pack-quantized

    /// All tensors of a file, the weights of layers in whole numbers as compressed-tensors has them, and others in
    /// floats.
    private static func quantized(_ file: SafetensorsFile, weights: Set<String>) throws -> [SafetensorsTensor]
    {
        try file.names.flatMap { name -> [SafetensorsTensor] in
            let info = try file.info(name)
            if file.isPart(name) { return [] }
            if info.packing == .nibbles, weights.contains(name) { return try fourBits(file, info) }
            // Whole numbers without scales are refused.
            guard let integers = try file.integers(name, shape: info.shape) else {
                return [try file.copy(of: name)]
            }
            guard weights.contains(name) else {
                return [SafetensorsTensor(name: name, shape: info.shape, floats: try file.weights(name))]
            }
            // A row of zeros, whose scale is 0, gets one that can be divided by.
            let scales = integers.scales.map { $0 == 0 ? 1 : $0 }
            return [
                SafetensorsTensor(
                    name: name, shape: info.shape, elementType: .i8,
                    bytes: integers.values.withUnsafeBytes { Data($0) }),
                SafetensorsTensor(
                    name: name + IntegerPacking.scaleSuffix, shape: [scales.count, 1], floats: scales),
            ]
        }
    }

    /// Eight columns in each whole number of 32 bits, the first in the lowest, and a scale for each group of columns.
    private static func fourBits(_ file: SafetensorsFile, _ info: TensorInfo) throws -> [SafetensorsTensor] {
        let (rows, columns) = (info.shape[0], info.shape[1])
        guard columns % NibbleRows.groupColumns == 0 else {
            throw Issue(
                .unsupported, .path(file.path), field: .tensor(info.name),
                found: "\(columns) columns in int4", allowed: "a multiple of \(NibbleRows.groupColumns)")
        }
        let weight = Matrix(rows: rows, columns: columns, elements: try file.weights(info.name))
        let nibbles = NibbleRows(weight)
        let groups = NibbleRows.groups(of: columns)
        let scales = nibbles.multipliers.enumerated().map { index, multiplier in
            let scale = nibbles.scales[index / groups]
            return scale == 0 ? 1 : scale * Float(multiplier)
        }
        return [
            SafetensorsTensor(
                name: "\(info.name)_packed", shape: [rows, columns / 8], elementType: .i32,
                bytes: Data(nibbles.packed)),
            SafetensorsTensor(name: "\(info.name)_scale", shape: [rows, groups], floats: scales),
            SafetensorsTensor(
                name: "\(info.name)_shape", shape: [2], elementType: .i64,
                bytes: [Int64(rows), Int64(columns)].withUnsafeBytes { Data($0) }),
        ]
    }

    /// - Parameter modules: those of each format.
    private static func quantization(of modules: [String: [String]], prefix: String) -> [String: Any] {
        func integers(_ bits: Int, _ strategy: String, groupSize: Int? = nil, isDynamic: Bool = false)
            -> [String: Any]
        {
            var fields: [String: Any] = [
                "num_bits": bits, "type": "int", "symmetric": true, "strategy": strategy,
                "dynamic": isDynamic,
            ]
            fields["group_size"] = groupSize
            return fields
        }
        let weights = [
            eightBitFormat: integers(8, "channel"),
            fourBitFormat: integers(4, "group", groupSize: NibbleRows.groupColumns),
        ]
        let formats = modules.keys.sorted()
        var groups: [String: Any] = [:]
        for (number, format) in formats.enumerated() {
            groups["group_\(number)"] = [
                "targets": modules[format, default: []].map { target($0.trimmingPrefix(prefix)) },
                "format": format, "weights": weights[format] as Any,
                "input_activations": integers(8, "token", isDynamic: true),
            ]
        }
        return [
            "quant_method": "compressed-tensors",
            "format": formats.count == 1 ? formats[0] : "mixed-precision",
            "quantization_status": "compressed", "config_groups": groups, "ignore": [String](),
        ]
    }

    private static let eightBitFormat = "int-quantized"
    private static let fourBitFormat = "pack-quantized"

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
