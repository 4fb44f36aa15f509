import Foundation
import ModelFiles
import Runs
import Testing
import TinyModels

@testable import Export
@testable import SecateurCLI

/// Everything that the commands do with a BERT, done with a DistilBERT.
@Suite(.serialized) struct DistilBERTCommandTests {
    private func succeed(_ tool: CommandLineTool, _ arguments: [String]) throws -> CommandLineTool.Result {
        let result = try tool.run(arguments)
        #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
        return result
    }

    private func labelled(_ tool: CommandLineTool) throws -> String {
        let lines = ["cat", "dog", "bird", "house"].flatMap { animal in
            ["sits", "runs", "sings", "sleeps", "eats"].map { "\(animal) \($0)\t\(animal == "cat" ? 1 : 0)" }
        }
        let path = tool.file("data.tsv")
        try (["sentence\tlabel"] + lines).joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func aSearchIsReportedAndExported() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try FileManager.default.removeItem(atPath: tool.file("model"))
        try TinyDistilBERT.write(to: tool.file("model"), seed: 1)
        let found = try succeed(tool, TinySearch.arguments(tool, "run", ["--budget", "60", "--json"]))
        #expect((try found.json()["policy"] as? [Any])?.count == 12)
        let html = try String(contentsOfFile: tool.file("run/report.html"), encoding: .utf8)
        for words in ["2 blocks, 6 operations each", ">query<", ">down<"] { #expect(html.contains(words)) }
        #expect(html.components(separatedBy: "<th scope=\"row\">transformer.layer.").count == 13)
        let policy = try Policy(path: tool.file("run/policy.json"))
        let model = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        for format in ExportFormat.allCases where ![.gguf, .llamaQuantize].contains(format) {
            let output = tool.file("exported-\(format.rawValue)")
            _ = try succeed(
                tool, ["export", tool.file("run"), "--format", format.rawValue, "--output", output])
        }
        let masks = try SafetensorsFile(path: tool.file("exported-torch/masks.safetensors"))
        #expect(Set(masks.names) == Set(policy.pruned.map(\.layer)))
        let copy = try SafetensorsFile(path: tool.file("exported-hf/model.safetensors"))
        for name in model.names { #expect(try copy.float32(name) == model.float32(name)) }
        let graph = try Onnx_ModelProto(
            serializedBytes: Data(contentsOf: URL(fileURLWithPath: tool.file("exported-onnx")))
        ).graph
        #expect(graph.input.map(\.name) == ["input_ids", "attention_mask"])
        var known = Set(graph.input.map(\.name) + graph.initializer.map(\.name))
        for node in graph.node {
            #expect(known.isSuperset(of: node.input), "\(node.name)")
            known.formUnion(node.output)
        }
        let embedded = try tool.run(["embed", tool.file("run")], input: "the cat sits\na dog runs\n")
        #expect(embedded.output.split(separator: "\n").count == 2)
    }

    @Test func aClassifierIsTrainedAndLosesWeights() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        try TinyDistilBERT.write(to: tool.file("model"), seed: 5)
        let data = try labelled(tool)
        let labels = ["--task", "classification", "--train", data, "--validation", data, "--metric", "f1"]
        let training = ["--epochs", "12", "--batch-size", "4", "--learning-rate", "0.003"]
        let trained = try succeed(
            tool,
            ["finetune", tool.file("model")] + labels + training + [
                "--output", tool.file("trained"), "--json",
            ])
        #expect(try #require(try trained.json()["score"] as? Double) > 0.8)
        let names = try SafetensorsFile(path: tool.file("trained/model.safetensors")).names
        #expect(names.contains("pre_classifier.weight") && names.contains("classifier.bias"))
        #expect(names.contains("distilbert.transformer.layer.1.ffn.lin2.weight"))
        for (pattern, sparsity) in [("unstructured", "0.5"), ("heads", "0.5"), ("neurons", "0.25")] {
            let output = tool.file(pattern)
            let pruned = try succeed(
                tool,
                ["prune", tool.file("trained"), "--method", "fisher", "--pattern", pattern, "--sparsity"]
                    + [sparsity] + labels + ["--epochs", "1", "--output", output, "--json"])
            let evaluated = try succeed(
                tool,
                ["evaluate", output, "--task", "classification", "--data", data, "--metric", "f1", "--json"])
            let own = try #require(try pruned.json()["score"] as? Double)
            #expect(abs(try #require(try evaluated.json()["value"] as? Double) - own) < 1e-9)
        }
        let heads = try ModelConfiguration(folder: tool.file("heads"))
        #expect(try heads.prunedHeads(blocks: 2, heads: 2).values.map(\.count) == [1, 1])
        #expect(try heads.architectures == ["DistilBertForSequenceClassification"])
        let query = "distilbert.transformer.layer.0.attention.q_lin.weight"
        let file = try SafetensorsFile(path: tool.file("heads/model.safetensors"))
        #expect(try file.info(query).shape == [16, 32])
        let smaller = try SafetensorsFile(path: tool.file("neurons/model.safetensors"))
        let widths = try [0, 1].map {
            try smaller.info("distilbert.transformer.layer.\($0).ffn.lin1.weight").shape[0]
        }
        #expect(widths.reduce(0, +) == 96)
        #expect(
            try ModelConfiguration(folder: tool.file("neurons")).integer("hidden_dim", in: 1...64)
                == widths.max())
    }

    @Test func blocksAreRemoved() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        try TinyDistilBERT.write(to: tool.file("model"), seed: 5)
        _ = try succeed(
            tool,
            [
                "prune", tool.file("model"), "--method", "magnitude", "--pattern", "block", "--sparsity",
                "0.5",
                "--output", tool.file("half"),
            ])
        let text = try String(contentsOfFile: tool.file("half/config.json"), encoding: .utf8)
        #expect(text.contains("\"n_layers\" : 1"))
        let embedded = try tool.run(["embed", tool.file("half")], input: "the cat sits\n")
        #expect(embedded.status == 0, "\(embedded.errors)")
    }
}
