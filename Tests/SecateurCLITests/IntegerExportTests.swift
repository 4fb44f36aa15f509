import Foundation
import Levels
import ModelFiles
import Models
import Tensors
import Testing

@testable import Export
@testable import SecateurCLI

/// Exports of a run with layers in int8.
@Suite(.serialized) struct IntegerExportTests {
    private func export(
        _ tool: CommandLineTool, _ format: ExportFormat, isWhole: Bool, _ more: [String] = []
    ) throws -> String {
        let output = tool.file("exported-\(format.rawValue)")
        let result = try tool.run(
            ["export", tool.file("run"), "--format", format.rawValue, "--output", output] + more)
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
        // Those of layers, and of the word embeddings.
        #expect(run.names.count { $0.hasSuffix("_scale") } == 6)
        #expect(run.names.contains { $0.hasSuffix("_kept") })
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
        let words = "embeddings.word_embeddings.weight"
        let packed = run.names.filter { $0.hasSuffix("_kept") || $0.hasSuffix("_shape") } + ["\(words)_scale"]
        #expect(Set(file.names) == Set(run.names).subtracting(packed))
        #expect(try file.info(words).elementType == .f32)
        for name in file.names where name != words {
            let (found, expected) = (try file.info(name), try run.info(name))
            #expect(found.elementType == expected.elementType)
            #expect(found.shape == (file.isPart(name) ? expected.shape + [1] : expected.shape), "\(name)")
            if file.isPart(name) { #expect(try file.weights(name).allSatisfy { $0 > 0 }) }
            if found.packing != nil { #expect(found.packing == .rows) }
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

    /// Eight numbers in a word, each 8 more than it is, and what one group of columns is multiplied with.
    @Test func compressedFoldersKeepFourBits() throws {
        let tool = try TinyIntegers.prepared([("0.attention", "int4"), ("0.intermediate", "4x1@0.5:int8")])
        defer { tool.cleanUp() }
        let run = try model(tool.file("run/model"))
        let exported = try export(tool, .compressed, isWhole: true)
        let file = try model(exported)
        let name = "encoder.layer.0.attention.self.query.weight"
        #expect(try file.info("\(name)_packed").elementType == .i32)
        let words = try file.withUnsafeBytes(of: "\(name)_packed") { Array($0.bindMemory(to: UInt32.self)) }
        let scales = try file.weights("\(name)_scale", shape: [32, 1])
        let expected = try run.weights(name, shape: [32, 32])
        for index in expected.indices {
            let number = Int(words[index / 8] >> UInt32(index % 8 * 4) & 15) - 8
            #expect(Float(number) * scales[index / 32] == expected[index])
        }
        let sizes = try file.withUnsafeBytes(of: "\(name)_shape") { Array($0.bindMemory(to: Int64.self)) }
        #expect(sizes == [32, 32])
        let json = try JSONSerialization.jsonObject(with: ModelConfiguration(folder: exported).json)
        let configuration = try #require((json as? [String: Any])?["quantization_config"] as? [String: Any])
        #expect(configuration["format"] as? String == "mixed-precision")
        let groups = try #require(configuration["config_groups"] as? [String: [String: Any]])
        let formats = groups.values.compactMap { $0["format"] as? String }
        #expect(Set(formats) == ["int-quantized", "pack-quantized"])
        let fourBits = groups.values.first { $0["format"] as? String == "pack-quantized" }
        let weights = try #require(fourBits?["weights"] as? [String: Any])
        #expect(weights["num_bits"] as? Int == 4 && weights["group_size"] as? Int == 32)
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

    /// Products of floats between nodes that readers know, the weights whole numbers, inputs rounded within what the
    /// model has on the text.
    @Test func onnxWithStaticScalesRoundsBeforeProductsOfFloats() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let run = try model(tool.file("run/model"))
        let path = try export(
            tool, .onnx, isWhole: true, ["--activations", "static", "--train", tool.file("text.txt")])
        let graph = try Onnx_ModelProto(serializedBytes: Data(contentsOf: URL(fileURLWithPath: path))).graph
        let tensors = Dictionary(uniqueKeysWithValues: graph.initializer.map { ($0.name, $0) })
        let nodes = Dictionary(uniqueKeysWithValues: graph.node.map { ($0.name, $0) })
        let spans = try spans(tool)
        for layer in TinyIntegers.layers {
            let product = try #require(nodes["\(layer).product"])
            #expect(product.opType == "MatMul")
            guard try TinyIntegers.level(of: layer).precision == .int8 else { continue }
            let (input, weight) = (
                try #require(nodes[product.input[0]]), try #require(nodes[product.input[1]])
            )
            #expect(input.opType == "DequantizeLinear" && weight.opType == "DequantizeLinear")
            #expect(nodes[input.input[0]]?.opType == "QuantizeLinear")
            #expect(nodes[input.input[0]]?.input.suffix(2) == input.input.suffix(2))
            // A scale for each output, the second dimension of [columns × rows].
            #expect(weight.attribute.map(\.name) == ["axis"] && weight.attribute[0].i == 1)
            let integers = try #require(tensors[weight.input[0]])
            #expect(integers.dataType == Int32(Onnx_TensorProto.DataType.int8.rawValue))
            let scales = try #require(
                try run.integers("\(layer).weight", shape: integers.dims.reversed().map { Int($0) })?.scales)
            #expect(tensors[weight.input[1]]?.rawData == scales.withUnsafeBytes { Data($0) })
            let scale = try #require(tensors[input.input[1]]?.rawData)
                .withUnsafeBytes { $0.loadUnaligned(as: Float.self) }
            let zero = Float(try #require(tensors[input.input[2]]?.rawData.first))
            let span = try #require(spans[layer])
            #expect(abs(-zero * scale - span.lowerBound) <= 0.51 * scale, "\(layer)")
            #expect(abs((255 - zero) * scale - span.upperBound) <= 0.51 * scale, "\(layer)")
        }
        // Queries, keys and values share their activations.
        #expect(graph.node.count { $0.opType == "QuantizeLinear" } == 3)
        #expect(!graph.node.contains { $0.opType == "MatMulInteger" })
    }

    /// The inputs of layers over all of the text, 0 among them.
    private func spans(_ tool: CommandLineTool) throws -> [String: ClosedRange<Float>] {
        let model = try EncoderModel(folder: tool.file("run/model"))
        let lines = try String(contentsOfFile: tool.file("text.txt"), encoding: .utf8).split(separator: "\n")
        var spans: [String: ClosedRange<Float>] = [:]
        for sequence in model.sentences.encode(lines.map(String.init)) {
            model.encoder.observeInputs(of: [sequence], pool: ThreadPool(), progress: { _ in }) {
                layers, input in
                for layer in layers {
                    let known = spans[layer] ?? 0...0
                    for feature in 0..<input.features {
                        for token in 0..<input.tokens {
                            let value = input[feature, token]
                            guard !(spans[layer] ?? known).contains(value) else { continue }
                            let span = spans[layer] ?? known
                            spans[layer] = min(span.lowerBound, value)...max(span.upperBound, value)
                        }
                    }
                }
            }
        }
        return spans
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
