import Foundation
import ModelFiles
import Models
import Runs
import Testing
import TinyModels
import Transformers

@testable import SecateurCLI

/// `finetune`, `prune` and `search --recover`, run as a user runs them.
@Suite(.serialized) struct TrainingCommandTests {
    /// Sentences whose class is whether there is a cat in them.
    private func labelled(_ tool: CommandLineTool, _ name: String) throws -> String {
        let animals = ["cat", "dog", "bird", "house"]
        let verbs = ["sits", "runs", "sings", "sleeps", "eats"]
        let lines = animals.flatMap { animal in
            verbs.flatMap { verb in
                ["the", "old", "red"].map { "\($0) \(animal) \(verb)\t\(animal == "cat" ? 1 : 0)" }
            }
        }
        let path = tool.file(name)
        try (["sentence\tlabel"] + lines).joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func prepared() throws -> (tool: CommandLineTool, data: String) {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 5)
        return (tool, try labelled(tool, "data.tsv"))
    }

    private func labels(_ data: String) -> [String] {
        ["--task", "classification", "--train", data, "--validation", data, "--metric", "f1"]
    }

    @Test func aTrainedModelScoresTheSameWhereverItIsScored() throws {
        let (tool, data) = try prepared()
        defer { tool.cleanUp() }
        let trained = try tool.run(
            ["finetune", tool.file("model")] + labels(data) + [
                "--epochs", "12", "--batch-size", "8", "--learning-rate", "0.003", "--output",
                tool.file("trained"), "--json",
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        let score = try #require(try trained.json()["score"] as? Double)
        #expect(score > 0.9)
        let evaluated = try tool.run([
            "evaluate", tool.file("trained"), "--task", "classification", "--data", data, "--metric", "f1",
            "--json",
        ]).json()
        #expect(abs(try #require(evaluated["value"] as? Double) - score) < 1e-9)
        #expect(!FileManager.default.fileExists(atPath: tool.file("trained.checkpoint.h5")))

        let smaller = try tool.run(
            ["prune", tool.file("trained"), "--method", "fisher", "--pattern", "heads", "--sparsity", "0.5"]
                + labels(data) + [
                    "--epochs", "4", "--learning-rate", "0.003", "--batch-size", "8", "--output",
                    tool.file("smaller"), "--json",
                ])
        #expect(smaller.status == 0, "\(smaller.errors)")
        let pruned = try tool.run([
            "evaluate", tool.file("smaller"), "--task", "classification", "--data", data, "--metric", "f1",
            "--json",
        ]).json()
        let own = try #require(try smaller.json()["score"] as? Double)
        #expect(abs(try #require(pruned["value"] as? Double) - own) < 1e-9)
        let size = { (name: String) throws -> Int in
            try #require(
                try FileManager.default.attributesOfItem(atPath: tool.file("\(name)/model.safetensors"))[
                    .size]
                    as? Int)
        }
        #expect(try size("smaller") < size("trained"))
    }

    @Test func pruningKeepsAClassifierAndItsLabels() throws {
        let (tool, data) = try prepared()
        defer { tool.cleanUp() }
        let trained = try tool.run(
            ["finetune", tool.file("model")] + labels(data) + [
                "--epochs", "1", "--output", tool.file("cats"),
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        let path = tool.file("cats/config.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("LABEL_0", with: "none").replacing("LABEL_1", with: "cat").write(
            toFile: path, atomically: true, encoding: .utf8)
        for (name, more) in [("plain", []), ("labelled", labels(data) + ["--epochs", "0"])] {
            let pruned = try tool.run(
                [
                    "prune", tool.file("cats"), "--method", "magnitude", "--pattern", "4x1", "--sparsity",
                    "0.5",
                ]
                    + more + ["--output", tool.file(name)])
            #expect(pruned.status == 0, "\(pruned.errors)")
            let written = try String(contentsOfFile: tool.file("\(name)/config.json"), encoding: .utf8)
            #expect(written.contains("\"cat\"") && !written.contains("LABEL_"))
            let scored = try tool.run([
                "evaluate", tool.file(name), "--task", "classification", "--data", data, "--json",
            ])
            #expect(scored.status == 0, "\(scored.errors)")
        }
    }

    @Test(
        arguments: [
            ("sentence\tlabel\na cat\t0\na dog\t9223372036854775806", "classification", "line 3"),
            ("sentence1\tsentence2\tscore\na cat\ta dog\t4\na cat\ta bird\t7", "sts", "line 3"),
        ])
    func dataOutOfRangeIsNamedByItsLine(_ text: String, _ task: String, _ named: String) throws {
        let (tool, _) = try prepared()
        defer { tool.cleanUp() }
        let path = tool.file("wrong.tsv")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        let result = try tool.run([
            "finetune", tool.file("model"), "--task", task, "--train", path, "--validation", path, "--output",
            tool.file("out"),
        ])
        #expect(result.status != 0 && result.errorLines.count == 1)
        #expect(result.errors.contains(named), "\(result.errors)")
    }

    @Test func fineTuningKeepsTheZerosOfAPrunedModel() throws {
        let (tool, data) = try prepared()
        defer { tool.cleanUp() }
        let pruned = try tool.run([
            "prune", tool.file("model"), "--method", "magnitude", "--pattern", "4x1", "--sparsity", "0.5",
            "--output", tool.file("pruned"), "--json",
        ])
        #expect(pruned.status == 0, "\(pruned.errors)")
        let trained = try tool.run(
            ["finetune", tool.file("pruned")] + labels(data) + [
                "--epochs", "2", "--output", tool.file("out"),
            ])
        #expect(trained.status == 0, "\(trained.errors)")
        let inspected = try tool.run(["inspect", tool.file("out"), "--json"])
        #expect(inspected.status == 0)
        // Pruned once more by a control that drops nothing, it is as sparse as before.
        let again = try tool.run([
            "prune", tool.file("out"), "--method", "magnitude", "--pattern", "unstructured", "--sparsity",
            "0",
            "--output", tool.file("same"), "--json",
        ]).json()
        #expect(abs(try #require(again["sparsity"] as? Double) - 0.5) < 1e-6)
    }

    @Test func aSearchCanBeFollowedByTraining() throws {
        let (tool, _) = try prepared()
        defer { tool.cleanUp() }
        try TinyModel.writeSentences(200, to: tool.file("text.txt"), seed: 2)
        let result = try tool.run([
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--validation", tool.file("text.txt"), "--target-size", "0.5", "--target-latency", "1000ms",
            "--levels", "dense,int8,4x1@0.5:int8,4x1@0.8:int8", "--budget", "10", "--tokens", "32",
            "--threads", "1", "--recover", "60", "--cache", tool.file("cache"), "--output",
            tool.file("run"), "--json",
        ])
        #expect(result.status == 0, "\(result.errors)")
        let files = RunFiles(folder: tool.file("run"))
        let recovery: RecoverySummary = try files.read(.recovery)
        #expect(recovery.isKept && recovery.checked.after > recovery.checked.before)
        let validation = try #require(recovery.validation)
        #expect(validation.after > validation.before)
        // The model is stored as it was searched: in whole numbers, with its zeros.
        let model = try SafetensorsFile(path: "\(files.path(.model))/model.safetensors")
        let stored = StoredLevels(metadata: model.metadata).levels
        let summary = try #require(try files.summary())
        for choice in summary.policy { #expect(stored[choice.layer] == choice.level) }
        #expect(summary.diskBytes == WeightFiles.bytes(at: files.path(.model)))
        let evaluated = try tool.run([
            "evaluate", files.path(.model), "--task", "fidelity", "--against", tool.file("model"), "--data",
            tool.file("text.txt"), "--json",
        ])
        let value = try #require(try evaluated.json()["value"] as? Double)
        #expect(abs(value - validation.after) < 1e-5, "\(value), \(validation.after)")
        let shown = try tool.run(["resume", tool.file("run")])
        #expect(shown.output.contains("after 60 steps of training"), "\(shown.output)")
    }

    @Test(
        arguments: [
            (["--method", "movement", "--pattern", "unstructured", "--sparsity", "0.5"], "movement"),
            (["--method", "wanda", "--pattern", "unstructured", "--sparsity", "0.5"], "--train"),
            (["--method", "magnitude", "--pattern", "5:4"], "--pattern"),
            (["--method", "magnitude", "--pattern", "2:4", "--sparsity", "0.7"], "--sparsity"),
            (["--method", "magnitude", "--pattern", "heads", "--sparsity", "1"], "--sparsity"),
            (
                ["--method", "magnitude", "--pattern", "heads", "--scope", "row", "--sparsity", "0.5"],
                "--scope"
            ),
            (
                ["--method", "gradient", "--pattern", "unstructured", "--sparsity", "0.5", "--train", "x"],
                "--task"
            ),
            (["--method", "magnitude", "--pattern", "heads", "--sparsity", "0.5", "--rewind"], "--rewind"),
            (["--method", "magnitude", "--pattern", "2:4", "--schedule", "iterative"], "--schedule"),
            (
                ["--method", "magnitude", "--pattern", "block", "--scope", "global", "--sparsity", "0.9"],
                "--sparsity"
            ),
            (
                ["--method", "magnitude", "--pattern", "4x1", "--sparsity", "0.5", "--metric", "f1"],
                "--metric"
            ),
            (
                ["--method", "magnitude", "--pattern", "4x1", "--sparsity", "0.5", "--epochs", "2"],
                "--epochs"
            ),
            (
                [
                    "--method", "magnitude", "--pattern", "4x1", "--sparsity", "0.5", "--task",
                    "classification",
                ],
                "--train"
            ),
            (
                ["--method", "magnitude", "--pattern", "block", "--sparsity", "0.5", "--max-drop", "1"],
                "--max-drop"
            ),
            (
                [
                    "--method", "magnitude", "--pattern", "unstructured", "--sparsity", "0.5",
                    "--pruning-warm-up", "0.6", "--pruning-cool-down", "0.4",
                ], "--pruning-cool-down"
            ),
        ])
    func whatMakesNoSenseIsRefusedInOneLine(_ arguments: [String], _ named: String) throws {
        let (tool, _) = try prepared()
        defer { tool.cleanUp() }
        let result = try tool.run(
            ["prune", tool.file("model")] + arguments + ["--output", tool.file("out")])
        #expect(result.status != 0 && result.errorLines.count == 1)
        #expect(result.errors.contains(named), "\(result.errors)")
        #expect(!FileManager.default.fileExists(atPath: tool.file("out")))
    }

    @Test func aDecoderIsRefusedInOneLine() throws {
        let (tool, _) = try prepared()
        defer { tool.cleanUp() }
        let path = tool.file("decoder.gguf")
        try Data("GGUF".utf8).write(to: URL(fileURLWithPath: path))
        let result = try tool.run([
            "prune", path, "--method", "magnitude", "--pattern", "unstructured", "--sparsity", "0.5",
            "--output", tool.file("out"),
        ])
        #expect(result.status != 0 && result.errorLines.count == 1)
        #expect(result.errors.contains("pruned by search only"), "\(result.errors)")
    }
}
