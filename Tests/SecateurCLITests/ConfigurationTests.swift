import Foundation
import Runs
import Testing

@testable import SecateurCLI

/// Options in files, and runs that repeat others.
@Suite(.serialized) struct ConfigurationTests {
    private func write(_ text: String, _ tool: CommandLineTool) throws -> String {
        let path = tool.file("run.yaml")
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func aFileHoldsAnyOptionAndTheCommandLineGoesBefore() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let path = try write(
            """
            # A search over a tiny model.
            model: \(tool.file("model"))
            task: fidelity
            train: "\(tool.file("text.txt"))"
            target-latency: 0.8
            tokens: 32
            threads: 1
            latency-table: \(tool.file("latency.h5"))
            budget: 50
            agent: random
            json: true
            """, tool)
        let found = try tool.run(
            ["search", "--config", path, "--budget", "30", "--seed=7", "--output", tool.file("run")])
        #expect(found.status == 0, "\(found.errors)")
        #expect(TinySearch.spends(try found.json()["evaluations"], of: 30))
        let options = try #require(found.json()["options"] as? [String: Any])
        #expect(options["agent"] as? String == "random" && options["seed"] as? Int == 7)
        // A model on the command line goes before that of the file.
        let other = try tool.run(
            ["search", tool.file("missing"), "--config", path, "--output", tool.file("other")])
        #expect(other.status != 0 && other.errors.contains("missing"))
    }

    /// Settings of an agent are in the run, its trace and its file.
    @Test func settingsOfAgentsAreRepeated() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let settings = ["--agent", "spdy", "--agent-option", "patience=3,redrawn=0.5", "--budget", "30"]
        #expect(
            try tool.run(
                TinySearch.arguments(tool, "run", settings + ["--agent-option", "patience=2"])
            ).status == 0)
        let wanted = ["patience": "2", "redrawn": "0.5"]
        #expect(try RunFiles(folder: tool.file("run")).options().agentOptions == wanted)
        #expect(try TraceFile.read(path: tool.file("run/trace.h5")).0.agentOptions == wanted)
        let again = try tool.run(
            ["search", "--config", tool.file("run/config.yaml"), "--output", tool.file("again")])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try RunFiles(folder: tool.file("again")).options().agentOptions == wanted)
        #expect(try TinySearch.rows(tool.file("again")) == TinySearch.rows(tool.file("run")))
        for (wrong, says) in [
            ("patients=3", "'patients', allowed of agent spdy: redrawn, patience"),
            ("patience=0", "patience of spdy: found '0', allowed 1 to 1000000"),
            ("patience", "'patience', allowed key=value"),
        ] {
            let more = ["--agent", "spdy", "--agent-option", wrong]
            let result = try tool.run(TinySearch.arguments(tool, "wrong", more))
            #expect(result.status != 0 && result.errors.contains(says), "\(result.errors)")
        }
        let help = try tool.run(
            TinySearch.arguments(tool, "none", ["--agent", "evopress", "--agent-option", "help"]))
        #expect(help.status == 0 && help.output.contains("offspring=16: Offspring of a generation."))
    }

    @Test(arguments: [
        ("budgt: 3", ["run.yaml:1", "'budgt'", "allowed agent, agent-option, budget", "train"]),
        ("budget: [1, 2]", ["run.yaml:1: budget", "one value"]),
        ("overwrite: perhaps", ["overwrite", "'perhaps'", "true or false"]),
        ("budget: many", ["budget", "many"]),
        ("- budget", ["no mapping"]),
        ("a: [", ["run.yaml", "no YAML"]),
        ("replay: x", ["'replay'"]),
    ])
    func whatIsWrongIsOneClearLine(text: String, says words: [String]) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let path = try write(text, tool)
        let result = try tool.run(TinySearch.arguments(tool, "run", ["--config", path]))
        #expect(result.status != 0 && result.errorLines.count == 1 && result.output.isEmpty)
        for word in words { #expect(result.errors.contains(word), "\(result.errors)") }
        #expect(!FileManager.default.fileExists(atPath: tool.file("run")))
    }

    /// What a run leaves names every option there is, and gives the same trace again.
    @Test func aRunLeavesTheConfigurationThatRepeatsIt() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let first = try tool.run(
            TinySearch.arguments(
                tool, "first",
                [
                    "--budget", "60", "--seed", "3", "--validation", tool.file("text.txt"), "--target-size",
                    "0.9", "--finetune-steps", "2",
                ]))
        #expect(first.status == 0, "\(first.errors)")
        let configuration = tool.file("first/config.yaml")
        let lines = try String(contentsOfFile: configuration, encoding: .utf8).split(separator: "\n")
        let named = Set(lines.filter { !$0.hasPrefix("#") }.map { String($0.prefix { $0 != ":" }) })
        // The earlier run is named only where there is one.
        #expect(
            try named == Set(ConfigurationFile.keys()).subtracting(Search.notRepeated).subtracting(["from", "metric"]))
        let second = try tool.run(["search", "--config", configuration, "--output", tool.file("second")])
        #expect(second.status == 0, "\(second.errors)")
        #expect(try TinySearch.rows(tool.file("second")) == TinySearch.rows(tool.file("first")))
    }

    @Test func aReplaySaysWhetherTheTraceIsTheSame() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(TinySearch.arguments(tool, "run", ["--budget", "60"])).status == 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: tool.file("run")).sorted()
        let same = try tool.run(["search", "--replay", tool.file("run")])
        #expect(same.status == 0, "\(same.errors)")
        let rows = try TinySearch.rows(tool.file("run")).count
        #expect(TinySearch.spends(rows, of: 60))
        #expect(same.output.contains("reproduced: all \(rows) evaluations"))
        #expect(try FileManager.default.contentsOfDirectory(atPath: tool.file("run")).sorted() == before)

        // Another seed walks another way.
        let path = tool.file("run/run.json")
        let text = try String(contentsOfFile: path, encoding: .utf8)
        try text.replacing("\"seed\" : 1", with: "\"seed\" : 2").write(
            toFile: path, atomically: true, encoding: .utf8)
        let other = try tool.run(["search", "--replay", tool.file("run"), "--json"])
        #expect(other.status == 1, "\(other.errors)")
        let difference = try #require(other.json()["difference"] as? [String: Any])
        #expect(difference["field"] as? String == "levels")
        #expect((difference["evaluation"] as? Int ?? 0) >= 1)
    }
}
