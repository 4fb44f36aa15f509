import Foundation
import Testing
import TinyModels

@testable import SecateurCLI

@Suite(.serialized) struct SearchCommandTests {
    @Test func aSearchHandsOverAModelThatOtherCommandsTake() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let found = try tool.run(
            TinySearch.arguments(
                tool, "run", ["--validation", tool.file("text.txt"), "--budget", "120", "--json"]))
        #expect(found.status == 0, "\(found.errors)")
        let summary = try found.json()
        #expect(TinySearch.spends(summary["evaluations"], of: 120))
        #expect((summary["policy"] as? [Any])?.count == 12)

        let applied = try tool.run(
            ["apply", tool.file("run"), tool.file("model"), "--output", tool.file("applied")])
        #expect(applied.status == 0, "\(applied.errors)")
        let weights = ["run/model", "applied"].map { tool.file("\($0)/model.safetensors") }
        #expect(FileManager.default.contentsEqual(atPath: weights[0], andPath: weights[1]))

        let benchmark = try tool.run(
            ["benchmark", tool.file("run"), "--tokens", "32", "--threads", "1", "--rounds", "2", "--json"]
        ).json()
        let fields = [
            "medianMs", "p95Ms", "denseMedianMs", "denseP95Ms", "speedup", "tokens", "threads", "isa",
            "sizeBytes", "denseSizeBytes", "prunedLayers", "denseLayers",
        ]
        for field in fields { #expect(benchmark[field] != nil, "no field \(field)") }
        let size = try #require(benchmark["sizeBytes"] as? Int)
        // Layers so small may well run dense.
        #expect(size <= (try #require(benchmark["denseSizeBytes"] as? Int)))

        let evaluated = try tool.run([
            "evaluate", tool.file("run"), "--task", "fidelity", "--data", tool.file("text.txt"), "--against",
            tool.file("model"), "--json",
        ]).json()
        #expect(evaluated["metric"] as? String == "fidelity")
        let value = try #require(evaluated["value"] as? Double)
        let validation = try #require(summary["validation"] as? [String: Any])
        #expect(abs(value - (try #require(validation["pruned"] as? Double))) < 1e-4)
        #expect(evaluated["count"] as? Int == 400)

        let embedded = try tool.run(["embed", tool.file("run")], input: "the cat sits\na dog runs\n")
        let rows = embedded.output.split(separator: "\n")
        #expect(rows.count == 2)
        let first = try JSONDecoder().decode([Double].self, from: Data(rows[0].utf8))
        #expect(first.count == 32 && abs(first.reduce(0) { $0 + $1 * $1 } - 1) < 1e-4)
    }

    /// A run names its files as they were given; they are found from other folders too, and in a project that
    /// moved.
    @Test func aRunCanBeUsedFromAnyFolder() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let project = tool.file("project")
        try FileManager.default.createDirectory(atPath: project, withIntermediateDirectories: true)
        for name in ["model", "text.txt", "latency.h5"] {
            try FileManager.default.moveItem(atPath: tool.file(name), toPath: "\(project)/\(name)")
        }
        let relative = TinySearch.arguments(tool, "run", ["--budget", "60"]).map {
            $0.replacingOccurrences(of: "\(tool.folder)/", with: "")
        }
        #expect(try tool.run(relative, in: project).status == 0)

