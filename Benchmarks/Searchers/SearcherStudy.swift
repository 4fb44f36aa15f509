import Agents
import ArgumentParser
import Foundation
import Search

/// Every searcher on every model, target and budget, with several seeds, at equal cost.
///
/// Searches run in processes side by side, on one thread each, by one latency table for each model. Each is a run
/// folder: finished ones are not repeated, stopped ones go on.
struct SearcherStudy: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "search",
        abstract: "Compare the searchers: held-out score at equal budget and latency, with 95 % intervals.",
        discussion: """
            Everything counts against the budget: calibration, sensitivities, gradients and evaluations, in tokens \
            that the model was run on. Examples:

              Benchmarks search --models minilm --targets 0.45 --budgets 100
              Benchmarks search --chart docs/searchers.svg
            """)

    @Option(parsing: .upToNextOption, help: "Models.")
    var models = StudiedModel.all.map(\.name)

    @Option(parsing: .upToNextOption, help: "Latency targets; those of each model unless given.")
    var targets: [String] = []

    @Option(parsing: .upToNextOption, help: "Budgets, in evaluations; those of each model unless given.")
    var budgets: [Int] = []

    @Option(parsing: .upToNextOption, help: "Searchers.")
    var agents = AgentKind.allCases.map(\.rawValue)

    @Option(parsing: .upToNextOption, help: "Seeds; those of each model unless given.")
    var seeds: [UInt64] = []

    @Option(help: "Searches at a time.")
    var processes = ProcessInfo.processInfo.activeProcessorCount

    @Option(help: "The folder with the data.")
    var data = "../shared/data"

    @Option(help: "Folder for the runs, the level databases and the latency tables.")
    var output = "checkpoints/searchers"

    @Option(help: "An SVG file to draw the best reward so far into.")
    var chart: String?

    @Flag(help: .hidden)
    var worker = false

    func validate() throws {
        for name in models { _ = try StudiedModel.named(name, option: "--models") }
        guard processes >= 1 else {
            throw ValidationError("--processes: found \(processes), allowed 1 or more")
        }
    }

    func run() throws {
        let cells = try cells()
        if worker { return try cells.flatMap(\.searches).forEach { _ = try $0.run(data: data) } }
        let searches = cells.flatMap(\.searches)
        // The first search of a model measures its latencies, and the first of each seed prunes its layers: those
        // that share either wait for it.
        var (measuring, pruning, others): ([StudiedSearch], [StudiedSearch], [StudiedSearch]) = ([], [], [])
        var (seenModels, seenSeeds): (Set<String>, Set<String>) = ([], [])
        for search in searches {
            let isFirst = seenSeeds.insert("\(search.model.name)-\(search.seed)").inserted
            if seenModels.insert(search.model.name).inserted {
                measuring.append(search)
            } else if isFirst {
                pruning.append(search)
            } else {
                others.append(search)
            }
        }
        try run(measuring, atATime: 1)
        try run(pruning, atATime: processes)
        try run(others, atATime: processes)
        let tables = try cells.map { try StudyTable($0) }
        for table in tables { print(table.text) }
        print(StudyTable.verdict(tables, on: AgentKind.natural.rawValue))
        if let chart {
            try BestSoFarChart(cells: cells).svg.write(toFile: chart, atomically: true, encoding: .utf8)
        }
    }

    private func cells() throws -> [StudyCell] {
        try StudiedModel.all.filter { models.contains($0.name) }.flatMap { model in
            let folder = try model.runs(in: output)
            return (targets.isEmpty ? model.targets : targets).flatMap { target in
                (budgets.isEmpty ? model.budgets : budgets).map { budget in
                    StudyCell(
                        model: model, target: target, budget: budget, agents: agents,
                        seeds: seeds.isEmpty ? model.seeds : seeds, modelFolder: folder)
                }
            }
        }
    }

    // MARK: Processes

    private func run(_ searches: [StudiedSearch], atATime most: Int) throws {
        var waiting = try searches.filter { try $0.summary() == nil }
        let count = waiting.count
        var running: [(search: StudiedSearch, process: Process)] = []
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < most, !waiting.isEmpty {
                let search = waiting.removeFirst()
                running.append((search, try spawn(search)))
            }
            Thread.sleep(forTimeInterval: 0.2)
            for (search, process) in running where !process.isRunning {
                guard process.terminationReason == .exit, process.terminationStatus == 0 else {
                    running.forEach { $0.process.terminate() }
                    throw SearchFailure("\(search.files.folder): the search failed; the others can go on")
                }
                let done = count - waiting.count - running.count + 1
                FileHandle.standardError.write(Data("\(done) of \(count): \(search.files.folder)\n".utf8))
            }
            running.removeAll { !$0.process.isRunning }
        }
    }

    private func spawn(_ search: StudiedSearch) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "search", "--worker", "--models", search.model.name, "--targets", search.target, "--budgets",
            "\(search.budget)", "--agents", search.agent, "--seeds", "\(search.seed)", "--data", data,
            "--output", output,
        ]
        process.standardError = FileHandle.standardError
        try process.run()
        return process
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
