import Agents
import Environments
import Foundation
import Levels
import Runs

/// A search done again with the latencies stored in a run, compared with the trace of that run.
public struct SearchReplay: Sendable, Encodable, CustomStringConvertible {
    /// Where two traces part.
    public struct Difference: Sendable, Encodable, Equatable {
        /// The number of the evaluation, from 1.
        public let evaluation: Int
        /// What differs there.
        public let field: String
        /// What the replay gave.
        public let found: String
        /// What is in the run.
        public let recorded: String
    }

    /// The run folder.
    public let run: String
    /// Evaluations that agree, from the first.
    public let agreeing: Int
    /// Evaluations of the run.
    public let evaluations: Int
    /// Where they part first; nil when they do not.
    public let difference: Difference?

    /// What came out, in a line.
    public var description: String {
        guard let difference else {
            return "\(run): the trace is reproduced: all \(evaluations) evaluations agree to the last bit"
        }
        return "\(run): the trace differs at evaluation \(difference.evaluation) of \(evaluations): "
            + "\(difference.field): found \(difference.found), recorded \(difference.recorded)"
    }

    /// Searches again. Everything but the latency table is worked out again, in a temporary folder.
    ///
    /// - Throws: `Issue` when the run has no latency table or no trace, or another version of this
    ///   program began it; errors of the search.
    public static func replay<Task: SearchTask>(
        _ task: Task, components: SearchComponents = .standard, run folder: String, cache: String,
        progress: StageProgress = { _, _ in }
    ) throws -> SearchReplay {
        let files = RunFiles(folder: folder)
        let options = try files.options()
        let recorded = try files.recordedTrace()
        let (found, allowed) = (recorded.header.arithmetic, TraceHeader.presentArithmetic)
        guard found == allowed else {
            throw Issue(
                .unsupported, .path(files.path(.trace)), field: "arithmetic", found: "version \(found)",
                allowed: "\(allowed), as others do not give the same bits", advice: "search again")
        }
        guard let table = try files.storedTable(for: options) else {
            throw Issue(
                .missing, .path(files.path(.latency)),
                advice: "no such file: replaying needs the latencies of the run")
        }
        let temporary = FileManager.default.temporaryDirectory
            .appendingPathComponent("secateur-replay-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: temporary) }
        let again = RunFiles(folder: temporary)
        try again.makeFolder()
        try again.store(table)
        let inputs = try SearchInputs(options, task: task, components: components)
        let preparation = try SearchPreparation(inputs, cache: cache, files: again, progress: progress)
        let rows = try search(preparation, recorded.rows.count, in: temporary, progress)
        let difference = firstDifference(rows, recorded.rows, preparation.costs)
        return SearchReplay(
            run: folder, agreeing: (difference?.evaluation ?? recorded.rows.count + 1) - 1,
            evaluations: recorded.rows.count, difference: difference)
    }

    /// As many evaluations as were recorded, which may be fewer than the budget.
    private static func search<Model>(
        _ preparation: SearchPreparation<Model>, _ count: Int, in folder: String, _ progress: StageProgress
    ) throws -> [TraceRow] {
        let run = try SearchRun.start(
            folder: folder, environment: SearchSession<Model>.environment(preparation),
            options: SearchSession<Model>.runOptions(preparation.inputs.options, preparation.costs),
            identity: preparation.identity, agents: preparation.inputs.components.agents)
        _ = try run.run(
            progress: { progress("replaying", Double($0.evaluations) / Double(max(count, 1))) },
            shouldStop: { run.rows.count >= count })
        return run.rows
    }

    /// Where two traces part first, wall-clock times aside.
    static func firstDifference(
        _ found: [TraceRow], _ recorded: [TraceRow], _ costs: LevelCosts
    ) -> Difference? {
        for (ours, theirs) in zip(found, recorded) {
            let fields: [(String, String, String)] = [
                (
                    "levels", ours.actions.map { "\(costs.levels[$0])" }.joined(separator: " "),
                    theirs.actions.map {
                        costs.levels.indices.contains($0) ? "\(costs.levels[$0])" : "level \($0)"
                    }
                    .joined(separator: " ")
                ),
                ("quality", "\(ours.terms.quality)", "\(theirs.terms.quality)"),
                ("latency", "\(ours.terms.latencyMs) ms", "\(theirs.terms.latencyMs) ms"),
                ("size", "\(ours.terms.sizeBytes) bytes", "\(theirs.terms.sizeBytes) bytes"),
                ("reward", "\(ours.terms.reward)", "\(theirs.terms.reward)"),
                ("expected reward", "\(ours.baseline)", "\(theirs.baseline)"),
            ]
            if let (field, mine, other) = fields.first(where: { $0.1 != $0.2 }) {
                return Difference(evaluation: ours.evaluation, field: field, found: mine, recorded: other)
            }
        }
        guard found.count != recorded.count else { return nil }
        return Difference(
            evaluation: min(found.count, recorded.count) + 1, field: "evaluations", found: "\(found.count)",
            recorded: "\(recorded.count)")
    }
}
