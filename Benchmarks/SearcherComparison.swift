import Agents
import ArgumentParser
import Foundation
import Search

/// The agent against the baselines: same level database, same latency table, same budget, several seeds.
///
/// Each search is a run folder: finished ones are not repeated, stopped ones go on.
struct SearcherComparison: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Reward, validation score and measured latency of each searcher at equal budget.")

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(help: "Labelled pairs for calibration and reward.")
    var train = "../shared/data/stsb/train.tsv"

    @Option(help: "Labelled pairs that are only reported on.")
    var validation = "../shared/data/stsb/dev.tsv"

    @Option(help: "The latency target.")
    var targetLatency = "0.5"

    @Option(parsing: .upToNextOption, help: "Searchers.")
    var agents = AgentKind.allCases.map(\.rawValue)

    @Option(parsing: .upToNextOption, help: "Seeds.")
    var seeds: [UInt64] = [1, 2, 3]

    @Option(help: "Policies that each search may evaluate.")
    var budget = 300

    @Option(help: "Threads to compute with.")
    var threads = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "Folder for the runs, the level databases and the latency table.")
    var output = "checkpoints/searchers"

    func run() throws {
        guard let target = LatencyTarget(targetLatency) else {
            throw ValidationError("--target-latency: found '\(targetLatency)', allowed 0.5 or 12ms")
        }
        var rows: [(agent: String, summaries: [SearchSummary])] = []
        for agent in agents {
            rows.append((agent, try seeds.map { try summary(agent, seed: $0, target) }))
        }
        let names = seeds.map(String.init).joined(separator: " ")
        print("target \(targetLatency), budget \(budget), seeds \(names)")
        print("searcher    evaluations  reward   validation   predicted/dense  measured/dense")
        for (agent, summaries) in rows {
            func mean(_ value: (SearchSummary) -> Double) -> Double {
                summaries.map(value).reduce(0, +) / Double(summaries.count)
            }
            print(
                String(
                    format: "%@ %11.0f  %.4f   %.4f       %.3f            %.3f",
                    agent.padding(toLength: 11, withPad: " ", startingAt: 0),
                    mean { Double($0.evaluations) }, mean(\.reward), mean { $0.validation?.pruned ?? .nan },
                    mean { $0.predictedMs / $0.predictedDenseMs }, mean { 1 / $0.speedup }))
        }
    }

    private func summary(_ agent: String, seed: UInt64, _ target: LatencyTarget) throws -> SearchSummary {
        let files = RunFiles(folder: "\(output)/\(agent)-\(seed)")
        if FileManager.default.fileExists(atPath: files.path("summary.json")) {
            return try files.read("summary.json")
        }
        var options = SearchOptions(
            model: model, task: .sts, train: train, targetLatency: target, threads: threads)
        options.validation = validation
        options.agent = agent
        options.seed = seed
        options.budget = budget
        let cache = "\(output)/cache"
        let table = "\(output)/latency.h5"
        let shared = FileManager.default.fileExists(atPath: table) ? table : nil
        let session =
            files.holdsRun
            ? try SearchSession<EncoderModel>.resume(folder: files.folder, cache: cache)
            : try SearchSession<EncoderModel>.start(
                options, folder: files.folder, cache: cache, latencyTable: shared)
        if shared == nil {
            try FileManager.default.copyItem(atPath: files.path("latency.h5"), toPath: table)
        }
        guard let summary = try session.finish() else { throw ExitCode.failure }
        FileHandle.standardError.write(Data("\(agent), seed \(seed): reward \(summary.reward)\n".utf8))
        return summary
    }
}
