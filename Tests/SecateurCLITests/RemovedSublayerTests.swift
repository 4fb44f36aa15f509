import Foundation
import Levels
import Runs
import Testing

@testable import ModelFiles
@testable import SecateurCLI

/// Sublayers that are removed, from the search to the folder.
@Suite(.serialized) struct RemovedSublayerTests {
    private static let levels = [
        ("0.attention", "removed"), ("0.intermediate", "4x1@0.5:int8"), ("1.intermediate", "removed"),
        ("1.output", "removed"),
    ]

    /// Nothing of them is in the file but what says so, and every reader takes it for zeros.
    @Test func aFolderIsReadAsItWasWritten() throws {
        let tool = try TinyIntegers.prepared(Self.levels)
        defer { tool.cleanUp() }
        let file = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        for layer in TinyIntegers.layers {
            let isRemoved = try TinyIntegers.level(of: layer, among: Self.levels) == .removed
            let weights = try file.weights("\(layer).weight")
            #expect(weights.allSatisfy { $0 == 0 } == isRemoved, "\(layer)")
            if isRemoved { #expect(file.tensors["\(layer).weight"]?.storedShape == [0], "\(layer)") }
        }
        let text = "the cat sits\nthe dog runs\n"
        let embedded = try tool.succeed(["embed", tool.file("run/model")], input: text).output
        #expect(embedded.contains("\n") && !embedded.contains("nan"))
        // The same weights, written out as zeros for other tools.
        _ = try tool.succeed(["export", tool.file("run"), "--format", "hf", "--output", tool.file("hf")])
        let zeros = try SafetensorsFile(path: tool.file("hf/model.safetensors"))
        for layer in TinyIntegers.layers {
            #expect(try zeros.weights("\(layer).weight") == file.weights("\(layer).weight"), "\(layer)")
        }
        let inspected = try tool.succeed(["inspect", tool.file("run/model")]).output
        #expect(inspected.contains("encoder.layer.0.attention.self.query  32x32  sparsity 1.0"))
    }

    @Test func aSearchRemovesWholeSublayersAndRecovers() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let levels = ["--levels", "dense,4x1@0.5,4x1@0.8,removed", "--budget", "60"]
        let strict = ["--target-latency", "0.3", "--recover", "3"]
        _ = try tool.succeed(TinySearch.arguments(tool, "run", levels + strict))
        let policy = try Policy(path: tool.file("run/policy.json"))
        let removed = policy.layers.filter { $0.level == .removed }.map(\.layer)
        #expect(!removed.isEmpty)
        for block in 0..<2 {
            for (part, count) in [("attention", 4), ("intermediate", 1), ("output", 1)] {
                let own = removed.filter { $0.contains("layer.\(block).\(part)") }
                #expect(own.isEmpty || own.count == count, "\(removed)")
            }
        }
        // Training leaves removed what is.
        let model = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        for layer in removed { #expect(try model.weights("\(layer).weight").allSatisfy { $0 == 0 }) }
        _ = try tool.succeed(["replay", tool.file("run")])
        _ = try tool.succeed([
            "apply", tool.file("run"), tool.file("model"), "--threads", "1", "--output",
            tool.file("applied"),
        ])
        let applied = try SafetensorsFile(path: tool.file("applied/model.safetensors"))
        for layer in policy.layers where layer.level != .removed {
            #expect(try applied.weights("\(layer.layer).weight").contains { $0 != 0 })
        }
    }

    @Test func whatCannotBeRemovedIsRefused() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let arguments = TinySearch.arguments(
            tool, "run", ["--levels", "dense,4x1@0.5,removed", "--agent", "ppo"])
        let result = try tool.run(arguments)
        #expect(result.status != 0 && result.errorLines.count == 1)
        #expect(result.errors.contains("--levels: found removed with agent ppo, allowed with natural"))
        #expect(!FileManager.default.fileExists(atPath: tool.file("run")))
        let applied = try TinyIntegers.apply(
            { $0.contains("0.attention.self") ? "removed" : "int8" }, in: tool)
        #expect(applied.status != 0 && applied.errorLines.count == 1, "\(applied.errors)")
        #expect(
            applied.errors.contains("attention.output.dense")
                && applied.errors.contains("allowed a level of width 0.0"))
    }
}
