import Foundation
import Levels
import ModelFiles
import Runs
import Testing
import TinyModels

@testable import Export
@testable import SecateurCLI

/// Exports of a language model's run with layers in int8.
@Suite(.serialized) struct LanguageExportTests {
    private static let layers = (0..<2).flatMap { block in
        (["q", "k", "v", "o"].map { "self_attn.\($0)_proj" }
            + ["gate", "up", "down"].map { "mlp.\($0)_proj" })
            .map { "model.layers.\(block).\($0)" }
    }

    private static func level(of layer: String) -> Level {
        if layer.contains("0.self_attn") { return .dense.with(.int8) }
        if layer.contains("1.mlp.down") { return Level(pattern: .rowBlock4, sparsity: 0.5).with(.int8) }
        if layer.contains("0.mlp.up") { return Level(pattern: .rowBlock4, sparsity: 0.5) }
        return .dense
    }

    /// A run folder as a search leaves it.
    private func prepared(hidden: Int) throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyDecoder.write(to: tool.file("model"), seed: 1, hidden: hidden)
        let words = ["a", "b", "ab", "abc", "c", "cab"]
        let text = (0..<6_000).map { words[($0 * $0 + $0 / 7) % words.count] }.joined()
        try text.write(toFile: tool.file("text.txt"), atomically: true, encoding: .utf8)
        try FileManager.default.createDirectory(atPath: tool.file("run"), withIntermediateDirectories: true)
        let policy = Policy(layers: Self.layers.map { .init(layer: $0, level: Self.level(of: $0)) })
        try policy.json().write(to: URL(fileURLWithPath: tool.file("run/policy.json")))
        _ = try succeed(
            tool,
            [
                "apply", tool.file("run/policy.json"), tool.file("model"), "--train", tool.file("text.txt"),
                "--threads", "1", "--output", tool.file("run/model"),
            ])
        return tool
    }

    private func succeed(_ tool: CommandLineTool, _ arguments: [String]) throws -> CommandLineTool.Result {
        let result = try tool.run(arguments)
        #expect(result.status == 0, "\(arguments.joined(separator: " ")): \(result.errors)")
        return result
    }

    private func export(_ tool: CommandLineTool, _ format: ExportFormat) throws -> String {
        let output = tool.file("exported-\(format.rawValue)")
        let result = try succeed(
            tool, ["export", tool.file("run"), "--format", format.rawValue, "--output", output])
        #expect(result.errors.contains("does not say all") == (format == .llamaQuantize))
        return output
    }

    private func exportedGGUF(_ tool: CommandLineTool) throws -> GGUFFile {
        try FileManager.default.moveItem(atPath: export(tool, .gguf), toPath: tool.file("exported.gguf"))
        return try GGUFFile(path: tool.file("exported.gguf"))
    }

    private static let tensors = [
        "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k", "self_attn.v_proj": "attn_v",
        "self_attn.o_proj": "attn_output", "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up",
        "mlp.down_proj": "ffn_down",
    ]

    /// What llama.cpp calls a layer's matrix.
    private func tensor(_ layer: String) throws -> String {
        let parts = layer.split(separator: ".", maxSplits: 3).map(String.init)
        return "blk.\(parts[2]).\(try #require(Self.tensors[parts[3]])).weight"
    }

    @Test func layersInInt8AreOfEightBits() throws {
        let tool = try prepared(hidden: 64)
        defer { tool.cleanUp() }
        let file = try exportedGGUF(tool)
        let run = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        var eightBits: Set<String> = []
        for layer in Self.layers where Self.level(of: layer).precision == .int8 {
            let name = try tensor(layer)
            eightBits.insert(name)
            // llama.cpp pairs the elements of queries and keys in another order.
            guard !layer.contains("q_proj"), !layer.contains("k_proj") else { continue }
            let (stored, exact) = (try file.tensor(name).floats(), try run.float32("\(layer).weight"))
            for start in stride(from: 0, to: exact.count, by: 32) {
                let block = start..<start + 32
                let step = (exact[block].map(abs).max() ?? 0) / 127
                // Half a step, and what rounding the scale to half precision adds.
                for place in block {
                    #expect(abs(stored[place] - exact[place]) <= 0.6 * step, "\(name)")
                    if exact[place] == 0 { #expect(stored[place] == 0) }
                }
            }
        }
        for name in file.names {
            #expect(try file.info(name).elementType == (eightBits.contains(name) ? .q8_0 : .f32), "\(name)")
        }
        #expect(file.names.contains { $0.contains("norm") } && eightBits.count == 5)
        // Most of the weights are floats.
        #expect(try file.integer("general.file_type", in: 0...100) == 0)
        let arguments = ["--prompt", "ab", "--max-tokens", "4"]
        _ = try succeed(tool, ["generate", tool.file("exported.gguf")] + arguments)
    }

    @Test func rowsThatAreNoWholeBlocksStayFloats() throws {
        let tool = try prepared(hidden: 16)
        defer { tool.cleanUp() }
        let file = try exportedGGUF(tool)
        for name in file.names { #expect(try file.info(name).elementType == .f32, "\(name)") }
    }

    /// Each line's expression finds one tensor, and names the type that the GGUF export has for it.
    @Test func typesForLlamaQuantizeAreThoseOfTheFile() throws {
        let tool = try prepared(hidden: 64)
        defer { tool.cleanUp() }
        let file = try exportedGGUF(tool)
        let text = try String(contentsOfFile: export(tool, .llamaQuantize), encoding: .utf8)
        var found: Set<String> = []
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=").map(String.init)
            try #require(parts.count == 2 && !line.contains(" "))
            let expression = try Regex(parts[0])
            let matches = file.names.filter { $0.firstMatch(of: expression) != nil }
            try #require(matches.count == 1, "\(line)")
            #expect(found.insert(matches[0]).inserted)
            #expect(parts[0] == parts[0].lowercased())
            #expect(try file.info(matches[0]).elementType.name.lowercased() == parts[1], "\(line)")
        }
        #expect(try found == Set(Self.layers.map(tensor)))
    }
}
