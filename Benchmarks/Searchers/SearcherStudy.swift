import Agents
import ArgumentParser
import Foundation
import Search
import SparseKernels

/// Every searcher on every model, target and budget, with several seeds, at equal cost.
///
/// Searches are by one latency table for each model. Each is a run folder: finished ones are not repeated,
/// stopped ones continue.
struct SearcherStudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Compare the searchers: held-out score at equal budget and latency, with 95 % intervals.",
        discussion: """
            Everything counts against the budget: calibration, sensitivities, gradients and evaluations, in tokens \
            that the model was run on. Unless told otherwise, all searchers are compared at one target and budget, \
            the best known ones at the others too. Examples:

              Benchmarks search --models minilm --targets 0.25 --budgets 100
              Benchmarks search --chart docs/searchers.svg
            """)

    @Option(parsing: .upToNextOption, help: "Models.")
    var models = StudiedModel.all.map(\.name)

    @Option(parsing: .upToNextOption, help: "Latency targets. Default: those of each model.")
    var targets: [String] = []

    @Option(parsing: .upToNextOption, help: "Budgets, in evaluations. Default: those of each model.")
    var budgets: [Int] = []

    @Option(parsing: .upToNextOption, help: "Searchers. Default: those of each cell.")
    var agents: [String] = []

    @Option(parsing: .upToNextOption, help: "Seeds. Default: those of each model.")
    var seeds: [UInt64] = []

    @Option(help: "Searches at a time.")
    var processes = UsableProcessors.count()

    @Option(help: "The folder with the data.")
    var data = "../shared/data"

    @Option(help: "Folder for the runs, the level databases and the latency tables.")
    var output = "checkpoints/searchers"

    @Option(help: "An SVG file to draw the best reward so far into.")
    var chart: String?

    @Flag(help: .hidden)
    var worker = false

    func validate() throws {
        try StudiedModel.requireAll(models, option: "--models")
        try StudyProcesses.validate(atATime: processes)
    }

    func run() throws {
        let cells = try cells()
        if worker { return try cells.flatMap(\.searches).forEach { _ = try $0.run(data: data) } }
        try StudyProcesses(atATime: processes, data: data, output: output).run(cells.flatMap(\.searches))
        let tables = try cells.map { try StudyTable($0) }
        for table in tables { print(table.text) }
        print(
            StudyTable.verdict(
                tables, on: NaturalGradient.name, against: EvoPress.name))
        if let chart {
            try BestSoFarChart(cells: cells).svg.write(toFile: chart, atomically: true, encoding: .utf8)
        }
    }

    private func cells() throws -> [StudyCell] {
        try StudiedModel.chosen(models).flatMap { model in
            let folder = try model.runs(in: output)
            return (targets.isEmpty ? model.targets : targets).flatMap { target in
                (budgets.isEmpty ? model.budgets : budgets).map { budget in
                    StudyCell(
                        model: model, target: target, budget: budget,
                        agents: agents.isEmpty ? model.agents(target: target, budget: budget) : agents,
                        seeds: seeds.isEmpty ? model.seeds : seeds, modelFolder: folder)
                }
            }
        }
    }
}

/// What is compared at one model, target and budget.
struct StudyCell {
    let model: StudiedModel
    let target: String
    let budget: Int
    let agents: [String]
    let seeds: [UInt64]
    let modelFolder: String

    var title: String { "\(model.name), target \(target), budget \(budget)" }

    func searches(of agent: String) -> [StudiedSearch] {
        seeds.map {
            StudiedSearch(
                model: model, target: target, budget: budget, agent: agent, seed: $0, modelFolder: modelFolder
            )
        }
    }

    var searches: [StudiedSearch] { agents.flatMap(searches(of:)) }
}
