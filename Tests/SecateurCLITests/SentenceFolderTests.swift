import Foundation
import ModelFiles
import Testing
import TinyModels

@testable import SecateurCLI

/// Commands on sentence-transformers folders, on links to files elsewhere, and on outputs of every kind.
@Suite(.serialized) struct SentenceFolderTests {
    private func write(_ text: String, _ path: String) throws {
        let folder = URL(fileURLWithPath: path).deletingLastPathComponent()
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }

    /// A model whose embeddings are first tokens through a Dense layer, after a prompt.
    private func prepared(_ types: [String] = ["Transformer", "Pooling", "Dense"]) throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(60, to: tool.file("text.txt"), seed: 2)
        let list = types.enumerated().map {
            let path = $0 == 0 ? "" : "\($0)_\($1)"
            return "{\"path\": \"\(path)\", \"type\": \"sentence_transformers.models.\($1)\"}"
        }
        try write("[\(list.joined(separator: ", "))]", tool.file("model/modules.json"))
        try write("{\"pooling_mode_cls_token\": true}", tool.file("model/1_Pooling/config.json"))
        try write(
            "{\"prompts\": {\"old\": \"old \", \"none\": \"\"}, \"default_prompt_name\": \"old\"}",
            tool.file("model/config_sentence_transformers.json"))
        try write("{{ messages }}", tool.file("model/chat_template.jinja"))
        guard types.contains("Dense") else { return tool }
        try write(
            """
            {"in_features": 32, "out_features": 3, "bias": true,
             "activation_function": "torch.nn.modules.activation.Tanh"}
            """, tool.file("model/2_Dense/config.json"))
        try SafetensorsWriter.write(
            [
                SafetensorsTensor(
                    name: "linear.weight", shape: [3, 32], floats: (0..<96).map { Float($0 % 5) - 2 }),
                SafetensorsTensor(name: "linear.bias", shape: [3], floats: [0.1, 0.2, 0.3]),
            ], metadata: [:], to: tool.file("model/2_Dense/model.safetensors"))
        return tool
    }

    private func embed(_ tool: CommandLineTool, _ model: String, _ text: String, _ more: [String] = []) throws
        -> String
    {
        let result = try tool.run(["embed", tool.file(model), "--threads", "1"] + more, input: text)
        #expect(result.status == 0, "\(result.errors)")
        return result.output
    }

    private func refuses(_ tool: CommandLineTool, _ arguments: [String], _ says: [String]) throws {
        let result = try tool.run(arguments)
        #expect(result.status != 0 && result.errorLines.count == 1, "\(arguments): \(result.errors)")
        for text in says { #expect(result.errors.contains(text), "\(result.errors)") }
    }

    private let magnitude = ["--method", "magnitude", "--pattern", "unstructured", "--sparsity", "0.5"]

    @Test func aPromptGoesBeforeEachSentence() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let own = try embed(tool, "model", "the cat\n")
        #expect(own.split(separator: ",").count == 3)
        #expect(try embed(tool, "model", "old the cat\n", ["--prompt", "none"]) == own)
        #expect(try embed(tool, "model", "the cat\n", ["--prompt", "none"]) != own)
        try refuses(tool, ["embed", tool.file("model"), "--prompt", "new"], ["new", "none, old"])
    }

    /// All files that the embedding depends on go along; a model of links gives files, and is left as it was.
    @Test func foldersOfLinksAndReadOnlyFilesAreCopiedAsFiles() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let files = FileManager.default
        let names = try PlainFile.paths(below: tool.file("model"))
        for (index, name) in names.enumerated() {
            let blob = tool.file("cache/blobs/\(index)")
            try write("", blob)
            try files.removeItem(atPath: blob)
            try files.moveItem(atPath: tool.file("model/\(name)"), toPath: blob)
            #expect(chmod(blob, 0o444) == 0)
            let link = tool.file("cache/snapshots/1/\(name)")
            try write("", link)
            try files.removeItem(atPath: link)
            let up = String(repeating: "../", count: 2 + name.filter { $0 == "/" }.count)
            try files.createSymbolicLink(atPath: link, withDestinationPath: "\(up)blobs/\(index)")
        }
        let blobs = try names.indices.map {
            try Data(contentsOf: URL(fileURLWithPath: tool.file("cache/blobs/\($0)")))
        }
        let arguments = ["--train", tool.file("text.txt"), "--output", tool.file("out")]
        let pruned = try tool.run(
            [
                "prune", tool.file("cache/snapshots/1"), "--method", "magnitude", "--pattern", "heads",
                "--scope",
                "layer", "--sparsity", "0.5",
            ] + arguments)
        #expect(pruned.status == 0, "\(pruned.errors)")
        for (index, blob) in blobs.enumerated() {
            #expect(try Data(contentsOf: URL(fileURLWithPath: tool.file("cache/blobs/\(index)"))) == blob)
        }
        let written = try PlainFile.paths(below: tool.file("out"))
        #expect(Set(written) == Set(names))
        for name in written {
            var status = stat()
            #expect(lstat(tool.file("out/\(name)"), &status) == 0, "\(name)")
            #expect(status.st_mode & S_IFMT == S_IFREG && status.st_mode & S_IWUSR != 0, "\(name)")
        }
        try files.removeItem(atPath: tool.file("cache"))
        #expect(try embed(tool, "out", "the cat\n").split(separator: ",").count == 3)
    }

    @Test func aSlashAtTheEndOfAnOutputIsNoPartOfItsName() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let result = try tool.run(
            ["prune", tool.file("model")] + magnitude + ["--output", tool.file("out") + "/"])
        #expect(result.status == 0, "\(result.errors)")
        #expect(FileManager.default.fileExists(atPath: tool.file("out/model.safetensors")))
        let names = try FileManager.default.contentsOfDirectory(atPath: tool.folder)
        #expect(!names.contains { $0.contains("incomplete") })
    }

    /// The model and the data do not exist: an error that names the output was found before they were read.
    @Test func outputsAreCheckedBeforeAnyWork() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let (none, file) = (tool.file("none"), tool.file("text.txt"))
        let task = ["--task", "sts", "--train", none, "--validation", none]
        let search = ["search", none, "--task", "fidelity", "--train", none, "--target-latency", "0.5"]
        let folders = [
            ["prune", none] + magnitude, ["finetune", none] + task, ["apply", none, none],
            ["convert", none, "--format", "folder"], ["pick", none, "--target-latency", "0.5"], search,
        ]
        let files = [["convert", none], ["profile", none], ["compare", none, none]]
        for command in folders {
            try refuses(tool, command + ["--output", "\(file)/out"], ["\(file)/out", "cannot be"])
        }
        for command in files {
            let output = tool.file("missing/out")
            try refuses(tool, command + ["--output", output], [output, "cannot be"])
        }
        for command in folders {
            try refuses(tool, command + ["--output", file], [file])
        }
        for command in files {
            try refuses(tool, command + ["--output", tool.file("model")], ["/model: found a folder"])
        }
    }

    @Test func whatCannotBeTrainedIsRefusedBeforeASearch() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let search = [
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--target-latency", "0.9", "--tokens", "16", "--output", tool.file("run"),
        ]
        try refuses(tool, search + ["--recover", "10"], ["modules.json", "Dense"])
        #expect(!FileManager.default.fileExists(atPath: tool.file("run")))
    }

    /// Fidelity and training see the embeddings that `embed` prints: those of first tokens.
    @Test func tasksAndTrainingPoolAsTheFolderSays() throws {
        let tool = try prepared(["Transformer", "Pooling"])
        defer { tool.cleanUp() }
        let lines =
            ["sentence1\tsentence2\tscore"] + (0..<12).map { "the cat\tthe dog runs on mat\t\($0 % 5)" }
        let words = ["cat", "dog", "bird", "mat", "tree", "house"]
        let pairs = lines.enumerated().map {
            $1.replacing("cat", with: words[$0 % 6]).replacing("mat", with: words[$0 % 5])
        }
        try write(pairs.joined(separator: "\n"), tool.file("pairs.tsv"))
        let sts = ["--task", "sts", "--data", tool.file("pairs.tsv"), "--json"]
        let first = try tool.run(["evaluate", tool.file("model")] + sts).json()["value"] as? Double
        let training = [
            "finetune", tool.file("model"), "--task", "sts", "--train", tool.file("pairs.tsv"),
            "--validation", tool.file("pairs.tsv"), "--epochs", "1", "--output", tool.file("trained"),
            "--json",
        ]
        let trained = try tool.run(training)
        #expect(trained.status == 0, "\(trained.errors)")
        let before = try trained.json()["scoreBefore"] as? Double
        #expect(abs(try #require(first) - (try #require(before))) < 1e-9)
        try write("{\"pooling_mode\": \"mean\"}", tool.file("model/1_Pooling/config.json"))
        #expect(try tool.run(["evaluate", tool.file("model")] + sts).json()["value"] as? Double != first)
    }
}
