import Agents
import Environments
import Export
import Foundation
import Levels
import ModelFiles
import Models
import Report
import Runs
import Search
import SparseKernels
import Tensors
import Transformers

/// The folder of a search, finished or not.
///
///     let run = try Run("checkpoints/minilm-half")
///     print(try run.policy().layers.count, try run.trace().count)
///     try run.apply(to: "models/minilm", output: "pruned")
///     print(try run.benchmark(threads: 1).speedup)
public struct Run: Sendable {
    /// What a search came to.
    public typealias Summary = SearchSummary
    /// One evaluated policy.
    public typealias Evaluation = TraceRow

    /// The folder.
    public let folder: String

    /// Names the folder of a run.
    /// - Throws: `Issue` when there is none.
    public init(_ folder: String) throws {
        guard RunFiles(folder: folder).holdsRun else {
            throw Issue(.missing, .path(folder), found: "no run", allowed: "the folder of a search")
        }
        self.folder = folder
    }

    private var files: RunFiles { RunFiles(folder: folder) }

    /// What was asked for.
    public func options() throws -> SearchOptions { try files.options() }

    /// What it came to; nil before the end.
    public func summary() throws -> SearchSummary? { try files.summary() }

    /// What was learned: a level for every layer, and what was measured.
    public func policy() throws -> Policy { try FinishedRun(folder: folder).policy }

    /// Every policy that was evaluated, in order.
    public func trace() throws -> [TraceRow] { try files.recordedTrace().rows }

    /// Prunes a model with the policy, as the search did, into a new folder.
    ///
    /// - Parameters:
    ///   - model: the dense model's folder or file.
    ///   - output: the folder to write, which must not exist.
    ///   - train: a file to calibrate on instead of the run's.
    ///   - threads: threads to compute with.
    ///   - cache: the folder of level databases. Default: `secateur` in the user's cache folder.
    ///   - note: is told what a person should know.
    public func apply(
        to model: String, output: String, train: String? = nil, threads: Int = Runtime.usableProcessors,
        cache: String = Search.standardCache, note: (String) -> Void = { _ in }
    ) throws {
        try PolicyApplication(run: folder, train: train, threads: threads).apply(
            to: model, cache: cache, output: output, note: note)
    }

    /// Takes a policy for one latency out of a search over a range, and writes it as a run of its own.
    ///
    /// - Parameters:
    ///   - target: inside of the range.
    ///   - output: the folder to write, which must not exist.
    ///   - cache: the folder of level databases. Default: `secateur` in the user's cache folder.
    ///   - progress: is told what is being done, and what fraction of it is done.
    public func pick(
        _ target: LatencyTarget, output: String, cache: String = Search.standardCache,
        progress: (_ stage: String, _ fraction: Double) -> Void = { _, _ in }
    ) throws -> SearchSummary {
        try pick(task(), target, output, cache, progress)
    }

    /// Picks the final policy of a finished search again, with new measurements, and writes it as a run of its own.
    ///
    /// - Parameters:
    ///   - output: the folder to write, which must not exist.
    ///   - cache: the folder of level databases. Default: `secateur` in the user's cache folder.
    ///   - progress: is told what is being done, and what fraction of it is done.
    public func remeasure(
        output: String, cache: String = Search.standardCache,
        progress: (_ stage: String, _ fraction: Double) -> Void = { _, _ in }
    ) throws -> SearchSummary {
        try pick(task(), nil, output, cache, progress)
    }

    /// - Parameter target: nil for the search's own.
    private func pick<Task: SearchTask>(
        _ task: Task, _ target: LatencyTarget?, _ output: String, _ cache: String,
        _ progress: (_ stage: String, _ fraction: Double) -> Void
    ) throws -> SearchSummary {
        let pick =
            try target.map { try PolicyPick<Task.Model>(run: folder, target: $0) }
            ?? PolicyPick(remeasuring: folder)
        let summary = try pick.pick(task, to: output, cache: cache, progress: progress)
        try Run(output).writeReport()
        return summary
    }

    private func task() throws -> any SearchTask {
        try SearchTasks.standard.task(named: options().task)
    }

    /// Writes the run in the format of another tool.
    ///
    /// - Parameters:
    ///   - format: what is written.
    ///   - output: the file to replace, or the folder to write, which must not exist.
    ///   - activations: how `onnx` rounds the inputs of layers in int8.
    public func export(
        _ format: ExportFormat, to output: String, activations: ActivationScales = .token
    ) throws {
        try OutputPath(output).require(format.output)
        try format.write(FinishedRun(folder: folder), to: output, activations: activations)
    }

    /// Writes `report.html` into the folder.
    public func writeReport() throws {
        try AtomicFile.write(ReportPage(RunRecord(folder: folder)).html, to: files.path(.report))
    }

    /// Measures the pruned model alternating with the dense one, in one run.
    ///
    /// - Parameters:
    ///   - tokens: tokens of one sequence. Default: what the search measured.
    ///   - threads: threads to compute with.
    ///   - rounds: rounds that count.
    public func benchmark(
        tokens: Int? = nil, threads: Int = Runtime.usableProcessors, rounds: Int = 40
    ) throws -> EndToEndBenchmark.Result {
        let options = try options()
        let workload = tokens.map { Workload(phase: options.latencyOf, tokens: $0) } ?? options.workload
        return try benchmark(task(), options, workload, threads: threads, rounds: rounds)
    }

    private func benchmark<Task: SearchTask>(
        _ task: Task, _ options: SearchOptions, _ workload: Workload, threads: Int, rounds: Int
    ) throws -> EndToEndBenchmark.Result {
        let precision = options.levels[options.levels.dense].precision
        let pruned = try Task.Model(path: ModelLocation.folder(folder), precision: precision)
        let dense = try Task.Model(path: options.model, precision: precision)
        guard (1...pruned.maximumTokens).contains(workload.tokens) else {
            throw Issue(
                .outOfRange, .option("tokens"), found: "\(workload.tokens)",
                allowed: "1 to \(pruned.maximumTokens)")
        }
        let pool = try ThreadPool(threads: threads)
        var benchmark = EndToEndBenchmark(workload, pool: pool)
        benchmark.rounds = rounds
        return benchmark.measure(
            KernelChoice(for: pruned.network, workload, pool: pool).model, against: dense.network)
    }
}
