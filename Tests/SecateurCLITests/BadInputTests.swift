import Foundation
import SparseKernels
import Testing
import TinyModels

@testable import SecateurCLI

/// Whatever a user gets wrong ends in one clear line and a non-zero status, and leaves nothing behind.
@Suite(.serialized) struct BadInputTests {
    private func check(
        _ tool: CommandLineTool, _ arguments: [String], says words: [String],
        location: SourceLocation = #_sourceLocation
    ) throws {
        let result = try tool.run(arguments)
        #expect(result.status != 0, "\(arguments)", sourceLocation: location)
        #expect(result.output.isEmpty, "\(result.output)", sourceLocation: location)
        #expect(result.errorLines.count == 1, "\(result.errors)", sourceLocation: location)
        for word in words {
            #expect(result.errors.contains(word), "\(result.errors)", sourceLocation: location)
        }
    }

    private func search(_ tool: CommandLineTool, _ changed: [String: String] = [:]) -> [String] {
        var options = [
            "--task": "fidelity", "--train": tool.file("text.txt"), "--target-latency": "0.8",
            "--tokens": "32", "--threads": "1", "--budget": "20", "--recover": "none",
            "--output": tool.file("run"),
        ]
        options.merge(changed) { $1 }
        let model = options.removeValue(forKey: "model") ?? tool.file("model")
        return ["search", model] + options.sorted { $0.key < $1.key }.flatMap { [$0.key, $0.value] }
    }

