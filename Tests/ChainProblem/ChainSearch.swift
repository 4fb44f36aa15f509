import Agents
import Environments
import Foundation
import Levels
import Runs
import Search

/// A folder that goes away with its owner.
package final class TemporaryFolder {
    package let path: String

    package init() throws {
        path =
            FileManager.default.temporaryDirectory.appendingPathComponent("agents-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    package func file(_ name: String) -> String {
        path + "/" + name
    }
}

/// What must not differ between two traces of the same search.
package struct ComparableRow: Equatable {
    package let evaluation: Int
    package let actions: [Int]
    package let terms: RewardTerms
    package let baselineBits: UInt64

    init(_ row: TraceRow) {
        evaluation = row.evaluation
        actions = row.actions
        terms = row.terms
        baselineBits = row.baseline.bitPattern
    }
}

/// The rows of the trace in a run's folder.
package func traceRows(_ folder: String) throws -> [ComparableRow] {
    try TraceFile.read(path: folder + "/trace.h5").1.map(ComparableRow.init)
}

package let someIdentity = ["model": "sha256:1234", "task": "toy"]

/// Searches the chain to the end, or until `stopAfter` evaluations.
@discardableResult
package func search(
    _ folder: String, agent: String, agents: AgentRegistry = .standard,
    options: [String: String] = [:], problem: UInt64 = 1, seed: UInt64 = 5, budget: Int = 30,
    stopAfter: Int = .max, checkpointEverySeconds: Double = 1, sizeLimited: Bool = false,
    each: (Int) -> Void = { _ in }
) throws -> SearchOutcome {
    let environment = ChainEnvironment(problem: problem, budget: budget)
    let target = environment.costs.target(
        latencyMs: environment.usualTarget.latencyMs,
        sizeBytes: sizeLimited ? environment.costs.sizeLimit : nil)
    let run = try SearchRun.start(
        folder: folder, environment: environment,
        options: SearchRunOptions(
            agent: agent, agentOptions: options, target: target, budget: budget, seed: seed,
            checkpointEverySeconds: checkpointEverySeconds),
        identity: someIdentity, agents: agents)
    var count = 0
    return try run.run(
        progress: {
            count = $0.evaluations
            each(count)
        }, shouldStop: { count >= stopAfter })
}

/// Continues a search of the chain.
@discardableResult
package func resume(
    _ folder: String, problem: UInt64 = 1, identity: [String: String] = someIdentity,
    agents: AgentRegistry = .standard
) throws -> SearchOutcome {
    let run = try SearchRun.resume(folder: folder, identity: identity, agents: agents) { budget, spent in
        ChainEnvironment(problem: problem, budget: budget, spent: spent ?? 0)
    }
    return try run.run()
}

extension LevelCosts {
    /// A quarter of the way from the least size to the dense one.
    package var sizeLimit: Int {
        let dense = sizeBytes(of: densePolicy)
        return leastSizeBytes + (dense - leastSizeBytes) / 4
    }
}
