import Foundation
import Levels
import Secateur
import Testing
import TinyModels

/// The library as a program uses it.
@Suite(.serialized) struct LibraryTests {
    private func folder() throws -> String {
        let folder = NSTemporaryDirectory() + "secateur-library-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        return folder
    }

    private func options(_ folder: String) throws -> Search.Options {
        try TinyModel.write(to: "\(folder)/model", seed: 1)
        try TinyModel.writeSentences(300, to: "\(folder)/text.txt", seed: 2)
        var options = Search.Options(
            model: "\(folder)/model", task: "fidelity", train: "\(folder)/text.txt",
            targetLatency: .fraction(1), threads: 1)
        options.tokens = 32
        options.budget = 40
        return options
    }

    @Test func aSearchTellsWhatHappensAndLeavesARun() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let search = Search(try options(folder), output: "\(folder)/run", cache: "\(folder)/cache")
        var evaluated = 0
        var stages: Set<String> = []
        var last: Search.Event?
        for try await event in try search.run() {
            if case .evaluated = event { evaluated += 1 }
            if case .stage(let name, _) = event { stages.insert(name) }
            last = event
        }
        guard case .finished(let summary)? = last else { throw Issue(.missing, .other("the end")) }
        #expect(evaluated == summary.evaluations && stages.contains("searching"))
        let run = try Run("\(folder)/run")
        #expect(try run.policy().layers.count == 12 && run.trace().count == evaluated)
        try run.apply(to: "\(folder)/model", output: "\(folder)/applied", cache: "\(folder)/cache")
        let weights = ["run/model", "applied"].map { "\(folder)/\($0)/model.safetensors" }
        #expect(FileManager.default.contentsEqual(atPath: weights[0], andPath: weights[1]))
        #expect(try run.benchmark(threads: 1, rounds: 2).speedup > 0)
        // The pruned model embeds as the run's folder and as its own.
        let sentences = ["a b c", "c d"]
        #expect(try Model("\(folder)/run").embed(sentences) == Model("\(folder)/run/model").embed(sentences))
    }

    /// More evaluations than could be made before the reader goes away.
    @Test func aSearchThatNobodyReadsStopsAndIsContinued() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var options = try options(folder)
        (options.budget, options.agent) = (1_000_000, "random")
        let search = Search(options, output: "\(folder)/run", cache: "\(folder)/cache")
        var seen = 0
        for try await event in try search.run() {
            if case .evaluated = event { seen += 1 }
            if seen == 3 { break }
        }
        // The thread that searches ends after the evaluation that it is in, and gives the folder free.
        var continued: Run.Evaluation?
        for _ in 0..<600 where continued == nil {
            try await Task.sleep(for: .milliseconds(100))
            do {
                for try await event in try search.resume() {
                    if case .evaluated(let row) = event { continued = row }
                    if continued != nil { break }
                }
            } catch let issue as Levels.Issue where issue.code == .busy {}
        }
        let first = try #require(continued).evaluation
        #expect(first > 3 && first < options.budget)
    }

    @Test func whatIsWrongCanBeMatched() throws {
        #expect(throws: Issue(.outOfRange, .option("threads"), found: "0", allowed: "1 to 256")) {
            try Model("nowhere", threads: 0)
        }
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try TinyModel.write(to: "\(folder)/model", seed: 1)
        let model = try Model("\(folder)/model", threads: 1)
        let error = #expect(throws: Issue.self) { try model.classify(["a"]) }
        #expect(error?.code == .unsupported && error?.subject == .path("\(folder)/model"))
        #expect(throws: Issue.self) { try Run(folder) }
        var options = try options(folder)
        options.task = "chess"
        let unknown = #expect(throws: Issue.self) { try Search(options, output: "\(folder)/run").run() }
        #expect(unknown?.subject == .option("task") && unknown?.allowed?.contains("fidelity") == true)
    }

    @Test func classifiersAndLanguageModelsRun() async throws {
        let folder = try folder()
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try TinyModel.write(to: "\(folder)/classifier", seed: 3, shape: .init(classes: 3))
        let classifier = try Model("\(folder)/classifier", threads: 1)
        let logits = try classifier.logits(of: ["a b", "c"])
        #expect(logits.map(\.count) == [3, 3])
        #expect(try classifier.classify(["a b", "c"]) == logits.map { $0.firstIndex(of: $0.max() ?? 0) })
        try TinyDecoder.write(to: "\(folder)/decoder", seed: 3)
        let writer = try Model("\(folder)/decoder", threads: 1)
        var settings = Model.Generation()
        settings.maximumTokens = 5
        func made() async throws -> String {
            var text = ""
            for try await piece in try writer.generate("the cat", settings) { text += piece }
            return text
        }
        #expect(try await made() == made())
        #expect(try !writer.nextTokenLogits(after: "the cat").isEmpty)
    }
}