    @Test func missingFiles() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let missing = tool.file("missing")
        for command in [["inspect", missing], ["benchmark", missing], ["profile", missing]] {
            try check(tool, command, says: ["missing", "no such model folder"])
        }
        try check(tool, search(tool, ["model": missing]), says: ["missing"])
        for flag in ["--train", "--validation", "--latency-table"] {
            try check(tool, search(tool, [flag: missing]), says: ["missing"])
        }
        try check(tool, ["resume", missing], says: ["missing/run.json"])
        try check(
            tool, ["apply", missing, tool.file("model"), "--output", tool.file("out")], says: ["missing"])
        #expect(!FileManager.default.fileExists(atPath: tool.file("run")))
        #expect(!FileManager.default.fileExists(atPath: tool.file("out")))
    }

    @Test func truncatedWeights() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let path = tool.file("model/model.safetensors")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        for count in [0, 5, 100, whole.count / 2, whole.count - 1] {
            try whole.prefix(count).write(to: URL(fileURLWithPath: path))
            try check(tool, ["inspect", tool.file("model")], says: ["model.safetensors"])
        }
    }

    @Test func anotherArchitecture() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let path = tool.file("model/config.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("\"bert\"", with: "\"mamba\"").write(
            toFile: path, atomically: true, encoding: .utf8)
        try check(tool, ["inspect", tool.file("model")], says: ["config.json", "mamba", "bert"])
    }

    @Test func flagsThatSayNothingSensible() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let wrong = [
            ("--task", "guess"), ("--target-latency", "0"), ("--target-latency", "1.5"),
            ("--target-latency", "fast"), ("--target-latency", "0.8...0.5"),
            ("--target-latency", "0.5...9ms"),
            ("--budget", "0"), ("--threads", "0"), ("--tokens", "100000"),
            ("--tokens", "65"), ("--agent", "oracle"), ("--solver", "luck"), ("--target-size", "2"),
            ("--seed", "-1"), ("--quality-weight", "-1"), ("--space-weight", "-1"), ("--color", "red"),
        ]
        for (flag, value) in wrong {
            try check(tool, search(tool, [flag: value]), says: [flag == "--agent" ? "agent" : flag])
        }
        for (arguments, word) in [
            (search(tool, ["--target-latency": "1.5"]), "12ms"),
            (search(tool, ["--latency-weight": "nan"]), "--latency-weight"),
            (["benchmark", tool.file("model"), "--level", "4x1@1.8"], "4x1@0.8"),
            (["kernels", "--shape", "64"], "1536x384"),
            (["prune", "x", "--method", "obs", "--output", "y", "--pattern", "4:2"], "2:4"),
            (["benchmark", tool.file("model"), "--batch", "100000000"], "4096"),
            (["evaluate", "x", "--task", "sts", "--data", "y", "--threads=-3"], "256"),
        ] {
            try check(tool, arguments, says: ["allowed", word])
        }
        try check(tool, ["prune-it"], says: ["prune-it"])
        try check(tool, ["search"], says: ["--target-latency"])
        try check(
            tool, search(tool, ["--target-latency": "0.5...0.8", "--agent": "ppo"]),
            says: ["--target-latency: found the range 0.5...0.8 with agent ppo, allowed with", "natural"])
        try check(
            tool, search(tool, ["--tokens": "65"]), says: ["--tokens: found 65, allowed 64 at most"])
        try check(tool, ["search", "--target-latency", "0.5", "--output", "run"], says: ["model"])
        #expect(!FileManager.default.fileExists(atPath: tool.file("run")))
    }

    @Test func targetsThatNoPolicyMeets() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try check(
            tool, search(tool, ["--target-latency": "0.000001ms"]),
            says: ["--target-latency", "allowed", "dense"])
        try check(
            tool, search(tool, ["--output": tool.file("r2"), "--target-size": "0.0001"]),
            says: ["--target-size"])
        try check(
            tool,
            search(tool, ["--output": tool.file("r3"), "--budget": "1", "--target-latency": "1"]),
            says: ["--budget: found 1, allowed", "or more, as calibration and sensitivities take"])
    }

    @Test func foldersThatCannotBeWrittenTo() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let below = tool.file("text.txt/run")
        try check(tool, search(tool, ["--output": below]), says: [below])
        #expect(try tool.run(search(tool, ["--latency-table": tool.file("latency.h5")])).status == 0)
        try check(tool, ["apply", tool.file("run"), tool.file("model"), "--output", below], says: [below])
        try check(
            tool, ["apply", tool.file("run"), tool.file("model"), "--output", tool.file("model")],
            says: ["already exists"])
        try check(tool, search(tool), says: ["found a run", "--overwrite"])
    }

    /// A table is of prefill or of decoding, for so many tokens and threads.
    @Test func latenciesOfSomethingElse() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(search(tool, ["--latency-table": tool.file("latency.h5")])).status == 0)
        let (prefill, decode) = (tool.file("run/latency.h5"), tool.file("decode.h5"))
        let table = try LatencyTable(path: prefill)
        try LatencyTable(
            fingerprint: table.fingerprint, phase: .decode, tokens: table.workload.tokens,
            threads: table.threads,
            entries: table.entries, fit: table.fit, dense: table.dense
        ).write(to: decode)
        for (path, tokens, words) in [
            (decode, "32", ["found decode, 32 tokens", "allowed prefill, 32 tokens and 1 thread"]),
            (prefill, "16", ["found prefill, 32 tokens", "allowed prefill, 16 tokens and 1 thread"]),
        ] {
            let changed = ["--latency-table": path, "--output": tool.file("other"), "--tokens": tokens]
            try check(tool, search(tool, changed), says: [path] + words)
        }
        #expect(!FileManager.default.fileExists(atPath: tool.file("other")))
    }

    @Test func aRunOfAnotherModel() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try TinyModel.write(to: tool.file("other"), seed: 9)
        #expect(try tool.run(search(tool, ["--latency-table": tool.file("latency.h5")])).status == 0)
        try check(
            tool, ["apply", tool.file("run"), tool.file("other"), "--output", tool.file("out")],
            says: ["another model"])
        // The trace and the checkpoint of the first model beside the options of the other one.
        let path = tool.file("run/run.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing(tool.file("model"), with: tool.file("other"))
            .write(toFile: path, atomically: true, encoding: .utf8)
        try FileManager.default.removeItem(atPath: tool.file("run/summary.json"))
        try check(tool, ["resume", tool.file("run")], says: ["checkpoint.h5", "model", "found"])
    }

    @Test func aSearchThatIsRefusedReplacesNothing() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let table = ["--latency-table": tool.file("latency.h5")]
        let impossible = table.merging(["--target-latency": "0.001"]) { $1 }
        try check(tool, search(tool, impossible), says: ["--target-latency"])
        #expect(try tool.run(search(tool, table)).status == 0)
        func files() throws -> [String: Data] {
            let names = try FileManager.default.subpathsOfDirectory(atPath: tool.file("run"))
                .filter { $0 != ".lock" }
            return Dictionary(
                uniqueKeysWithValues: names.map {
                    ($0, FileManager.default.contents(atPath: tool.file("run/\($0)")) ?? Data())
                })
        }
        let before = try files()
        try check(tool, search(tool, impossible) + ["--overwrite"], says: ["--target-latency"])
        try check(
            tool, search(tool, table.merging(["--budget": "1"]) { $1 }) + ["--overwrite"], says: ["budget"])
        #expect(try files() == before)
        #expect(try tool.run(search(tool, table) + ["--overwrite", "--seed", "2"]).status == 0)
        let names = try FileManager.default.contentsOfDirectory(atPath: tool.file("run"))
        #expect(!names.contains { $0.contains("replaced") })
    }

    /// Fractions are of what the model is, and its weights are what is rounded.
    @Test func levelsWithoutDenseAreRefused() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try check(
            tool, search(tool, ["--levels": "int8,4x1@0.5:int8", "--recover": "none"]),
            says: ["--levels", "found int8,4x1@0.500:int8", "allowed dense among them"])
    }

    @Test func whatARunFixesIsNotChanged() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let own = ["--latency-table": tool.file("latency.h5"), "--cache": tool.file("own")]
        #expect(try tool.run(search(tool, own)).status == 0)
        for (flag, value) in [
            ("--seed", "9"), ("--solver", "magnitude"), ("--reward-sentences", "10"),
            ("--latency-of", "decode"), ("--task", "sts"), ("--levels", "coarse"),
        ] {
            try check(
                tool,
                [
                    "retarget", tool.file("run"), "--target-latency", "0.7", flag, value, "--output",
                    tool.file("other"),
                ], says: [flag])
        }
        for flag in ["--seed", "--calibration-sentences", "--reward-sentences"] {
            try check(
                tool,
                [
                    "apply", tool.file("run"), tool.file("model"), flag, "50", "--output", tool.file("other"),
                ], says: [flag, "found with a run"])
        }
        // The run's own cache is still used.
        try FileManager.default.removeItem(atPath: tool.file("run/summary.json"))
        #expect(try tool.run(["resume", tool.file("run")]).status == 0)
        #expect(!FileManager.default.fileExists(atPath: tool.file("cache")))
    }

    @Test func aFullDiskIsNoticed() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        for more in [["--json"], []] {
            let result = try tool.run(["inspect", tool.file("model")] + more, device: "/dev/full")
            #expect(result.status == 1 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains("standard output"), "\(result.errors)")
        }
    }

    @Test func aLanguageModelIsNoEncoder() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let path = tool.file("some.gguf")
        try Data("GGUF".utf8).write(to: URL(fileURLWithPath: path))
        try check(
            tool, ["evaluate", path, "--task", "sts", "--data", tool.file("text.txt")],
            says: ["some.gguf", "language model", "encoder"])
    }

    @Test func damagedRunFiles() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(search(tool, ["--latency-table": tool.file("latency.h5")])).status == 0)
        for name in ["checkpoint.previous.h5", "summary.json"] {
            try FileManager.default.removeItem(atPath: tool.file("run/\(name)"))
        }
        for name in ["checkpoint.h5", "costs.json", "run.json"] {
            let path = tool.file("run/\(name)")
            let whole = try Data(contentsOf: URL(fileURLWithPath: path))
            try whole.prefix(whole.count / 2).write(to: URL(fileURLWithPath: path))
            try check(tool, ["resume", tool.file("run")], says: [name])
            try whole.write(to: URL(fileURLWithPath: path))
        }
        #expect(try tool.run(["resume", tool.file("run")]).status == 0)
    }

    @Test func helpIsNoError() throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        for command in [
            "inspect", "profile", "search", "resume", "retarget", "replay", "pick", "remeasure", "apply",
            "evaluate", "benchmark",
            "embed", "export",
            "report", "compare", "trace", "finetune", "prune",
        ] {
            let help = try tool.run([command, "--help"])
            #expect(help.status == 0 && help.output.contains("USAGE: secateur \(command)"))
            #expect(help.output.contains("xample") || help.output.contains("  secateur \(command)"))
        }
    }
}
