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
        stream(try components.tasks.task(named: options.task), isNew: true)
    }

    /// Continues the search that was stopped or killed in the run folder.
    /// - Throws: `Issue` for a task that is not known; what else is wrong comes as the sequence's error.
    public func resume() throws -> AsyncThrowingStream<Event, any Error> {
        stream(try components.tasks.task(named: RunFiles(folder: output).options().task), isNew: false)
    }

    private func stream(_ task: some SearchTask, isNew: Bool) -> AsyncThrowingStream<Event, any Error> {
        Work.stream { emit, isStopped in
            func note(_ text: String) { emit(.note(text)) }
            func progress(_ stage: String, _ fraction: Double) { emit(.stage(stage, fraction: fraction)) }
            let files = RunFiles(folder: output)
            let finished = isNew ? nil : try files.finishedSummary()
            let summary =
                try finished
                ?? session(task, isNew: isNew, progress, note).finish(
                    progress: progress, onEvaluation: { emit(.evaluated($0)) }, shouldStop: isStopped)
            guard let summary else { return }
            if try files.awaitsRecovery() {
                let recovery = try Recovery(task, run: output, components: components)
                guard try recovery.run(shouldStop: isStopped, progress: progress) != nil else { return }
            }
            try Run(output).writeReport()
            emit(.finished(summary))
        }
    }

    private func session<Task: SearchTask>(
        _ task: Task, isNew: Bool, _ progress: StageProgress, _ note: (String) -> Void
    ) throws -> SearchSession<Task.Model> {
        isNew
            ? try .start(
                options, task: task, folder: output, cache: cache, components: components, progress: progress,
                note: note)
            : try .resume(
                task, folder: output, cache: cache, components: components, progress: progress, note: note)
    }
}
