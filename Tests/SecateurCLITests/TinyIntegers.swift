import Foundation
import Levels
import ModelFiles
import Runs
import Testing
import TinyModels

@testable import SecateurCLI

/// A run folder as a search leaves it, of a tiny model with layers in int8 and in float32, with zeros and without.
enum TinyIntegers {
    /// Which level a layer has, by a part of its name; others are dense.
    static let levels = [
        ("0.attention.self", "16x1@0.5:int8"), ("0.intermediate", "int8"), ("0.output", "4x1@0.5"),
        ("1.output", "unstructured@0.6:int8"),
    ]

    static let layers = (0..<2).flatMap { block in
        [
            "attention.self.query", "attention.self.key", "attention.self.value", "attention.output.dense",
            "intermediate.dense", "output.dense",
        ].map { "encoder.layer.\(block).\($0)" }
    }

    static func level(of layer: String, among levels: [(String, String)] = levels) throws -> Level {
        let text = levels.first { layer.contains($0.0) }?.1
        return try text.map { try #require(Level($0)) } ?? .dense
    }

    /// Applies a policy to `model` of a tool's folder, which is to be in `out` then.
    ///
    /// - Parameter level: of a layer, by its name.
    static func apply(_ level: (String) -> String, in tool: CommandLineTool) throws -> CommandLineTool.Result
    {
        let policy = Policy(
            layers: try layers.map { .init(layer: $0, level: try #require(Level(level($0)))) })
        try policy.json().write(to: URL(fileURLWithPath: tool.file("policy.json")))
        return try tool.run([
            "apply", tool.file("policy.json"), tool.file("model"), "--train", tool.file("text.txt"),
            "--output", tool.file("out"),
        ])
    }

    /// Makes `model`, `text.txt` and `run` in a tool's folder.
    static func prepared(_ levels: [(String, String)] = levels) throws -> CommandLineTool {
        let tool = try CommandLineTool()
        try TinyModel.write(to: tool.file("model"), seed: 1)
        try TinyModel.writeSentences(200, to: tool.file("text.txt"), seed: 2)
        let policy = Policy(
            layers: try layers.map { .init(layer: $0, level: try level(of: $0, among: levels)) })
        try FileManager.default.createDirectory(
            atPath: tool.file("run"), withIntermediateDirectories: true)
        try policy.json().write(to: URL(fileURLWithPath: tool.file("run/policy.json")))
        let applied = try tool.run([
            "apply", tool.file("run/policy.json"), tool.file("model"), "--train", tool.file("text.txt"),
            "--threads", "1", "--output", tool.file("run/model"),
        ])
        #expect(applied.status == 0, "\(applied.errors)")
        return tool
    }
}
