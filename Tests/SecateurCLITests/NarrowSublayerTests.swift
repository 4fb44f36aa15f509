import Foundation
import Levels
import Runs
import Testing

@testable import ModelFiles
@testable import SecateurCLI

/// Sublayers with fewer heads and neurons, from the search to the folder.
@Suite(.serialized) struct NarrowSublayerTests {
    /// What was searched is handed over, trained, replayed, applied again and exported.
    @Test func aSearchNarrowsWholeSublayersAndRecovers() throws {
        let narrow = ["width@0.5+dense", "width@0.5+4x1@0.5:int8"]
        let tool = try TinySearch.prepared(narrow: try narrow.map { try #require(Level($0)) })
        defer { tool.cleanUp() }
        let levels = ["--levels", (["dense"] + narrow).joined(separator: ","), "--budget", "40"]
        let aims = ["--target-latency", "0.6", "--recover", "none"]
        _ = try tool.succeed(TinySearch.arguments(tool, "run", levels + aims))
        let policy = try Policy(path: tool.file("run/policy.json"))
        let layers = policy.layers.filter(\.level.isNarrow).map(\.layer)
        #expect(!layers.isEmpty)
        for block in 0..<2 {
            for parts in [["attention.self", "attention.output"], ["intermediate", "\(block).output"]] {
                let own = policy.layers.filter { layer in
                    layer.layer.contains("layer.\(block).") && parts.contains { layer.layer.contains($0) }
                }
                #expect(Set(own.map(\.level.width)).count == 1, "\(own)")
            }
        }
        let model = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        let dense = try SafetensorsFile(path: tool.file("model/model.safetensors"))
        for layer in layers {
            let (left, whole) = (
                try model.info("\(layer).weight").shape, try dense.info("\(layer).weight").shape
            )
            #expect(left.reduce(1, *) * 2 == whole.reduce(1, *), "\(layer): \(left)")
            #expect(try model.weights("\(layer).bias").count == left[0])
        }
        _ = try tool.succeed(["replay", tool.file("run")])
        _ = try tool.succeed([
            "apply", tool.file("run"), tool.file("model"), "--threads", "1", "--output",
            tool.file("applied"),
        ])
        let bytes = { try Data(contentsOf: URL(fileURLWithPath: tool.file($0))) }
        for name in ["model.safetensors", "config.json"] {
            #expect(try bytes("run/model/\(name)") == bytes("applied/\(name)"), "\(name)")
        }
        _ = try tool.succeed(["resume", tool.file("run"), "--recover", "3"])
        let trained = try SafetensorsFile(path: tool.file("run/model/model.safetensors"))
        for layer in layers {
            #expect(try trained.info("\(layer).weight").shape == model.info("\(layer).weight").shape)
        }
        let text = "the cat sits\nthe dog runs\n"
        let embedded = try tool.succeed(["embed", tool.file("run/model")], input: text).output
        #expect(embedded.contains("\n") && !embedded.contains("nan"))
        try exportsAreWhole(tool, narrow: layers, embedding: text, as: embedded)
    }

    /// Other tools get zeros in the place of what is gone.
    private func exportsAreWhole(
        _ tool: CommandLineTool, narrow: [String], embedding text: String, as expected: String
    ) throws {
        let dense = try SafetensorsFile(path: tool.file("model/model.safetensors"))
        for (format, name) in [("hf", "model"), ("torch", "weights")] {
            let folder = tool.file("out-\(format)")
            _ = try tool.succeed(["export", tool.file("run"), "--format", format, "--output", folder])
            let file = try SafetensorsFile(path: "\(folder)/\(name).safetensors")
            for layer in narrow {
                let (weight, bias) =
                    format == "hf" ? ("\(layer).weight", "\(layer).bias") : (layer, "\(layer).bias")
                let shape = try dense.info("\(layer).weight").shape
                #expect(try file.info(weight).shape == shape && file.info(bias).shape == [shape[0]])
            }
        }
        let filled = try tool.succeed(["embed", tool.file("out-hf")], input: text).output
        let pairs = zip(
            filled.split(whereSeparator: { ",[]\n ".contains($0) }),
            expected.split(whereSeparator: { ",[]\n ".contains($0) }))
        // Layers in int8 are computed in floats there.
        #expect(pairs.allSatisfy { abs((Double($0) ?? 0) - (Double($1) ?? 1)) < 0.02 })
        let refused = try tool.run(
            ["export", tool.file("run"), "--format", "compressed", "--output", tool.file("packed")])
        #expect(refused.status != 0 && refused.errors.contains("--format hf"), "\(refused.errors)")
    }

    /// Narrow layers in floats are filled up there too, and nothing else is left in the folder.
    @Test func compressedTensorsOfFloatsAreWhole() throws {
        let tool = try TinySearch.prepared(narrow: [.dense.with(width: 0.5)])
        defer { tool.cleanUp() }
        let levels = ["--levels", "dense,width@0.5+dense", "--budget", "30", "--target-latency", "0.6"]
        _ = try tool.succeed(TinySearch.arguments(tool, "run", levels))
        _ = try tool.succeed([
            "export", tool.file("run"), "--format", "compressed", "--output", tool.file("packed"),
        ])
        let names = try FileManager.default.contentsOfDirectory(atPath: tool.file("packed"))
        let source = try FileManager.default.contentsOfDirectory(atPath: tool.file("run/model"))
        #expect(names.sorted() == source.sorted())
    }

    @Test func halfASublayerIsRefused() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let applied = try TinyIntegers.apply(
            { $0.contains("0.intermediate") ? "width@0.5+int8" : "int8" }, in: tool)
        #expect(applied.status != 0 && applied.errorLines.count == 1, "\(applied.errors)")
        #expect(applied.errors.contains("layer.0.output.dense") && applied.errors.contains("width 0.5"))
    }
}
