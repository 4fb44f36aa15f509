import Foundation
import Levels
import ModelFiles
import Testing

@testable import Export
@testable import SecateurCLI

/// Exports of a run with layers in int8.
@Suite(.serialized) struct IntegerExportTests {
    private func export(_ tool: CommandLineTool, _ format: ExportFormat, isWhole: Bool) throws -> String {
        let output = tool.file("exported-\(format.rawValue)")
        let result = try tool.run([
            "export", tool.file("run"), "--format", format.rawValue, "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        #expect(result.errors.contains("does not say all") == !isWhole, "\(result.errors)")
        return output
    }

    private func model(_ folder: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: "\(folder)/model.safetensors")
    }

    private func embeddings(_ tool: CommandLineTool, of model: String) throws -> String {
        let result = try tool.run(["embed", model], input: "the cat sits\na red bird sings near the tree\n")
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    @Test func foldersForTransformersHoldFloats() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let run = try model(tool.file("run/model"))
        let exported = try export(tool, .hf, isWhole: false)
        let file = try model(exported)
        #expect(Set(file.names) == Set(run.parameters.map(\.name)))
        #expect(run.names.count { run.isScale($0) } == 5)
        for name in file.names {
            #expect(try file.info(name).elementType == .f32)
            #expect(try file.weights(name) == run.weights(name), "\(name)")
        }
        #expect(file.metadata == ["format": "pt"])
    }

    @Test func compressedFoldersKeepWholeNumbers() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        try emptyRow(tool)
        let run = try model(tool.file("run/model"))
        let exported = try export(tool, .compressed, isWhole: true)
        let file = try model(exported)
        #expect(Set(file.names) == Set(run.names))
        for name in file.names {
            let (found, expected) = (try file.info(name), try run.info(name))
            #expect(found.elementType == expected.elementType)
            #expect(found.shape == (file.isScale(name) ? expected.shape + [1] : expected.shape), "\(name)")
            if file.isScale(name) { #expect(try file.weights(name).allSatisfy { $0 > 0 }) }
        }
        for parameter in run.parameters {
            #expect(try file.weights(parameter.name) == run.weights(parameter.name))
        }
        let json = try JSONSerialization.jsonObject(with: ModelConfiguration(folder: exported).json)
        let configuration = try #require((json as? [String: Any])?["quantization_config"] as? [String: Any])
        #expect(configuration["format"] as? String == "int-quantized")
        let groups = configuration["config_groups"] as? [String: [String: Any]]
        let targets = try #require(groups?["group_0"]?["targets"] as? [String])
        for layer in TinyIntegers.layers {
            let isTarget = try targets.contains {
                try Regex(String($0.dropFirst("re:".count))).wholeMatch(in: "bert.\(layer)") != nil
            }
            #expect(try isTarget == (TinyIntegers.level(of: layer).precision == .int8), "\(layer)")
        }
        #expect(try embeddings(tool, of: exported) == embeddings(tool, of: tool.file("run")))
    }

    /// Makes the first row of a layer zeros, and its scale.
    private func emptyRow(_ tool: CommandLineTool) throws {
        let (file, name) = (try model(tool.file("run/model")), "encoder.layer.0.intermediate.dense.weight")
        let integers = try #require(try file.integers(name, shape: [64, 32]))
        let values = [Int8](repeating: 0, count: 32) + integers.values.dropFirst(32)
        let changed = [
            SafetensorsTensor(
                name: name, shape: [64, 32], elementType: .i8, bytes: values.withUnsafeBytes { Data($0) }),
            SafetensorsTensor(
                name: "\(name)_scale", shape: [64], floats: [0] + integers.scales.dropFirst()),
        ]
        let others = try file.names.filter { !$0.hasPrefix(name) }.map { try file.copy(of: $0) }
        try SafetensorsWriter.write(others + changed, metadata: file.metadata, to: file.path)
    }

    @Test func masksComeWithEveryWeightThatChanged() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let run = try model(tool.file("run/model"))
        let exported = try export(tool, .torch, isWhole: false)
        let weights = try SafetensorsFile(path: "\(exported)/weights.safetensors")
        let masks = try SafetensorsFile(path: "\(exported)/masks.safetensors")
        let changed = try TinyIntegers.layers.filter { try TinyIntegers.level(of: $0) != .dense }
        #expect(Set(weights.names) == Set(changed) && Set(masks.names) == Set(changed))
        for layer in changed {
            let expected = try run.weights("\(layer).weight")
            #expect(try weights.float32(layer) == expected)
            let mask = try masks.withUnsafeBytes(of: layer) { Array($0) }
            #expect(mask == expected.map { $0 == 0 ? 0 : 1 })
        }
    }

    @Test func onnxMultipliesWholeNumbers() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let run = try model(tool.file("run/model"))
        let data = try Data(contentsOf: URL(fileURLWithPath: export(tool, .onnx, isWhole: true)))
        let graph = try Onnx_ModelProto(serializedBytes: data).graph
        let tensors = Dictionary(uniqueKeysWithValues: graph.initializer.map { ($0.name, $0) })
        for layer in TinyIntegers.layers {
            let isInteger = try TinyIntegers.level(of: layer).precision == .int8
            let product = try #require(graph.node.first { $0.name.hasPrefix("\(layer).product") })
            #expect(product.opType == (isInteger ? "MatMulInteger" : "MatMul"))
            let weight = try #require(tensors["\(layer).weight"])
            guard isInteger else { continue }
            let (rows, columns) = (Int(weight.dims[1]), Int(weight.dims[0]))
            let expected = try #require(
                try run.integers("\(layer).weight", shape: [rows, columns]))
            #expect(weight.dataType == Int32(Onnx_TensorProto.DataType.int8.rawValue))
            for (row, column) in [(0, 0), (rows - 1, 1), (3, columns - 1)] {
                let stored = Int8(bitPattern: Array(weight.rawData)[column * rows + row])
                #expect(stored == expected.values[row * columns + column])
            }
            let scale = try #require(tensors["\(layer).weight_scale"])
            #expect(scale.rawData == expected.scales.withUnsafeBytes { Data($0) })
        }
        // Queries, keys and values share their activations.
        #expect(graph.node.count { $0.opType == "Round" } == 3)
    }

    @Test func listsOfWhatToPruneSayThatTheyKeepLess() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        for format in [ExportFormat.recipe, .nni] {
            let text = try String(contentsOfFile: export(tool, format, isWhole: false), encoding: .utf8)
            #expect(text.contains("1.output") || text.contains("1\\.output"))
            #expect(!text.contains("0.intermediate") && !text.contains("0\\.intermediate"))
        }
        _ = try export(tool, .policy, isWhole: true)
    }
}
