import Foundation
import Levels
import Models
import Runs
import Testing
import TinyModels

@testable import SecateurCLI

/// Latency over the lengths that texts have, from the command line.
@Suite(.serialized) struct WorkloadCommandTests {
    private func lengths(_ tool: CommandLineTool) throws -> [Int] {
        let model = try EncoderModel(folder: tool.file("model"))
        let lines = try String(contentsOfFile: tool.file("text.txt"), encoding: .utf8).split(separator: "\n")
        return model.sentences.encode(lines.map(String.init)).map(\.count)
    }

    @Test(arguments: [1, 3]) func aBenchmarkOverTheLengthsOfTexts(batch: Int) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let arguments = [
            "benchmark", tool.file("model"), "--lengths", tool.file("text.txt"), "--batch", "\(batch)",
            "--threads", "2", "--rounds", "3", "--level", "4x1@0.8", "--breakdown",
        ]
        let found = try tool.run(arguments + ["--json"])
        #expect(found.status == 0, "\(found.errors)")
        let result = try found.json()
        let lengths = try lengths(tool)
        let mean = Double(lengths.reduce(0, +)) / Double(lengths.count)
        let texts = try #require(result["lengths"] as? [String: Any])
        #expect(texts["texts"] as? Int == lengths.count)
        #expect(abs((texts["meanTokens"] as? Double ?? 0) - mean) < 1e-9)
        #expect(texts["medianTokens"] as? Int == lengths.sorted()[lengths.count / 2])
        #expect(result["tokens"] as? Int == Int(mean.rounded()) && result["batch"] as? Int == batch)
        for name in ["medianMs", "meanMs", "p95Ms"] {
            let dense = "dense" + name.prefix(1).uppercased() + name.dropFirst()
            #expect(result[name] as? Double ?? 0 > 0 && result[dense] as? Double ?? 0 > 0, "\(name)")
        }
        let speedups = try #require(result["speedups"] as? [String: Double])
        #expect(Set(speedups.keys) == ["median", "mean", "p95"])
        #expect(speedups["mean"] == result["speedup"] as? Double)
        let shown = try tool.run(arguments).output
        for text in ["texts of \(tool.file("text.txt"))", "mean ", "of means ", "of p95 "] {
            #expect(shown.contains(text), "\(shown)")
        }
    }

    @Test func whatHasNoLengthsIsRefused() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try TinyDecoder.write(to: tool.file("decoder"), seed: 1)
        let text = tool.file("text.txt")
        func refused(_ arguments: [String], _ says: String) throws {
            let result = try tool.run(arguments)
            #expect(result.status != 0 && result.errors.contains(says), "\(result.errors)")
        }
        try refused(
            ["benchmark", tool.file("decoder"), "--lengths", text],
            "--lengths: found a language model, allowed an encoder")
        try refused(
            ["benchmark", tool.file("model"), "--lengths", text, "--tokens", "8"],
            "--lengths: found with --tokens, allowed one of the two")
        try refused(["benchmark", tool.file("model"), "--lengths", tool.file("none.txt")], "none.txt")
        try refused(
            TinySearch.arguments(tool, "run", ["--workload", "data"]),
            "--workload: found data with --tokens, allowed one of the two")
        try refused(search(tool, "run", ["--workload", "data8"]), "128x1, data, or dataxBATCH")
        try refused(
            search(tool, "run", ["--workload", "65x2"]), "--workload: found 65x2, allowed 64 at most")
        try refused(
            [
                "search", tool.file("decoder"), "--task", "lm", "--train", text, "--target-latency", "0.9",
                "--workload", "datax2", "--output", tool.file("run"),
            ], "--workload: found datax2 with task lm, allowed TOKENSxBATCH")
        // A table of one sequence says nothing of others.
        try refused(
            search(tool, "run", ["--workload", "data", "--latency-table", tool.file("latency.h5")]),
            "found prefill, 32 tokens and 1 thread, allowed prefill, texts of")
    }

    private func search(_ tool: CommandLineTool, _ run: String, _ more: [String]) -> [String] {
        [
            "search", tool.file("model"), "--task", "fidelity", "--train", tool.file("text.txt"),
            "--target-latency", "10ms", "--threads", "1", "--recover", "none", "--budget", "30", "--levels",
            "dense,unstructured@0.5,4x1@0.8", "--output", tool.file(run),
        ] + more
    }

    /// The lengths are in the run, so that it is replayed, repeated and retargeted over the same ones.
    @Test(arguments: ["data", "datax3", "12x2"]) func aSearchOverAWorkload(choice: String) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let found = try tool.run(search(tool, "run", ["--workload", choice]))
        #expect(found.status == 0, "\(found.errors)")
        let files = RunFiles(folder: tool.file("run"))
        let options = try files.options()
        #expect(options.workloadChoice == WorkloadChoice(choice))
        let isData = choice.hasPrefix("data")
        if isData {
            let mean = try lengths(tool).reduce(0, +)
            #expect(abs(Double(options.tokens) - Double(mean) / 400) <= 1)
            #expect(options.workload.lengths?.count == 20)
        }
        for text in ["\(options.workload), 1 thread", "latency, p95"] + (isData ? ["latency, mean"] : []) {
            #expect(found.output.contains(text), "\(found.output)")
        }
        let report = try String(contentsOfFile: files.path(.report), encoding: .utf8)
        #expect(report.contains("p95") && report.contains("\(options.workload)"))

        let summary = try #require(try files.finishedSummary())
        let pruned = try #require(summary.prunedTimes)
        let policy = try Policy(path: files.path(.policy))
        #expect(policy.workload == options.workload)
        #expect(policy.latencyMs == pruned.medianMs && policy.latencyP95Ms == pruned.p95Ms)
        #expect(policy.latencyMeanMs == (isData ? pruned.meanMs : nil))

        let replayed = try tool.run(["replay", files.folder])
        #expect(replayed.status == 0, "\(replayed.errors)")
        let again = try tool.run([
            "search", "--config", files.folder, "--seed", "2", "--output", tool.file("again"),
        ])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try RunFiles(folder: tool.file("again")).options().workload == options.workload)
        let fixed = try tool.run([
            "retarget", files.folder, "--target-latency", "1", "--tokens", "16", "--threads", "1", "--budget",
            "30", "--recover", "none", "--output", tool.file("fixed"),
        ])
        #expect(fixed.status == 0, "\(fixed.errors)")
        #expect(try RunFiles(folder: tool.file("fixed")).options().workload == Workload(tokens: 16))
    }

    /// The command line goes before what a run says in another word.
    @Test func oneOfTwoOptionsIsRepeated() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(search(tool, "run", ["--workload", "12x2"])).status == 0)
        let run = tool.file("run")
        let repeated = try ConfigurationFile.expanded(["search", "--config", run])
        #expect(repeated.contains("--workload=12x2") && !repeated.contains { $0.hasPrefix("--tokens") })
        let own = try ConfigurationFile.expanded(["search", "--config", run, "--tokens", "8"])
        #expect(!own.contains { $0.hasPrefix("--workload") })
    }
}
