import Foundation
import ModelFiles
import Runs
import Testing
import TinyModels

@testable import Export
@testable import SecateurCLI

@Suite(.serialized) struct ExportCommandTests {
    private func prepared() throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(400, to: tool.file("text.txt"), seed: 2)
        let found = try tool.run([
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--target-latency", "0.8", "--tokens", "32", "--threads", "1", "--budget", "20", "--levels",
            "coarse", "--recover", "none", "--output", tool.file("run"),
        ])
        #expect(found.status == 0, "\(found.errors)")
        return tool
    }

    private func export(_ tool: CommandLineTool, _ format: ExportFormat) throws -> String {
        let output = tool.file("exported-\(format.rawValue)")
        let result = try tool.run([
            "export", tool.file("run"), "--format", format.rawValue, "--output", output,
        ])
        #expect(result.status == 0, "\(result.errors)")
        return output
    }

    private func weights(_ path: String) throws -> [String: [Float]] {
        let file = try SafetensorsFile(path: path)
        return try Dictionary(uniqueKeysWithValues: file.names.map { ($0, try file.float32($0)) })
    }

    @Test func everyFormatHoldsTheModelThatWasFound() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let policy = try Policy(path: tool.file("run/policy.json"))
        #expect(try Policy(path: export(tool, .policy)) == policy)
        #expect(policy.layers.allSatisfy { $0.rows != nil && $0.cols != nil })
        let model = try weights(tool.file("run/model/model.safetensors"))
        #expect(try weights("\(export(tool, .hf))/model.safetensors") == model)

        let torch = try export(tool, .torch)
        let masks = try SafetensorsFile(path: "\(torch)/masks.safetensors")
        #expect(Set(masks.names) == Set(policy.pruned.map(\.layer)))
        for name in masks.names {
            let mask = try masks.withUnsafeBytes(of: name) { Array($0) }
            #expect(model["\(name).weight"]?.map { $0 == 0 ? 0 : 1 } == mask)
        }
        #expect(FileManager.default.fileExists(atPath: "\(torch)/apply_masks.py"))
        #expect(!FileManager.default.fileExists(atPath: "\(torch)/whole"))

        let compressed = try export(tool, .compressed)
        let packed = try SafetensorsFile(path: "\(compressed)/model.safetensors")
        for layer in policy.pruned.map(\.layer) {
            let values = try packed.float32("\(layer).compressed")
            #expect(values == model["\(layer).weight"]?.filter { $0 != 0 })
            #expect(packed.tensors["\(layer).weight"] == nil)
        }
        #expect(try ModelConfiguration(folder: compressed).has("quantization_config"))
        #expect(try String(contentsOfFile: export(tool, .recipe), encoding: .utf8).contains("secateur_stage"))
        #expect(try Data(contentsOf: URL(fileURLWithPath: export(tool, .nni))).count > 2)
    }

    /// Every operation's inputs are there before it, and every tensor has as many numbers as its shape.
    @Test func onnxIsAGraph() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let data = try Data(contentsOf: URL(fileURLWithPath: export(tool, .onnx)))
        let model = try Onnx_ModelProto(serializedBytes: data)
        #expect(model.opsetImport.map(\.version) == [17])
        var known = Set(model.graph.input.map(\.name))
        #expect(known == ["input_ids", "attention_mask", "token_type_ids"])
        for tensor in model.graph.initializer {
            #expect(known.insert(tensor.name).inserted, "\(tensor.name)")
            let width = tensor.dataType == Onnx_TensorProto.DataType.float.rawValue ? 4 : 8
            #expect(tensor.rawData.count == Int(tensor.dims.reduce(1, *)) * width)
        }
        for node in model.graph.node {
            #expect(known.isSuperset(of: node.input), "\(node.name)")
            for output in node.output { #expect(known.insert(output).inserted, "\(output)") }
        }
        #expect(model.graph.output.map(\.name) == ["last_hidden_state", "sentence_embedding"])
        #expect(known.isSuperset(of: model.graph.output.map(\.name)))
    }

    @Test func whatCannotBeExportedIsSaidSo() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        func fails(_ arguments: [String], _ words: [String]) throws {
            let result = try tool.run(arguments)
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        }
        let (run, out) = (tool.file("run"), tool.file("out"))
        for format in ["llama-quantize", "gguf"] {
            try fails(
                ["export", run, "--format", format, "--output", out], ["encoder", format, "language models"])
        }
        let calibrated = ["--activations", "static", "--train", tool.file("text.txt"), "--output", out]
        try fails(["export", run, "--format", "hf"] + calibrated, ["--activations", "hf", "onnx"])
        try fails(["export", run, "--format", "onnx"] + calibrated, ["--activations", "no layer in int8"])
        try fails(
            ["export", run, "--format", "onnx", "--activations", "static", "--output", out], ["--train"])
        try fails(
            ["export", run, "--format", "onnx", "--train", tool.file("text.txt"), "--output", out],
            ["--train", "static"])
        try fails(["export", run, "--format", "zip", "--output", out], ["--format", "zip"])
        try fails(["export", tool.file("none"), "--format", "hf", "--output", out], ["none/policy.json"])
        try fails(["export", run, "--format", "hf", "--output", run], ["already exists"])
        try fails(["export", run, "--format", "nni", "--output", "\(out)/x/y"], ["out/x/y"])
        let file = tool.file("run/model/model.safetensors")
        let whole = try Data(contentsOf: URL(fileURLWithPath: file))
        try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: file))
        for format in ["torch", "hf", "compressed", "onnx"] {
            try fails(["export", run, "--format", format, "--output", out], ["model.safetensors"])
            #expect(!FileManager.default.fileExists(atPath: out))
        }
        try "{".write(toFile: tool.file("run/policy.json"), atomically: true, encoding: .utf8)
        try fails(["export", run, "--format", "recipe", "--output", out], ["policy.json"])
        try FileManager.default.removeItem(atPath: tool.file("run/policy.json"))
        try fails(["export", run, "--format", "recipe", "--output", out], ["secateur resume"])
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: tool.folder).allSatisfy {
                !$0.hasPrefix("out")
            })
    }

    /// A policy alone, on the same model and text, gives the run's weights, with and without its database.
    @Test(arguments: [true, false])
    func aPolicyAlonePrunesAsTheRunDid(withDatabase: Bool) throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        if !withDatabase { try FileManager.default.removeItem(atPath: tool.file("cache")) }
        let policy = try export(tool, .policy)
        for (source, more) in [(policy, ["--train", tool.file("text.txt")]), (tool.file("run"), [])] {
            let output = tool.file("applied-\(more.count)")
            let result = try tool.run(
                ["apply", source, tool.file("model"), "--threads", "2", "--output", output] + more)
            #expect(result.status == 0, "\(result.errors)")
            #expect(
                FileManager.default.contentsEqual(
                    atPath: tool.file("run/model/model.safetensors"),
                    andPath: "\(output)/model.safetensors"))
        }
        #expect(FileManager.default.fileExists(atPath: tool.file("cache")) == withDatabase)
    }

    @Test func aPolicyForOtherLayersIsRefused() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let path = try export(tool, .policy)
        let text = try String(contentsOfFile: path, encoding: .utf8)
        let wrong = [
            (
                text.replacing("encoder.layer.0.attention.self.query", with: "encoder.layer.7.query"),
                "layer.7"
            ),
            (text.replacing("\"rows\" : 32", with: "\"rows\" : 48"), "48x"),
            (text.replacing("\"solver\" : \"obs\"", with: "\"solver\" : \"luck\""), "luck"),
        ]
        for (changed, word) in wrong {
            #expect(changed != text)
            try changed.write(toFile: path, atomically: true, encoding: .utf8)
            let result = try tool.run([
                "apply", path, tool.file("model"), "--train", tool.file("text.txt"), "--output",
                tool.file("out"),
            ])
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(word) && result.errors.contains("allowed"), "\(result.errors)")
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let bare = try tool.run(["apply", path, tool.file("model"), "--output", tool.file("out")])
        #expect(bare.status != 0 && bare.errors.contains("--train"))
        let both = try tool.run([
            "apply", tool.file("run"), tool.file("model"), "--solver", "wanda", "--output", tool.file("out"),
        ])
        #expect(both.status != 0 && both.errors.contains("--solver"))
        #expect(!FileManager.default.fileExists(atPath: tool.file("out")))
    }

    @Test func aRunIsAimedAtAnotherTarget() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let arguments = ["retarget", tool.file("run"), "--threads", "1", "--budget", "10"]
        let again = try tool.run(
            arguments + ["--target-latency", "10ms", "--output", tool.file("again"), "--json"])
        #expect(again.status == 0, "\(again.errors)")
        // One forward and six backward passes, on half of the calibration sentences.
        #expect(again.errors.contains(#/save [56] evaluations/#), "\(again.errors)")
        let summary = try again.json()
        // How often the agent looks at effects, which takes about two evaluations, goes by what was measured.
        let evaluations = try #require(summary["evaluations"] as? Int)
        #expect((3..<10).contains(evaluations))
        #expect((summary["options"] as? [String: Any])?["tokens"] as? Int == 32)
        func sensitivity(_ run: String) throws -> [[Double]] {
            struct Costs: Decodable { let sensitivity: [[Double]] }
            let data = try Data(contentsOf: URL(fileURLWithPath: tool.file("\(run)/costs.json")))
            return try JSONDecoder().decode(Costs.self, from: data).sensitivity
        }
        #expect(try sensitivity("run") == sensitivity("again"))
        let table = try Data(contentsOf: URL(fileURLWithPath: tool.file("run/latency.h5")))
        #expect(try table != Data(contentsOf: URL(fileURLWithPath: tool.file("again/latency.h5"))))

        try TinyModel.write(to: tool.file("other"), seed: 9)
        let wrong: [([String], String)] = [
            ([tool.file("run"), "--model", tool.file("other")], "model"),
            ([tool.file("none")], "none"), ([tool.file("model")], "run.json"),
            ([tool.file("run"), "--task", "sts"], "--task"),
        ]
        for (changed, word) in wrong {
            let result = try tool.run(
                ["retarget", "--target-latency", "0.7", "--output", tool.file("refused")] + changed)
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(word), "\(result.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: tool.file("refused")))
    }
}
