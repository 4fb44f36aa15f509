import Foundation
import Runs
import Testing
import TinyModels

@testable import SecateurCLI

/// `--space-weight`, from the command line.
@Suite(.serialized) struct SpaceWeightTests {
    private func search(
        _ tool: CommandLineTool, _ run: String, _ more: [String] = []
    ) throws -> [TinySearch.Row] {
        let found = try tool.run(TinySearch.arguments(tool, run, ["--budget", "60"] + more))
        #expect(found.status == 0, "\(found.errors)")
        return try TinySearch.rows(tool.file(run))
    }

    /// 0 is what earlier versions had, whose runs are replayed so; another weight is another search.
    @Test func aWeightChangesASearchAndEarlierRunsHaveNone() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let weighted = try search(tool, "weighted", ["--space-weight", "0.5"])
        let none = try search(tool, "none")
        #expect(weighted != none)
        #expect(try RunFiles(folder: tool.file("weighted")).options().weights.space == 0.5)

        let files = RunFiles(folder: tool.file("none"))
        let url = URL(fileURLWithPath: files.path(.options))
        var object = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: url)) as? [String: Any])
        var weights = try #require(object["weights"] as? [String: Any])
        #expect(weights.removeValue(forKey: "space") as? Double == 0)
        object["weights"] = weights
        try JSONSerialization.data(withJSONObject: object).write(to: url)
        for run in ["none", "weighted"] {
            let replayed = try tool.run(["replay", tool.file(run)])
            #expect(replayed.status == 0, "\(replayed.errors)")
        }
    }

    /// What was found out about layers is of one weight: it is kept, or refused by name.
    @Test func aRetargetedRunKeepsItsWeight() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        _ = try search(tool, "run", ["--space-weight", "0.25"])
        let arguments = [
            "retarget", tool.file("run"), "--target-latency", "0.9", "--threads", "1", "--latency-table",
            tool.file("latency.h5"), "--recover", "none", "--budget", "60",
        ]
        let kept = try tool.run(arguments + ["--output", tool.file("kept")])
        #expect(kept.status == 0, "\(kept.errors)")
        #expect(try RunFiles(folder: tool.file("kept")).options().weights.space == 0.25)
        let other = try tool.run(arguments + ["--space-weight", "1", "--output", tool.file("other")])
        #expect(other.status != 0 && other.errors.contains("spaceWeight"), "\(other.errors)")
    }

    /// The closing table tells what quality is made of.
    @Test func fidelityAloneIsShownToo() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let weighted = try tool.run(
            TinySearch.arguments(tool, "weighted", ["--budget", "60", "--space-weight", "1"]))
        #expect(weighted.status == 0, "\(weighted.errors)")
        let lines = weighted.output.split(separator: "\n")
        func value(_ name: String) throws -> Double {
            let line = try #require(lines.first { $0.hasPrefix(name) }, "\(name) in \(weighted.output)")
            return try #require(line.split(separator: " ").last.flatMap { Double($0) })
        }
        let (quality, fidelity) = (try value("quality, other text"), try value("fidelity, other text"))
        #expect(abs(quality - (fidelity + (try value("mean cosine"))) / 2) < 2e-4)
        let alone = try tool.run(
            TinySearch.arguments(tool, "alone", ["--budget", "60", "--space-weight", "0"]))
        #expect(alone.output.contains("fidelity, other text") && !alone.output.contains("quality, other"))
    }

    @Test func classifiersHaveNoSpace() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try TinyModel.write(to: tool.file("classifier"), seed: 3, shape: .init(classes: 2))
        let lines = (0..<64).map { "\($0 % 2 == 0 ? "the cat sits" : "a dog runs")\t\($0 % 2)" }
        try (["sentence\tlabel"] + lines).joined(separator: "\n").write(
            toFile: tool.file("train.tsv"), atomically: true, encoding: .utf8)
        let refused = try tool.run([
            "search", tool.file("classifier"), "--task", "classification", "--train", tool.file("train.tsv"),
            "--target-latency", "0.8", "--space-weight", "0.5", "--output", tool.file("run"),
        ])
        #expect(refused.status != 0)
        #expect(
            refused.errors.contains("--space-weight: found 0.5 with task classification, allowed 0"),
            "\(refused.errors)")
    }
}
