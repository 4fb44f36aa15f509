import Foundation
import Levels
import ModelFiles
import Runs
import Testing

@testable import Export
@testable import SecateurCLI
@testable import SparseKernels

/// Everything that the commands do with a Llama, done with a Qwen2.
@Suite(.serialized) struct Qwen2CommandTests {
    private func prepared() throws -> CommandLineTool {
        let tool = try CommandLineTool()
        let fixture = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("TransformersTests/Fixtures/qwen2-tiny").path
        try FileManager.default.copyItem(atPath: fixture, toPath: tool.file("model"))
        let line = "The cat sits on the mat. The dog runs and the bird sings; don't count 12 of them!\n"
        try String(repeating: line, count: 120).write(
            toFile: tool.file("text.txt"), atomically: true, encoding: .utf8)
        return tool
    }

    private func succeed(_ tool: CommandLineTool, _ arguments: [String]) throws -> CommandLineTool.Result {
        let result = try tool.run(arguments)
        #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
        return result
    }

    /// Latencies that do not depend on what else the machine does.
    private var table: LatencyTable {
        var entries: [LatencyTable.Key: LatencyTable.Entry] = [:]
        for (rows, cols) in [(16, 16), (8, 16), (24, 16), (16, 24)] {
            for level in LevelSet.coarse {
                let ms = Double(rows * cols) * 1e-5 * (0.2 + 0.8 * (1 - level.sparsity))
                entries[.init(rows: rows, cols: cols, level: level)] = .init([ms])
            }
        }
        return LatencyTable(
            fingerprint: .current, tokens: 32, threads: 1, entries: entries,
            fit: LatencyFit(overheadMs: 0.005, scale: 1, medianError: 0), dense: .init([0.0434]))
    }

    private func generated(_ tool: CommandLineTool, _ model: String) throws -> String {
        try succeed(
            tool, ["generate", tool.file(model), "--prompt", "The cat", "--max-tokens", "12", "--json"]
        ).output
    }

    @Test func bothFormatsGenerateTheSame() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let expected = try generated(tool, "model")
        #expect(expected.contains(","))
        _ = try succeed(tool, ["convert", tool.file("model"), "--output", tool.file("a.gguf")])
        #expect(try generated(tool, "a.gguf") == expected)
        _ = try succeed(
            tool, ["convert", tool.file("a.gguf"), "--format", "folder", "--output", tool.file("folder")])
        #expect(try generated(tool, "folder") == expected)
        let (first, second) = (try perplexity(tool, "model"), try perplexity(tool, "folder"))
        #expect(first == second && first > 1)
    }

    private func perplexity(_ tool: CommandLineTool, _ model: String) throws -> Double {
        let result = try succeed(
            tool,
            [
                "evaluate", tool.file(model), "--task", "lm", "--data", tool.file("text.txt"), "--context",
                "128", "--windows", "2", "--json",
            ])
        return try #require(try result.json()["value"] as? Double)
    }

    @Test func aSearchIsReportedAndExported() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        try table.write(to: tool.file("latency.h5"))
        let found = try succeed(
            tool,
            [
                "search", tool.file("model"), "--task", "lm", "--train", tool.file("text.txt"),
                "--target-latency", "0.8", "--tokens", "32", "--threads", "1", "--latency-table",
                tool.file("latency.h5"), "--budget", "60", "--output", tool.file("run"), "--json",
            ])
        #expect((try found.json()["policy"] as? [Any])?.count == 14)
        let html = try String(contentsOfFile: tool.file("run/report.html"), encoding: .utf8)
        for words in ["2 blocks, 7 operations each", ">query<", ">gate<"] { #expect(html.contains(words)) }
        let policy = try Policy(path: tool.file("run/policy.json"))
        #expect(!policy.pruned.isEmpty)
        for format in ExportFormat.allCases where format != .onnx {
            let output = tool.file("exported-\(format.rawValue)")
            _ = try succeed(
                tool, ["export", tool.file("run"), "--format", format.rawValue, "--output", output])
        }
        let masks = try SafetensorsFile(path: tool.file("exported-torch/masks.safetensors"))
        #expect(Set(masks.names) == Set(policy.pruned.map(\.layer)))
        try FileManager.default.moveItem(
            atPath: tool.file("exported-gguf"), toPath: tool.file("exported.gguf"))
        #expect(try generated(tool, "exported.gguf") == generated(tool, "run"))
    }
}
