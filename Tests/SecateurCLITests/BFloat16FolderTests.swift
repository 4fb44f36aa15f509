import Foundation
import Levels
import ModelFiles
import Models
import Runs
import SparseKernels
import Tensors
import Testing
import TinyModels
import Transformers

@testable import Export
@testable import SecateurCLI

/// Models whose layers are in bfloat16, from pruning to exports.
@Suite(.serialized) struct BFloat16FolderTests {
    private func file(_ folder: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: "\(folder)/model.safetensors")
    }

    /// `model`, `text.txt`, and `half`, all of whose layers are in bfloat16.
    private func prepared() throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(200, to: tool.file("text.txt"), seed: 2)
        try put(tool, "model", at: "bfloat16", "half")
        return tool
    }

    private func put(_ tool: CommandLineTool, _ from: String, at level: String, _ to: String) throws {
        _ = try tool.succeed([
            "prune", tool.file(from), "--level", level, "--train", tool.file("text.txt"), "--threads", "1",
            "--output", tool.file(to),
        ])
    }

    private func embeddings(_ folder: String) throws -> Matrix {
        let model = try EncoderModel(folder: folder)
        return model.encoder.embed([[2, 5, 7, 3], [2, 9, 3]], pool: ThreadPool())
    }

    /// The folder computes what a search computes of the dense weights at this level.
    @Test func aFolderIsWhatTheSearchSaw() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let (written, dense) = (try file(tool.file("half")), try file(tool.file("model")))
        let encoder = try EncoderModel(folder: tool.file("model")).encoder
        let layers = Set(encoder.layerShapes.map(\.name))
        for name in written.names {
            let isLayer = layers.contains(String(name.dropLast(".weight".count)))
            #expect(try written.info(name).elementType == (isLayer ? .bf16 : .f32), "\(name)")
            guard !isLayer else { continue }
            #expect(try written.weights(name) == dense.weights(name), "\(name)")
        }
        var operators: [String: any LinearOperator] = [:]
        for layer in layers {
            operators[layer] = BFloat16Linear(
                weight: try encoder.weight(of: layer), bias: encoder.bias(of: layer))
        }
        let found = try embeddings(tool.file("half"))
        #expect(found == encoder.replacing(operators).embed([[2, 5, 7, 3], [2, 9, 3]], pool: ThreadPool()))
        #expect(try found != embeddings(tool.file("model")))
        let packed = try EncoderModel(folder: tool.file("half")).encoder.operators
        #expect(packed.values.allSatisfy { $0 is BFloat16Linear })
        _ = try tool.succeed(["benchmark", tool.file("model"), "--level", "bfloat16", "--tokens", "16"])
    }

    /// A layer in another precision becomes one in bfloat16, and one in bfloat16 another.
    @Test func aLevelReplacesAnother() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        try put(tool, "half", at: "4x1@0.5", "floats")
        #expect(try file(tool.file("floats")).tensors.values.allSatisfy { $0.elementType == .f32 })
        try put(tool, "model", at: "int8", "integers")
        try put(tool, "integers", at: "bfloat16", "again")
        let again = try file(tool.file("again"))
        // Word embeddings stay as they were.
        let others = again.names.filter { !$0.contains("word_embeddings") }
        #expect(others.allSatisfy { [.f32, .bf16].contains(again.tensors[$0]?.elementType) })
        #expect(!others.contains { again.isPart($0) || $0.hasSuffix("_scale") })
        #expect(again.metadata["secateur.levels"]?.contains("int8") == false)
    }

    /// A checkpoint that holds floats where its metadata says bfloat16 is computed as the floats that it holds.
    @Test func floatsAreNotRoundedByTheirMetadata() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let (half, dense) = (try file(tool.file("half")), try file(tool.file("model")))
        let tensors = try dense.names.map { try dense.copy(of: $0) }
        try SafetensorsWriter.write(tensors, metadata: half.metadata, to: half.path)
        #expect(try embeddings(tool.file("half")) == embeddings(tool.file("model")))
    }

    /// Exports hold the rounded weights, and say that their readers do not compute in bfloat16.
    @Test(arguments: [ExportFormat.hf, .onnx, .compressed, .torch, .recipe, .nni, .policy])
    func exportsSayWhatTheyKeep(_ format: ExportFormat) throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let layers = try EncoderModel(folder: tool.file("model")).encoder.layerShapes
        let policy = Policy(layers: layers.map { .init(layer: $0.name, level: .dense.with(.bfloat16)) })
        try FileManager.default.createDirectory(
            atPath: tool.file("run"), withIntermediateDirectories: true)
        try policy.json().write(to: URL(fileURLWithPath: tool.file("run/policy.json")))
        try FileManager.default.moveItem(atPath: tool.file("half"), toPath: tool.file("run/model"))
        let output = tool.file("exported")
        let exported = try tool.succeed([
            "export", tool.file("run"), "--format", format.rawValue, "--output", output,
        ])
        let said = exported.output + exported.errors
        #expect(said.contains("does not say all of bfloat16") == (format != .policy), "\(said)")
        let run = try file(tool.file("run/model"))
        let name = "\(layers[0].name).weight"
        let weights = try run.weights(name)
        switch format {
        case .hf, .compressed:
            #expect(try file(output).weights(name) == weights)
            #expect(try file(output).info(name).elementType == .bf16)
        case .onnx:
            let data = try Data(contentsOf: URL(fileURLWithPath: output))
            let graph = try Onnx_ModelProto(serializedBytes: data).graph
            #expect(graph.initializer.contains { $0.rawData.count == 4 * weights.count })
        default: break
        }
    }
}
