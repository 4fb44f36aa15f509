import Foundation
import ModelFiles
import Testing

@testable import SecateurCLI

/// Commands on a folder whose weights are in 8 bits.
@Suite(.serialized) struct IntegerFolderTests {
    private func model(_ tool: CommandLineTool, _ folder: String) throws -> SafetensorsFile {
        try SafetensorsFile(path: tool.file("\(folder)/model.safetensors"))
    }

    /// Sentences whose class is whether there is a cat in them.
    private func labelled(_ tool: CommandLineTool) throws -> String {
        let lines = ["cat", "dog", "bird", "house"].flatMap { noun in
            ["sits", "runs", "sings"].map { "the \(noun) \($0)\t\(noun == "cat" ? 1 : 0)" }
        }
        let path = tool.file("data.tsv")
        try (["sentence\tlabel"] + lines).joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func expectFloats(_ file: SafetensorsFile, sparsity: Double? = nil) throws {
        #expect(file.names.allSatisfy { file.tensors[$0]?.elementType == .f32 && !$0.hasSuffix("_scale") })
        #expect(file.metadata == ["format": "pt"])
        guard let sparsity else { return }
        for layer in TinyIntegers.layers {
            let weights = try file.weights("\(layer).weight")
            let zeros = Double(weights.count { $0 == 0 }) / Double(weights.count)
            #expect(zeros >= sparsity - 0.05, "\(layer): \(zeros)")
        }
    }

    @Test func whatReadsIt() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let folder = tool.file("run/model")
        let inspected = try tool.succeed(["inspect", folder, "--json"]).json()
        let dense = try tool.succeed(["inspect", tool.file("model"), "--json"]).json()
        for field in ["parameters", "prunableParameters"] {
            #expect(inspected[field] as? Int == dense[field] as? Int)
        }
        let text = try tool.succeed(["inspect", folder]).output
        #expect(text.contains("encoder.layer.0.attention.self.query  32x32  sparsity 0.5"))
        #expect(try !tool.succeed(["embed", folder], input: "the cat sits\n").output.contains("nan"))
        let (words, file) = ("embeddings.word_embeddings.weight", try model(tool, "run/model"))
        let (rounded, exact) = (try file.weights(words), try model(tool, "model").weights(words))
        #expect(try file.info(words).packing == .rows)
        let width = try file.info(words).shape[1]
        let scales = try file.weights("\(words)_scale")
        #expect(
            exact.indices.allSatisfy { abs(exact[$0] - rounded[$0]) <= 8 * scales[$0 / width] }
                && exact != rounded)
        let converted = try tool.run(["convert", folder, "--to", "gguf", "--output", tool.file("out.gguf")])
        #expect(converted.status != 0 && converted.errorLines.count == 1, "\(converted.errors)")
        #expect(!FileManager.default.fileExists(atPath: tool.file("out.gguf")))
    }

    /// Training computes with floats and writes them, with no scales and levels left of the whole numbers.
    @Test func whatTrainsItWritesFloats() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let data = try labelled(tool)
        let labels = ["--task", "classification", "--train", data, "--validation", data, "--epochs", "1"]
        _ = try tool.succeed(["finetune", tool.file("run/model"), "--output", tool.file("trained")] + labels)
        try expectFloats(model(tool, "trained"))
        _ = try tool.succeed([
            "prune", tool.file("run/model"), "--method", "magnitude", "--pattern", "4x1", "--sparsity",
            "0.5", "--output", tool.file("pruned"),
        ])
        try expectFloats(model(tool, "pruned"), sparsity: 0.5)
        _ = try tool.succeed(["evaluate", tool.file("trained"), "--task", "classification", "--data", data])
    }

    /// Weights that are replaced lose their scales and their level; others keep both.
    @Test func aLevelReplacesAnother() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let base = ["--train", tool.file("text.txt"), "--threads", "1"]
        _ = try tool.succeed(
            ["prune", tool.file("run/model"), "--level", "4x1@0.75", "--output", tool.file("floats")] + base)
        let floats = try model(tool, "floats")
        // Word embeddings stay as they were.
        let layers = floats.names.filter { !$0.contains("word_embeddings") }
        #expect(layers.allSatisfy { floats.tensors[$0]?.elementType == .f32 && !$0.hasSuffix("_scale") })
        #expect(floats.metadata["secateur.levels"]?.contains("int8") != true)
        #expect(floats.metadata["secateur.levels"]?.contains("4x1@0.750") == true)
        _ = try tool.succeed(
            ["prune", tool.file("floats"), "--level", "int8", "--output", tool.file("integers")] + base)
        let integers = try model(tool, "integers")
        #expect(integers.names.count { integers.isPart($0) } == TinyIntegers.layers.count + 1)
        #expect(integers.metadata["secateur.levels"]?.contains("4x1") != true)
        _ = try tool.succeed(["embed", tool.file("integers")], input: "the cat\n")
    }

    @Test func scalesThatAreMissingOrWrongAreNamed() throws {
        let tool = try TinyIntegers.prepared()
        defer { tool.cleanUp() }
        let file = try model(tool, "run/model")
        let layer = "encoder.layer.0.intermediate.dense.weight"
        let scales = try file.weights("\(layer)_scale")
        let wrong = [
            nil, SafetensorsTensor(name: "\(layer)_scale", shape: [63], floats: Array(scales.dropLast())),
            SafetensorsTensor(name: "\(layer)_scale", shape: [64], floats: [.nan] + scales.dropFirst()),
        ]
        let others = try file.names.filter { $0 != "\(layer)_scale" }.map { try file.copy(of: $0) }
        let data = try labelled(tool)
        for scale in wrong {
            try SafetensorsWriter.write(
                others + (scale.map { [$0] } ?? []), metadata: file.metadata, to: file.path)
            let folder = tool.file("run/model")
            let out = ["--output", tool.file("out")]
            let labels = ["--task", "classification", "--train", data, "--validation", data, "--epochs", "1"]
            let commands = [
                ["inspect", folder], ["embed", folder], ["finetune", folder] + labels + out,
                ["prune", folder, "--method", "magnitude", "--pattern", "4x1", "--sparsity", "0.5"] + out,
                ["prune", folder, "--method", "magnitude", "--level", "4x1@0.5"] + out,
                ["export", tool.file("run"), "--format", "hf"] + out,
                ["export", tool.file("run"), "--format", "onnx"] + out,
                ["export", tool.file("run"), "--format", "compressed"] + out,
                ["export", tool.file("run"), "--format", "torch"] + out,
            ]
            for command in commands {
                let result = try tool.run(command, input: "the cat\n")
                #expect(result.status != 0 && result.errorLines.count == 1, "\(command) \(result.errors)")
                #expect(result.errors.contains(layer), "\(command) \(result.errors)")
                #expect(!FileManager.default.fileExists(atPath: tool.file("out")), "\(command)")
            }
        }
    }
}