        let benchmark = ["--tokens", "32", "--threads", "1", "--rounds", "2"]
        for command in [["resume", "\(project)/run"], ["benchmark", "\(project)/run"] + benchmark] {
            let result = try tool.run(command)
            #expect(result.status == 0, "\(result.errors)")
        }
        let moved = tool.file("moved")
        try FileManager.default.moveItem(atPath: project, toPath: moved)
        #expect(try tool.run(["benchmark", "run"] + benchmark, in: moved).status == 0)
        let lost = try tool.run(["benchmark", "\(moved)/run"] + benchmark)
        #expect(lost.status != 0 && lost.errors.contains("model"), "\(lost.errors)")
    }

    @Test func theDenseModelIsScoredOnAValidationFileOnce() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let text = tool.file("validation.txt")
        try TinyModel.writeSentences(40, to: text, seed: 3)
        func denseScore(_ run: String) throws -> Double? {
            let more = ["--validation", text, "--budget", "60", "--json"]
            let found = try tool.run(TinySearch.arguments(tool, run, more))
            #expect(found.status == 0, "\(found.errors)")
            return (try found.json()["validation"] as? [String: Any])?["dense"] as? Double
        }
        let first = try #require(try denseScore("first"))
        let cache = tool.file("cache/secateur")
        let kept = try FileManager.default.contentsOfDirectory(atPath: cache)
            .filter { $0.hasPrefix("dense-") }
        try #require(kept.count == 1)
        // A mark in what was kept shows where the second search has its score from.
        let path = "\(cache)/\(kept[0])"
        var stored = try #require(
            try JSONSerialization.jsonObject(with: Data(contentsOf: URL(fileURLWithPath: path)))
                as? [String: Any])
        stored["score"] = 0.25
        try JSONSerialization.data(withJSONObject: stored).write(to: URL(fileURLWithPath: path))
        #expect(try denseScore("second") == 0.25)
        try TinyModel.writeSentences(40, to: text, seed: 4)
        #expect(abs(try #require(try denseScore("third")) - first) < 1e-6)
        // Damaged, it is computed again.
        try Data("{".utf8).write(to: URL(fileURLWithPath: path))
        try TinyModel.writeSentences(40, to: text, seed: 3)
        #expect(try denseScore("fourth") == first)
    }

    @Test func oneSearchOverARangeServesTargetsInsideOfIt() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let text = tool.file("text.txt")
        let asked = ["--target-latency", "0.7...0.95", "--budget", "150", "--validation", text, "--json"]
        let found = try tool.run(TinySearch.arguments(tool, "range", asked))
        #expect(found.status == 0, "\(found.errors)")
        let range = try found.json()
        let dense = try #require(range["predictedDenseMs"] as? Double)
        for target in ["0.75", "0.9"] {
            let folder = tool.file("picked-\(target)")
            let picked = try tool.run(
                ["pick", tool.file("range"), "--target-latency", target, "--output", folder, "--json"])
            #expect(picked.status == 0, "\(picked.errors)")
            let summary = try picked.json()
            let limit = try #require(Double(target)) * dense * (1 + 1e-9)
            #expect(try #require(summary["predictedMs"] as? Double) <= limit)
            let evaluated = try tool.run([
                "evaluate", folder, "--task", "fidelity", "--data", text, "--against", tool.file("model"),
                "--json",
            ]).json()
            let value = try #require(evaluated["value"] as? Double)
            let validation = try #require(summary["validation"] as? [String: Any])
            #expect(abs(value - (try #require(validation["pruned"] as? Double))) < 1e-4)
            for file in ["policy.json", "report.html", "model/model.safetensors"] {
                #expect(FileManager.default.fileExists(atPath: "\(folder)/\(file)"), "\(file)")
            }
            let resumed = try tool.run(["resume", folder])
            #expect(resumed.status != 0 && resumed.errorLines.count == 1, "\(resumed.errors)")
        }
        let refused: [(arguments: [String], names: String)] = [
            (["pick", tool.file("range"), "--target-latency", "0.5"], "0.7...0.95"),
            (["pick", tool.file("picked-0.9"), "--target-latency", "0.9"], "0.9"),
            (["pick", tool.file("nothing"), "--target-latency", "0.9"], "no run"),
        ]
        for (arguments, names) in refused {
            let result = try tool.run(arguments + ["--output", tool.file("refused")])
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(names), "\(result.errors)")
            #expect(!FileManager.default.fileExists(atPath: tool.file("refused")))
        }
    }

    @Test(arguments: [
        ("run.json", 0.0), ("costs.json", 0.0), ("trace.h5", 0.0), ("trace.h5", 0.2), ("trace.h5", 0.6),
    ])
    func aKilledSearchGoesOnToTheSameTrace(file: String, delay: Double) throws {
        try stopAndResume(signal: SIGKILL, file: file, delay: delay) { _ in }
    }

    @Test(arguments: [SIGINT, SIGTERM])
    func aSignalStopsCleanlyAndResumeGoesOn(signal: Int32) throws {
        try stopAndResume(signal: signal, file: "trace.h5", delay: 0.1) { stopped in
            #expect(stopped.status == 130)
            #expect(stopped.errors.contains("secateur resume"))
            #expect(stopped.output.isEmpty)
        }
    }

    /// Compares the trace of a search that was stopped and resumed with that of one that was not.
    private func stopAndResume(
        signal: Int32, file: String, delay: Double, check: (CommandLineTool.Result) -> Void
    ) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let budget = ["--budget", "600"]
        #expect(try tool.run(TinySearch.arguments(tool, "whole", budget)).status == 0)
        try FileManager.default.removeItem(atPath: tool.file("cache"))
        let stopped = try tool.run(
            TinySearch.arguments(
                tool, "stopped", budget + ["--latency-table", tool.file("whole/latency.h5")]),
            interruption: .init(signal: signal, file: tool.file("stopped/\(file)"), delay: delay))
        check(stopped)
        #expect(!FileManager.default.fileExists(atPath: tool.file("stopped/summary.json")))
        let resumed = try tool.run(["resume", tool.file("stopped")])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try TinySearch.rows(tool.file("stopped")) == TinySearch.rows(tool.file("whole")))
    }
}
