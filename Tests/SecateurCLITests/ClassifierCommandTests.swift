import Foundation
import Runs
import Testing
import TinyModels

@testable import SecateurCLI

/// Classifiers, and encoders whose blocks differ, from the command line.
@Suite(.serialized) struct ClassifierCommandTests {
    private static let pairs = [
        ("the cat sits", "a dog runs"), ("the bird sings", "the bird sings"), ("a red house", "one old tree"),
        ("the quick dog eats", "and sleeps"), ("many birds", "under a tree"), ("two", "the mat"),
        ("a cat", "a cat on the mat"), ("the house", "near the tree"), ("old and red", "but quick"),
        ("one dog", "many"), ("it sleeps", "the cat eats"), ("a bird on a tree sings", "two cats run"),
    ]

    private func write(_ labels: [Int], _ tool: CommandLineTool, first: Int = 0) throws -> String {
        let path = tool.file("\(UUID().uuidString).tsv")
        let lines = zip(Self.pairs[first...], labels).map { "\($0.0.0)\t\($0.1)\t\($0.0.1)" }
        try (["sentence1\tlabel\tsentence2"] + lines).joined(separator: "\n").write(
            toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    private func evaluate(
        _ tool: CommandLineTool, _ model: String, _ data: String, _ more: [String] = []
    ) throws -> CommandLineTool.Result {
        try tool.run(
            ["evaluate", tool.file(model), "--task", "classification", "--data", data, "--json"] + more)
    }

    private func prepared(classes: Int? = 2) throws -> CommandLineTool {
        let tool = try CommandLineTool()
        let pruned = TinyModel.Shape(heads: [2, 1], neurons: [37, 64], classes: classes)
        try TinyModel.write(to: tool.file("small"), seed: 3, shape: pruned)
        try TinyModel.write(to: tool.file("dense"), seed: 3, shape: .init(classes: classes))
        return tool
    }

    /// The class of each pair is found one by one; then F1 and Matthews of all are known.
    @Test func metricsAreThoseOfThePredictions() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let predictions = try Self.pairs.indices.map { index in
            let result = try evaluate(tool, "small", try write([0], tool, first: index)).json()
            #expect(result["metric"] as? String == "accuracy" && result["count"] as? Int == 1)
            return try #require(result["value"] as? Double) == 1 ? 0 : 1
        }
        let labels = predictions.enumerated().map { $0 % 3 == 0 ? 1 - $1 : $1 }
        let data = try write(labels, tool)
        func count(_ prediction: Int, _ label: Int) -> Double {
            Double(zip(predictions, labels).count { $0 == prediction && $1 == label })
        }
        let (tp, tn, fp, fn) = (count(1, 1), count(0, 0), count(1, 0), count(0, 1))
        let expected = [
            "accuracy": (tp + tn) / 12, "f1": 2 * tp / (2 * tp + fp + fn),
            "matthews": (tp * tn - fp * fn) / ((tp + fp) * (tp + fn) * (tn + fp) * (tn + fn)).squareRoot(),
        ]
        #expect(tp + fp > 0 && tn + fn > 0)
        for (metric, value) in expected {
            let result = try evaluate(tool, "small", data, ["--metric", metric]).json()
            #expect(result["metric"] as? String == metric && result["count"] as? Int == 12)
            #expect(abs(try #require(result["value"] as? Double) - value) < 1e-9)
            #expect(abs(try #require(result["accuracy"] as? Double) - (tp + tn) / 12) < 1e-9)
        }
    }

    @Test func otherCommandsTakeIt() throws {
        let tool = try prepared()
        defer { tool.cleanUp() }
        let inspected = try tool.run(["inspect", tool.file("small"), "--json"]).json()
        let layers = try #require(inspected["layers"] as? [[String: Any]])
        let shapes = layers.map { [$0["rows"] as? Int ?? 0, $0["cols"] as? Int ?? 0] }
        let attention = [[32, 32], [32, 32], [32, 32], [32, 32]]
        let oneHead = [[16, 32], [16, 32], [16, 32], [32, 16]]
        #expect(shapes == attention + [[37, 32], [32, 37]] + oneHead + [[64, 32], [32, 64]])

        let machine = ["--tokens", "32", "--threads", "2"]
        let benchmark = try tool.run(
            ["benchmark", tool.file("small"), "--against", tool.file("dense"), "--rounds", "2", "--json"]
                + machine)
        #expect(benchmark.status == 0, "\(benchmark.errors)")
        let sizes = try benchmark.json()
        #expect(
            try #require(sizes["sizeBytes"] as? Int) < (try #require(sizes["denseSizeBytes"] as? Int)))

        try TinyModel.writeSentences(200, to: tool.file("text.txt"), seed: 2)
        let found = try tool.run(
            [
                "search", tool.file("small"), "--task", "fidelity", "--train", tool.file("text.txt"),
                "--target-latency", "1", "--budget", "20", "--recover", "none", "--output", tool.file("run"),
                "--json",
            ] + machine)
        #expect(found.status == 0, "\(found.errors)")
        #expect((try found.json()["policy"] as? [Any])?.count == 12)
        let scored = try evaluate(tool, "run", try write(Self.pairs.map { _ in 1 }, tool))
        #expect(try scored.json()["count"] as? Int == 12, "\(scored.errors)")
    }

    @Test func whatDoesNotClassifyIsNamed() throws {
        let tool = try prepared(classes: 3)
        defer { tool.cleanUp() }
        try TinyModel.write(to: tool.file("encoder"), seed: 1)
        try TinyModel.write(to: tool.file("score"), seed: 1, shape: .init(classes: 1))
        let data = try write([0, 1, 2], tool)
        let tooHigh = try write([0, 3], tool)
        let wrong: [(result: CommandLineTool.Result, says: [String])] = [
            (
                try evaluate(tool, "encoder", data),
                ["config.json", "BertModel", "BertForSequenceClassification"]
            ),
            (try evaluate(tool, "score", data), ["score", "one class", "2 or more"]),
            (try evaluate(tool, "small", data, ["--metric", "f1"]), ["3 classes", "f1", "accuracy"]),
            (try evaluate(tool, "small", data, ["--metric", "recall"]), ["--metric", "recall"]),
            (try evaluate(tool, "small", tooHigh), [tooHigh, "line 3", "label '3'", "0 to 2"]),
            (try evaluate(tool, "small", tool.file("none.tsv")), ["none.tsv"]),
            (
                try tool.run([
                    "evaluate", tool.file("small"), "--task", "sts", "--metric", "f1", "--data", data,
                ]), ["--metric", "classification"]
            ),
        ]
        for (result, says) in wrong {
            #expect(result.status != 0 && result.output.isEmpty)
            #expect(result.errorLines.count == 1, "\(result.errors)")
            for word in says { #expect(result.errors.contains(word), "\(result.errors)") }
        }
    }

    /// A classifier is searched on its own metric, and what is handed over classifies.
    @Test func aClassifierIsSearchedOnItsOwnMetric() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        try FileManager.default.removeItem(atPath: tool.file("model"))
        try TinyModel.write(to: tool.file("model"), seed: 3, shape: .init(classes: 2))
        let text = try String(contentsOfFile: tool.file("text.txt"), encoding: .utf8).split(separator: "\n")
        let rows = text.enumerated().map { "\($1)\t\($0 % 2)" }
        try (["sentence\tlabel"] + rows).joined(separator: "\n").write(
            toFile: tool.file("data.tsv"), atomically: true, encoding: .utf8)
        let found = try tool.run(
            TinySearch.arguments(
                tool, "run",
                [
                    "--task", "classification", "--metric", "f1", "--train", tool.file("data.tsv"),
                    "--validation", tool.file("data.tsv"), "--budget", "60", "--json",
                ]))
        #expect(found.status == 0, "\(found.errors)")
        let summary = try found.json()
        let validation = try #require(summary["validation"] as? [String: Any])
        #expect(validation["metric"] as? String == "f1")
        let scored = try evaluate(tool, "run", tool.file("data.tsv"), ["--metric", "f1"]).json()
        #expect(scored["value"] as? Double == validation["pruned"] as? Double)
        let replayed = try tool.run(["replay", tool.file("run")])
        #expect(replayed.status == 0, "\(replayed.output) \(replayed.errors)")

        // A finished run can be trained afterwards, once.
        let trained = try tool.run(["resume", tool.file("run"), "--recover", "20"])
        #expect(trained.status == 0 && trained.output.contains("after 20 steps"), "\(trained.errors)")
        let recovery = try #require(try RunFiles(folder: tool.file("run")).recovery())
        let change = try #require(recovery.validation)
        let rescored = try evaluate(tool, "run", tool.file("data.tsv"), ["--metric", "f1"]).json()
        let value = try #require(rescored["value"] as? Double)
        #expect(abs(value - (recovery.isKept ? change.after : change.before)) < 1e-9)
        let again = try tool.run(["resume", tool.file("run"), "--recover", "20"])
        #expect(again.status != 0 && again.errors.contains("recovery.json"), "\(again.errors)")
    }
}
