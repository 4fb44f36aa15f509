import Agents
import Environments
import Foundation
import Levels
import Report
import Runs
import Search
import Synchronization

/// A search for a policy: from a model folder to a run folder.
///
///     var options = Search.Options(
///         model: "models/minilm", task: "fidelity", train: "text.txt",
///         targetLatency: .fraction(0.5), threads: 2)
///     options.budget = 200
///     for try await event in try Search(options, output: "checkpoints/mine").run() {
///         if case .evaluated(let policy) = event { print(policy.terms.reward) }
///         if case .finished(let summary) = event { print(summary.speedup) }
///     }
///
/// A search whose reading task is cancelled stops cleanly after the evaluation that it is in; ``resume()``
/// continues it to the same trace.
public struct Search: Sendable {
    /// What fixes a search but the machine's speed.
    public typealias Options = SearchOptions

    /// What happens in a search.
    public enum Event: Sendable {
        /// A stage is done to a fraction.
        case stage(String, fraction: Double)
        /// Preparation is over: from here on it stops cleanly when it is asked to.
        ///
        /// - Parameter rows: what was evaluated before, where it is resumed.
        case prepared(LevelCosts, rows: [TraceRow])
        /// A policy was evaluated.
        case evaluated(TraceRow)
        /// Something that a person should know.
        case note(String)
        /// It ended, and the pruned model is in the run folder.
        case finished(SearchSummary)
    }

    /// What is asked for.
    public let options: Options
    /// The run folder.
    public let output: String
    /// The folder of level databases and dense scores that searches of a model share.
    public let cache: String
    /// A file of latencies to take instead of measuring; nil to measure.
    public var latencyTable: String?
    /// The folder of an earlier run whose sensitivities are taken over.
    public var earlierRun: String?
    private let components: SearchComponents

    /// Describes a search.
    ///
    /// - Parameters:
    ///   - options: what is asked for.
    ///   - output: the run folder to write; a run that is there is replaced when ``run()`` is called.
    ///   - cache: default: `secateur` in the user's cache folder.
    ///   - components: the tasks, agents, families and formats that it can be made of.
    public init(
        _ options: Options, output: String, cache: String = Search.standardCache,
        components: SearchComponents = .standard
    ) {
        self.options = options
        self.output = output
        self.cache = cache
        self.components = components
    }

    /// `secateur` in the user's cache folder.
    public static var standardCache: String { SharedCache.standard }

    /// Searches from the beginning.
    /// - Throws: `Issue` for a task that is not known; what else is wrong comes as the sequence's error.
    public func run() throws -> AsyncThrowingStream<Event, any Error> {
        _ = try requireTask(options)
        return Work.stream { emit, isStopped in _ = try run(shouldStop: isStopped, onEvent: emit) }
    }

    /// Continues the search that was stopped or killed in the run folder.
    /// - Throws: `Issue` for a task that is not known; what else is wrong comes as the sequence's error.
    public func resume() throws -> AsyncThrowingStream<Event, any Error> {
        _ = try requireTask(RunFiles(folder: output).options())
        return Work.stream { emit, isStopped in _ = try resume(shouldStop: isStopped, onEvent: emit) }
    }

    /// Searches from the beginning on the calling thread.
    ///
    /// - Parameters:
    ///   - shouldStop: asked between two evaluations.
    ///   - onEvent: is told what happens.
    /// - Returns: nil when it was stopped before the end; ``resume(shouldStop:onEvent:)`` continues it.
    public func run(
        shouldStop: () -> Bool, onEvent: (Event) -> Void
    ) throws -> SearchSummary? {
        try search(requireTask(options), isNew: true, shouldStop, onEvent)
    }

    /// Continues, on the calling thread, the search that was stopped or killed in the run folder; of one that is
    /// finished, the training that it may still wait for.
    ///
    /// - Parameters:
    ///   - shouldStop: asked between two evaluations.
    ///   - onEvent: is told what happens.
    /// - Returns: nil when it was stopped before the end.
    public func resume(
        shouldStop: () -> Bool, onEvent: (Event) -> Void
    ) throws -> SearchSummary? {
        let files = RunFiles(folder: output)
        let task = try requireTask(files.options())
        guard let summary = try files.finishedSummary() else {
            return try search(task, isNew: false, shouldStop, onEvent)
        }
        if try files.awaitsRecovery() { return try recover(task, summary, shouldStop, onEvent) }
        onEvent(.finished(summary))
        return summary
    }

    private func requireTask(_ options: Options) throws -> any SearchTask {
        try components.tasks.task(named: options.task)
    }

    private func search<Task: SearchTask>(
        _ task: Task, isNew: Bool, _ shouldStop: () -> Bool, _ emit: (Event) -> Void
    ) throws -> SearchSummary? {
        let session = try session(task, isNew: isNew, emit)
        emit(.prepared(session.costs, rows: session.rows))
        let summary = try session.finish(
            progress: { emit(.stage($0, fraction: $1)) }, onEvaluation: { emit(.evaluated($0)) },
            shouldStop: shouldStop)
        guard let summary else {
            try Run(output).writeReport()
            return nil
        }
        return try recover(task, summary, shouldStop, emit)
    }

    /// Trains the pruned model, where the options ask for it.
    private func recover(
        _ task: some SearchTask, _ summary: SearchSummary, _ shouldStop: () -> Bool, _ emit: (Event) -> Void
    ) throws -> SearchSummary? {
        if try RunFiles(folder: output).awaitsRecovery() {
            let recovery = try Recovery(task, run: output, components: components)
            let outcome = try recovery.run(
                shouldStop: shouldStop, progress: { emit(.stage($0, fraction: $1)) })
            guard outcome != nil else { return nil }
        }
        try Run(output).writeReport()
        emit(.finished(summary))
        return summary
    }

    private func session<Task: SearchTask>(
        _ task: Task, isNew: Bool, _ emit: (Event) -> Void
    ) throws -> SearchSession<Task.Model> {
        func note(_ text: String) { emit(.note(text)) }
        func progress(_ stage: String, _ fraction: Double) { emit(.stage(stage, fraction: fraction)) }
        guard isNew else {
            return try .resume(
                task, folder: output, cache: cache, components: components, progress: progress, note: note)
        }
        return try .start(
            options, task: task, folder: output, cache: cache, latencyTable: latencyTable, from: earlierRun,
            components: components, progress: progress, note: note)
    }
}
