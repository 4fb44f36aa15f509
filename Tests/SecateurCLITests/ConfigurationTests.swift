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
            recover: none
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
            ["search", "--config", tool.file("run"), "--output", tool.file("again")])
        #expect(again.status == 0, "\(again.errors)")
        #expect(try RunFiles(folder: tool.file("again")).options().agentOptions == wanted)
        #expect(try TinySearch.rows(tool.file("again")) == TinySearch.rows(tool.file("run")))
        // They are of no use to another agent, which knows structure as the levels of the run have it.
        let other = try tool.run(
            [
                "search", "--config", tool.file("run"), "--agent", "greedy", "--output", tool.file("greedy"),
            ])
        #expect(other.status == 0, "\(other.errors)")
        #expect(try RunFiles(folder: tool.file("greedy")).options().agentOptions.isEmpty)
        for (wrong, says) in [
            ("patients=3", "spdy: found 'patients', allowed redrawn, patience"),
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

    /// The table of options is what the help shows, in names and in kinds.
    @Test func theTableOfOptionsIsThatOfTheHelp() {
        var shown: [String: SearchOption.Kind] = [:]
        for line in Search.helpMessage(columns: 200).split(separator: "\n") {
            if let match = line.prefixMatch(of: #/  <(?<name>[a-z]+)> /#) {
                shown[String(match.name)] = .positional
            } else if let match = line.prefixMatch(of: #/  (-h, )?--(?<name>[a-z-]+)(?<value> \[?<)?/#) {
                shown[String(match.name)] = match.value == nil ? .flag : .option
            }
        }
        let listed = SearchOption.allCases.map { ($0.rawValue, $0.kind) }
        #expect(shown == Dictionary(uniqueKeysWithValues: listed))
    }

    /// `run.json` is enough to search again, from the folder or from the file, to the same trace.
    @Test func aRunIsRepeatedFromItsOptions() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let own = [
            "--budget", "60", "--seed", "3", "--validation", tool.file("text.txt"), "--target-size", "0.9",
            "--recover", "2", "--calibration-sentences", "64", "--reward-sentences", "40",
            "--quality-weight", "1.5", "--space-weight", "0.25", "--latency-weight", "0.03", "--size-weight",
            "0.01", "--solver",
            "wanda", "--levels", "dense,unstructured@0.5,4x1@0.5,unstructured@0.8", "--cache",
            tool.file("own"),
        ]
        let first = try tool.run(TinySearch.arguments(tool, "first", own))
        #expect(first.status == 0, "\(first.errors)")
        let files = RunFiles(folder: tool.file("first"))
        #expect(try files.cache() == tool.file("own"))
        let left = try FileManager.default.contentsOfDirectory(atPath: files.folder)
        #expect(!left.contains { $0.hasSuffix(".yaml") })
        for (name, source) in [("second", files.folder), ("third", files.path(.options))] {
            let again = try tool.run(["search", "--config", source, "--output", tool.file(name)])
            #expect(again.status == 0, "\(again.errors)")
            let repeated = RunFiles(folder: tool.file(name))
            #expect(try repeated.options() == files.options())
            #expect(try repeated.cache() == tool.file("own"))
            #expect(try TinySearch.rows(repeated.folder) == TinySearch.rows(files.folder))
        }
        #expect(!FileManager.default.fileExists(atPath: tool.file("cache")))

        // The command line goes before.
        let other = try tool.run(
            ["search", "--config", files.folder, "--seed", "4", "--output", tool.file("other"), "--json"])
        #expect(other.status == 0, "\(other.errors)")
        #expect((try other.json()["options"] as? [String: Any])?["seed"] as? Int == 4)
        let none = try tool.run(["search", "--config", tool.folder, "--output", tool.file("none")])
        #expect(none.status != 0 && none.errors.contains("run.json"), "\(none.errors)")
    }

    /// Runs of earlier versions do not say which cache they used.
    @Test func aRunWithoutACacheIsRead() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(TinySearch.arguments(tool, "run", ["--budget", "30"])).status == 0)
        let files = RunFiles(folder: tool.file("run"))
        let data = try Data(contentsOf: URL(fileURLWithPath: files.path(.options)))
        var object = try #require(try JSONSerialization.jsonObject(with: data) as? [String: Any])
        #expect(object.removeValue(forKey: "cache") as? String == tool.file("cache/secateur"))
        try JSONSerialization.data(withJSONObject: object)
            .write(to: URL(fileURLWithPath: files.path(.options)))
        #expect(try files.cache() == nil)
        let replayed = try tool.run(["replay", files.folder])
        #expect(replayed.status == 0, "\(replayed.errors)")
    }

    @Test(arguments: [("--from", "retarget"), ("--replay=x", "replay")])
    func optionsThatBecameCommandsNameThem(_ option: String, _ command: String) throws {
        let tool = try CommandLineTool()
        defer { tool.cleanUp() }
        let result = try tool.run(["search", option, "run"])
        #expect(result.status != 0 && result.errorLines.count == 1)
        #expect(result.errors.contains("secateur \(command) RUN"), "\(result.errors)")
    }

    @Test func aReplaySaysWhetherTheTraceIsTheSame() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        #expect(try tool.run(TinySearch.arguments(tool, "run", ["--budget", "60"])).status == 0)
        let before = try FileManager.default.contentsOfDirectory(atPath: tool.file("run")).sorted()
        let same = try tool.run(["replay", tool.file("run")])
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
        let other = try tool.run(["replay", tool.file("run"), "--json"])
        #expect(other.status == 1, "\(other.errors)")
        let difference = try #require(other.json()["difference"] as? [String: Any])
        #expect(difference["field"] as? String == "levels")
        #expect((difference["evaluation"] as? Int ?? 0) >= 1)
    }
}
