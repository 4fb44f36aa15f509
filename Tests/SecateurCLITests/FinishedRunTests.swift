import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Tensors
import Testing
import TinyModels

@testable import Agents
@testable import Environments
@testable import Search

/// What can be done with a run that is finished.
@Suite(.serialized) struct FinishedRunTests {
    private static func digests(_ folder: String) throws -> [String: String] {
        var digests: [String: String] = [:]
        for case let name as String in FileManager.default.enumerator(atPath: folder) ?? .init() {
            let path = "\(folder)/\(name)"
            var isFolder: ObjCBool = false
            guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), !isFolder.boolValue
            else { continue }
            let date = try FileManager.default.attributesOfItem(atPath: path)[.modificationDate] as? Date
            digests[name] = try "\(FileDigest.sha256(path: path)) \(date?.timeIntervalSince1970 ?? 0)"
        }
        return digests
    }

    @Test func resumeShowsTheSummaryAndChangesNothing() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let run = tool.file("run")
        let found = try tool.run(TinySearch.arguments(tool, "run", ["--budget", "60", "--json"]))
        #expect(found.status == 0, "\(found.errors)")
        let before = try Self.digests(run)
        let resumed = try tool.run(["resume", run, "--json"])
        #expect(resumed.status == 0 && resumed.output == found.output, "\(resumed.errors)")
        #expect(try tool.run(["resume", run]).output.contains("policies evaluated"))
        #expect(try Self.digests(run) == before)
        #expect(throws: Issue.self) {
            try SearchSession.resume(AgreementTask(), folder: run, cache: tool.file("cache"))
        }

        let again = try tool.run(["remeasure", run, "--output", tool.file("again"), "--json"])
        #expect(again.status == 0, "\(again.errors)")
        let (first, second) = (try found.json(), try again.json())
        #expect(first["evaluations"] as? Int == second["evaluations"] as? Int)
        #expect(FileManager.default.fileExists(atPath: tool.file("again/model/model.safetensors")))
        #expect(FileManager.default.fileExists(atPath: tool.file("again/report.html")))
        #expect(try Self.digests(run) == before)
        let refused: [(arguments: [String], names: String)] = [
            (["remeasure", run, "--output", run], "run"),
            (["remeasure", tool.file("again"), "--output", tool.file("third")], "picked"),
            (["remeasure", tool.file("nothing"), "--output", tool.file("third")], "no run"),
        ]
        for (arguments, names) in refused {
            let result = try tool.run(arguments)
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains(names), "\(result.errors)")
        }
        #expect(try Self.digests(run) == before)
    }

    /// A run of a version that kept output errors under the name of sensitivities, and whose agents used
    /// OpenBLAS.
    @Test func runsOfEarlierVersionsAreResumedAndNotReplayed() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let run = tool.file("run")
        let more = ["--budget", "60", "--agent", "evopress"]
        #expect(try tool.run(TinySearch.arguments(tool, "run", more)).status == 0)
        #expect(try tool.run(replay(run)).status == 0)
        let costs = try RunFiles(folder: run).storedCosts()
        #expect(costs?.hasSensitivities == false)
        var object = try #require(
            try JSONSerialization.jsonObject(
                with: Data(contentsOf: URL(fileURLWithPath: "\(run)/costs.json"))) as? [String: Any])
        object["sensitivity"] = object.removeValue(forKey: "outputError")
        try JSONSerialization.data(withJSONObject: object)
            .write(to: URL(fileURLWithPath: "\(run)/costs.json"))
        let (header, rows) = try TraceFile.read(path: "\(run)/trace.h5")
        let earlier = TraceHeader(
            agent: header.agent, target: header.target(of: try #require(costs)), mildestLatencyMs: nil,
            budget: header.budget,
            seed: header.seed, layers: header.layers, levels: header.levels, identity: header.identity,
            arithmetic: 1)
        try TraceFile(replacing: "\(run)/trace.h5", header: earlier, rows: rows).close()

        let replayed = try tool.run(replay(run))
        #expect(replayed.status != 0 && replayed.errorLines.count == 1, "\(replayed.errors)")
        #expect(replayed.errors.contains("found version 1, allowed 2"), "\(replayed.errors)")
        // Its output errors are no sensitivities.
        let from = [
            "retarget", run, "--threads", "1", "--budget", "60", "--target-latency", "0.9",
            "--output", tool.file("from"),
        ]
        let started = try tool.run(from)
        #expect(started.status == 0, "\(started.errors)")
        #expect(started.errors.contains("run: its agent estimated no sensitivities"), "\(started.errors)")
        let fresh = try #require(try RunFiles(folder: tool.file("from")).storedCosts())
        #expect(fresh.hasSensitivities && fresh.sensitivity != fresh.outputError)
        #expect(fresh.outputError == costs?.outputError)

        try FileManager.default.removeItem(atPath: "\(run)/summary.json")
        let resumed = try tool.run(["resume", run])
        #expect(resumed.status == 0, "\(resumed.errors)")
    }

    private func replay(_ run: String) -> [String] {
        ["replay", run]
    }

    /// The level database of the run is found, so that nothing is calibrated or pruned again.
    @Test(arguments: ["language", "magnitude"]) func applyFindsTheLevelDatabase(_ kind: String) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let model = tool.file(kind == "language" ? "decoder" : "model")
        let run = tool.file("run")
        let found: CommandLineTool.Result
        if kind == "language" {
            found = try Self.searchOfLanguageModel(tool, [])
        } else {
            found = try tool.run(
                TinySearch.arguments(tool, "run", ["--budget", "60", "--solver", "magnitude"]))
        }
        #expect(found.status == 0, "\(found.errors)")
        var stages: Set<String> = []
        try PolicyApplication(run: run, train: nil, threads: 1).apply(
            to: model, cache: tool.file("cache/secateur"), output: tool.file("applied")
        ) { stage, _ in stages.insert(stage) }
        #expect(stages == ["reading the model and the data"])
        let weights = ["run/model", "applied"].map { tool.file("\($0)/model.safetensors") }
        #expect(FileManager.default.contentsEqual(atPath: weights[0], andPath: weights[1]))
        // Magnitude needs no text: without the file, layers are pruned again.
        guard kind == "magnitude" else { return }
        try FileManager.default.removeItem(atPath: tool.file("text.txt"))
        let again = try tool.run(["apply", run, model, "--output", tool.file("again")])
        #expect(again.status == 0, "\(again.errors)")
        #expect(
            FileManager.default.contentsEqual(
                atPath: weights[0], andPath: tool.file("again/model.safetensors")))
    }

    /// Its target is far above what so small a model takes, so that no measurement decides.
    private static func searchOfLanguageModel(_ tool: CommandLineTool, _ more: [String]) throws
        -> CommandLineTool.Result
    {
        try TinyDecoder.write(to: tool.file("decoder"), seed: 3)
        let words = ["a", "b", "ab", "abc", "c", "cab"]
        var text = ""
        for number in 0..<6_000 { text += words[(number * number + number / 7) % words.count] }
        try text.write(toFile: tool.file("plain.txt"), atomically: true, encoding: .utf8)
        return try tool.run(
            [
                "search", tool.file("decoder"), "--task", "lm", "--train", tool.file("plain.txt"),
                "--target-latency", "10ms", "--tokens", "32", "--threads", "1", "--budget", "40", "--output",
                tool.file("run"), "--json",
            ] + more)
    }

    /// Reward, summary and benchmark count the same bytes, the 8-bit copy for decoding included.
    @Test func sizesAreCountedInOneWay() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let found = try Self.searchOfLanguageModel(tool, ["--latency-of", "decode"])
        #expect(found.status == 0, "\(found.errors)")
        let summary = try found.json()
        let dense = try DecoderModel(path: tool.file("decoder"), precision: .int8)
        let inPrefill = try DecoderModel(path: tool.file("decoder"), precision: .float32)
        #expect(summary["denseSizeBytes"] as? Int == dense.sizeBytes)
        // A byte and a little more for each weight of layers and output.
        let weights =
            dense.network.prunableParameterCount + dense.network.head.rows * dense.network.head.columns
        #expect(dense.sizeBytes > inPrefill.sizeBytes + weights)
        let benchmark = try tool.run([
            "benchmark", tool.file("run"), "--tokens", "32", "--threads", "1", "--rounds", "2", "--weights",
            "8bit", "--json",
        ]).json()
        #expect(benchmark["denseSizeBytes"] as? Int == dense.sizeBytes)
        let costs = try #require(try RunFiles(folder: tool.file("run")).storedCosts())
        let rows = try #require(try RunFiles(folder: tool.file("run")).trace()).rows
        for row in rows { #expect(row.terms.sizeBytes == costs.sizeBytes(of: row.actions)) }
        let database = try Self.levelDatabase(tool)
        let levels = try LevelWeights(database, levels: costs.levels)
        let candidates = try CandidateModels(dense: dense.network, weights: levels, for: .decode)
        let pool = ThreadPool()
        for actions in rows.prefix(5).map(\.actions) {
            // A pruned layer keeps as many units as its level says, within one of at most 4 × 4 weights.
            let packed = try candidates.model(actions, pool: pool).sizeBytes
            #expect(abs(packed - costs.sizeBytes(of: actions)) <= 100 * actions.count)
        }
    }

    private static func levelDatabase(_ tool: CommandLineTool) throws -> LevelDatabase {
        let cache = tool.file("cache/secateur")
        let names = try FileManager.default.contentsOfDirectory(atPath: cache)
        let name = try #require(names.first { $0.hasPrefix("levels-") })
        return try LevelDatabase(folder: "\(cache)/\(name)")
    }
}
