import Foundation
import ModelFiles
import Testing
import TinyModels

@testable import Export
@testable import SecateurCLI

/// Everything that the commands do with a BERT, done with RoBERTa and those after it.
@Suite(.serialized) struct RoBERTaCommandTests {
    @Test(arguments: ["roberta", "xlm-roberta", "camembert"])
    func aSearchIsResumedAndExported(type: String) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try FileManager.default.removeItem(atPath: tool.file("model"))
        try TinyRoBERTa.write(to: tool.file("model"), type: type, seed: 1)
        let found = try tool.succeed(TinySearch.arguments(tool, "run", ["--budget", "60", "--json"]))
        #expect((try found.json()["policy"] as? [Any])?.count == 12)
        try FileManager.default.removeItem(atPath: tool.file("run/summary.json"))
        _ = try tool.succeed(["resume", tool.file("run")])
        for format in ExportFormat.allCases where ![.gguf, .llamaQuantize].contains(format) {
            _ = try tool.succeed([
                "export", tool.file("run"), "--format", format.rawValue, "--output",
                tool.file("exported-\(format.rawValue)"),
            ])
        }
        // The first positions are left out of the graph's table.
        let graph = try Onnx_ModelProto(
            serializedBytes: Data(contentsOf: URL(fileURLWithPath: tool.file("exported-onnx")))
        ).graph
        let before = graph.initializer.first { $0.name == "positions.before" }
        #expect(before?.rawData == Data([2, 0, 0, 0, 0, 0, 0, 0]))
        let sentences = "the cat sits\na dog runs on the mat\n"
        let own = try tool.run(["embed", tool.file("run/model")], input: sentences).output
        let copy = try tool.run(["embed", tool.file("exported-hf")], input: sentences).output
        #expect(own == copy && own.split(separator: "\n").count == 2)
    }

    @Test func aClassifierIsTrainedOnWordsAndLosesWeights() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        try TinyRoBERTa.write(to: tool.file("model"), seed: 5)
        let lines = ["cat", "dog", "bird", "house"].flatMap { animal in
            ["sits", "runs", "sings", "sleeps", "eats"].map {
                "\(animal) \($0),\(animal == "cat" ? "cat" : "other")"
            }
        }
        let data = tool.file("data.csv")
        try (["sentence,label"] + lines).joined(separator: "\n").write(
            toFile: data, atomically: true, encoding: .utf8)
        let labels = ["--task", "classification", "--train", data, "--validation", data]
        let trained = try tool.succeed(
            ["finetune", tool.file("model")] + labels + [
                "--epochs", "12", "--batch-size", "4", "--learning-rate", "0.003", "--output",
                tool.file("trained"), "--json",
            ])
        #expect(try #require(try trained.json()["score"] as? Double) > 0.8)
        #expect(try ModelConfiguration(folder: tool.file("trained")).labels == ["cat", "other"])
        let names = try SafetensorsFile(path: tool.file("trained/model.safetensors")).names
        #expect(names.contains("classifier.dense.weight") && names.contains("classifier.out_proj.bias"))
        #expect(names.contains("roberta.encoder.layer.1.output.dense.weight"))
        for (pattern, sparsity) in [("4x1", "0.5"), ("heads", "0.5"), ("neurons", "0.25")] {
            let output = tool.file(pattern)
            let pruned = try tool.succeed(
                ["prune", tool.file("trained"), "--method", "fisher", "--pattern", pattern, "--sparsity"]
                    + [sparsity] + labels + ["--epochs", "1", "--output", output, "--json"])
            let evaluated = try tool.succeed(
                ["evaluate", output, "--task", "classification", "--data", data, "--json"])
            let own = try #require(try pruned.json()["score"] as? Double)
            #expect(abs(try #require(try evaluated.json()["value"] as? Double) - own) < 1e-9)
        }
    }
}
