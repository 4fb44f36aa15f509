import Agents
import ArgumentParser
import Foundation
import Runs
import Search
import SparseKernels

/// One search over a range of targets, and separate searches at targets inside of it, at the same total
/// budget.
///
/// Separate searches are those of ``SearcherStudy``: what either has finished, the other does not repeat.
struct RangeStudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search-range",
        abstract: "Compare one search over a range of targets with separate ones, at the same total budget.",
        discussion: """
            Example:

              Benchmarks search-range --targets 0.14 0.18 0.25 --budget 100 --seeds 1
            """)

    @Option(help: "The model.")
    var model = "minilm"

    @Option(parsing: .upToNextOption, help: "Targets of the separate searches, whose ends are the range.")
    var targets = ["0.14", "0.16", "0.18", "0.21", "0.25"]

    @Option(help: "Evaluations of each separate search; the one over the range has as many as all of them.")
    var budget = 100

    @Option(parsing: .upToNextOption, help: "Seeds.")
    var seeds: [UInt64] = [1, 2, 3]

    @Option(help: "Searches at a time.")
    var processes = UsableProcessors.count()

    @Option(help: "The folder with the data.")
    var data = "../shared/data"

    @Option(help: "Folder for the runs, the level databases and the latency tables.")
    var output = "checkpoints/searchers"

    /// What both ways came to at one target with one seed.
    private struct Pair {
        let target: String
        let ranged, separate: SearchSummary
    }

    func validate() throws {
        _ = try StudiedModel.named(model, option: "--model")
        try StudyProcesses.validate(atATime: processes)
        guard let least = fractions.min(), let most = fractions.max(), least < most,
            fractions.count == targets.count
        else {
            throw ValidationError(
                "--targets: found \(targets.joined(separator: " ")), allowed two or more fractions of dense")
        }
    }

    private var fractions: [Double] { targets.compactMap(Double.init) }

    func run() throws {
        let model = try StudiedModel.named(model, option: "--model")
        let folder = try model.runs(in: output)
        let sorted = zip(fractions, targets).sorted { $0.0 < $1.0 }.map(\.1)
        func search(_ target: String, _ budget: Int, _ seed: UInt64) -> StudiedSearch {
            StudiedSearch(
                model: model, target: target, budget: budget, agent: NaturalGradient.name, seed: seed,
                modelFolder: folder)
        }
        let ranged = seeds.map {
            search("\(sorted[0])...\(sorted[sorted.count - 1])", budget * sorted.count, $0)
        }
        let separate = seeds.map { seed in sorted.map { search($0, budget, seed) } }
        try StudyProcesses(atATime: processes, data: data, output: output).run(ranged + separate.joined())
        let pairs = try zip(ranged, separate).flatMap { ranged, separate in
            try separate.map { separate in
                Pair(
                    target: separate.target, ranged: try ranged.picked(separate.target),
                    separate: try separate.run(data: data))
            }
        }
        print(text(pairs, sorted, model))
    }

    /// A Markdown table: means over seeds for each target, then over all.
    private func text(_ pairs: [Pair], _ targets: [String], _ model: StudiedModel) -> String {
        let metric = pairs.lazy.compactMap { $0.separate.validation?.metric }.first ?? "score"
        var lines = [
            "", "\(model.name), budget \(budget * targets.count) in all, \(seeds.count) seeds:", "",
            "| target | \(metric), held out: one search | separate | reward: one search | separate "
                + "| measured / dense: one search | separate |",
            "|---|---|---|---|---|---|---|",
        ]
        for target in targets {
            lines.append(row(target, pairs.filter { $0.target == target }))
        }
        lines.append(row("all", pairs))
        return lines.joined(separator: "\n")
    }

    private func row(_ name: String, _ pairs: [Pair]) -> String {
        func mean(_ value: (Pair) -> Double) -> Double { pairs.map(value).mean }
        return String(
            format: "| %@ | %.4f | %.4f | %.4f | %.4f | %.3f | %.3f |", name,
            mean(\.ranged.heldOutScore), mean(\.separate.heldOutScore),
            mean(\.ranged.reward), mean(\.separate.reward),
            mean { 1 / $0.ranged.speedup }, mean { 1 / $0.separate.speedup })
    }
}
