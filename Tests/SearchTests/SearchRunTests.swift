import ChainProblem
import Environments
import Foundation
import HDF5
import Levels
import ModelFiles
import Runs
import Testing

@testable import Agents
@testable import Search

@Suite struct SearchRunTests {
    @Test(arguments: AgentRegistry.standard.names, [0, 1, 2, 7, 13, 29])
    func aSearchThatWasStoppedGoesOnAsIfItHadNot(agent: String, stopAfter: Int) throws {
        let (whole, stopped) = (try TemporaryFolder(), try TemporaryFolder())
        let expected = try search(whole.path, agent: agent)
        let interrupted = try search(stopped.path, agent: agent, stopAfter: stopAfter)
        #expect(interrupted.interrupted == (expected.evaluations > stopAfter))
        #expect(interrupted.evaluations == min(stopAfter, expected.evaluations))
        let resumed = try resume(stopped.path)
        #expect(try traceRows(stopped.path) == traceRows(whole.path))
        #expect(resumed == expected)
    }

    /// A kill leaves the last checkpoint and whatever is in the trace.
    ///
    /// Those that only list candidates are over after one or two evaluations.
    @Test(
        arguments: AgentRegistry.standard.names.flatMap { agent in [1, 2, 11].map { (agent, $0) } }
            .filter { !isListed($0) || $1 == 1 })
    func aSearchThatWasKilledGoesOnFromItsCheckpoint(agent: String, killedAt: Int) throws {
        let (whole, killed) = (try TemporaryFolder(), try TemporaryFolder())
        try search(whole.path, agent: agent, checkpointEverySeconds: 0) { evaluations in
            guard evaluations == killedAt else { return }
            for name in ["checkpoint.h5", "trace.h5"] {
                try? FileManager.default.copyItem(atPath: whole.file(name), toPath: killed.file(name))
            }
        }
        #expect(throws: Levels.Issue.self) { try TraceFile.read(path: killed.file("trace.h5")) }
        #expect(try TraceFile.isUnfinished(path: killed.file("trace.h5")))
        #expect(try RunFiles(folder: killed.path).recordedSoFar().rows.count >= killedAt - 1)
        try resume(killed.path)
        #expect(try traceRows(killed.path) == traceRows(whole.path))
    }

    @Test func aSearchThatWasKilledBeforeItsFirstCheckpointStartsAgain() throws {
        let (whole, killed) = (try TemporaryFolder(), try TemporaryFolder())
        try search(whole.path, agent: "natural", checkpointEverySeconds: 1_000) { evaluations in
            guard evaluations == 9 else { return }
            try? FileManager.default.copyItem(
                atPath: whole.file("checkpoint.h5"), toPath: killed.file("checkpoint.h5"))
        }
        try resume(killed.path)
        #expect(try traceRows(killed.path) == traceRows(whole.path))
    }

    @Test func resumingAFinishedSearchChangesNothing() throws {
        let folder = try TemporaryFolder()
        let outcome = try search(folder.path, agent: "natural")
        let rows = try traceRows(folder.path)
        #expect(try resume(folder.path) == outcome)
        #expect(try traceRows(folder.path) == rows)
    }

    @Test func theTraceCanBeReadWhileItGrows() throws {
        let folder = try TemporaryFolder()
        var seen: [Int] = []
        try search(folder.path, agent: "random", budget: 5) { _ in
            let rows = try? TraceFile.read(path: folder.file("trace.h5"), whileWritten: true).1
            seen.append(rows?.count ?? -1)
        }
        #expect(seen == [1, 2, 3, 4, 5])
    }

    @Test func theTraceTellsWhatItIsAbout() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", seed: .max, budget: 4)
        let (header, rows) = try TraceFile.read(path: folder.file("trace.h5"))
        let toy = ChainEnvironment(problem: 1, budget: 4)
        #expect(header.agent == "natural" && header.seed == .max && header.budget == 4)
        #expect(header.target(of: toy.costs) == toy.usualTarget && header.identity == someIdentity)
        #expect(header.layers == toy.costs.layers)
        #expect(header.levels == toy.costs.levels.map(\.description))
        for row in rows {
            #expect(row.terms.latencyMs == toy.costs.latencyMs(of: row.actions))
            #expect(row.terms.reward == 1 - toy.loss(of: row.actions))
        }
        #expect(rows.map(\.wallClockSeconds) == rows.map(\.wallClockSeconds).sorted())
    }

    @Test func theOutcomeListsTheBestDistinctPolicies() throws {
        let folder = try TemporaryFolder()
        let outcome = try search(folder.path, agent: "random")
        let rewards = try traceRows(folder.path).map(\.terms.reward).sorted(by: >)
        #expect(outcome.best.count == 8)
        #expect(Set(outcome.best.map(\.actions)).count == 8)
        #expect(outcome.best.first?.terms.reward == rewards.first)
        #expect(outcome.best.map(\.terms.reward) == outcome.best.map(\.terms.reward).sorted(by: >))
    }

    @Test func anotherIdentityIsRefused() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "random", stopAfter: 3)
        let error = #expect(throws: Levels.Issue.self) {
            try resume(folder.path, identity: ["model": "sha256:5678", "task": "toy"])
        }
        let file = folder.file("checkpoint.h5")
        #expect(error?.code == .mismatch && error?.subject == .path(file) && error?.field == "model")
        #expect(
            error?.description.hasSuffix(
                "model: found 'sha256:1234', allowed 'sha256:5678', which this search was given") == true)
        let other = #expect(throws: Levels.Issue.self) {
            try resume(folder.path, identity: ["model": "sha256:1234"])
        }
        #expect(other?.field == "task" && other?.found == "'toy'")
    }

    @Test func otherLayersAreRefused() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", stopAfter: 3)
        let error = #expect(throws: Levels.Issue.self) {
            let run = try SearchRun.resume(folder: folder.path, identity: someIdentity) { budget, spent in
                ChainEnvironment(layers: 15, problem: 1, budget: budget, spent: spent ?? 0)
            }
            _ = try run.run()
        }
        #expect(error?.code == .mismatch && error?.field == "layers")
    }

    @Test func aFolderHoldsOneRun() throws {
        let folder = try TemporaryFolder()
        let path = folder.file("checkpoint.h5")
        let missing = #expect(throws: Levels.Issue.self) { try resume(folder.path) }
        #expect(missing?.code == .missing && missing?.subject == .path(path))
        try search(folder.path, agent: "random", budget: 3)
        let taken = #expect(throws: Levels.Issue.self) {
            try search(folder.path, agent: "random", budget: 3)
        }
        #expect(taken?.code == .exists && taken?.subject == .path(path))
    }

    @Test(arguments: [0, 1, 100, 1_000, 5_000]) func aTruncatedCheckpointGivesOneClearError(bytes: Int) throws
    {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", budget: 20)
        let path = folder.file("checkpoint.h5")
        let whole = try #require(FileManager.default.contents(atPath: path))
        try FileManager.default.removeItem(atPath: folder.file("checkpoint.previous.h5"))
        try Data(whole.prefix(bytes)).write(to: URL(fileURLWithPath: path))
        expectOneClearError(folder.path, path)
    }

    @Test func garbageGivesOneClearError() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", budget: 5)
        let path = folder.file("checkpoint.h5")
        try FileManager.default.removeItem(atPath: folder.file("checkpoint.previous.h5"))
        try Data((0..<4_096).map { UInt8(truncatingIfNeeded: $0 &* 37) }).write(
            to: URL(fileURLWithPath: path))
        expectOneClearError(folder.path, path)
        try FileManager.default.removeItem(atPath: path)
        try HDF5File.write(atomicallyTo: path) { try $0.setAttribute("schema", "something else") }
        expectOneClearError(folder.path, path)
    }

    /// Each kind of damage to the last checkpoint; the one before leads to the same end.
    @Test(arguments: [0, 1_000, 5_000]) func aDamagedCheckpointFallsBackToTheOneBefore(bytes: Int) throws {
        let (whole, damaged) = (try TemporaryFolder(), try TemporaryFolder())
        try search(whole.path, agent: "natural", budget: 20)
        try search(damaged.path, agent: "natural", budget: 20, checkpointEverySeconds: 0)
        let path = damaged.file("checkpoint.h5")
        var content = try #require(FileManager.default.contents(atPath: path))
        if bytes == 0 { content[content.count / 3] ^= 0x10 } else { content = content.prefix(bytes) }
        try content.write(to: URL(fileURLWithPath: path))
        var notes: [String] = []
        let toy = ChainEnvironment(problem: 1, budget: 20)
        let run = try SearchRun.resume(
            folder: damaged.path, identity: someIdentity, note: { notes.append($0) }
        ) { budget, spent in
            ChainEnvironment(problem: 1, budget: budget, spent: spent ?? 0)
        }
        #expect(run.options.target == toy.usualTarget)
        _ = try run.run()
        #expect(notes.count == 1 && notes[0].contains(path) && notes[0].contains("after evaluation 20"))
        #expect(try traceRows(damaged.path) == traceRows(whole.path))
        #expect(try FileSeal.state(of: path) == .intact)
    }

    /// A structure that is whole, with contents that cannot be.
    @Test func aMiscountGivesOneClearError() throws {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: "natural", budget: 5)
        let path = folder.file("checkpoint.h5")
        try FileManager.default.removeItem(atPath: folder.file("checkpoint.previous.h5"))
        let file = try HDF5File.open(path: path, mode: .readWrite)
        try file.root.setAttribute("evaluations", 6)
        try file.close()
        expectOneClearError(folder.path, path)
    }

    private func expectOneClearError(_ folder: String, _ path: String) {
        do {
            try resume(folder)
            Issue.record("nothing was thrown")
        } catch {
            let message = "\(error)"
            #expect(message.contains(path))
            #expect(!message.contains("\n"))
        }
    }

    /// What the environment throws comes through, and what was evaluated before is kept.
    @Test func aFailingEnvironmentLosesNothing() throws {
        let (whole, failed) = (try TemporaryFolder(), try TemporaryFolder())
        try search(whole.path, agent: "natural")
        let flaky = FlakyEnvironment(ChainEnvironment(problem: 1, budget: 30), failsAfter: 6)
        let run = try SearchRun.start(
            folder: failed.path, environment: flaky,
            options: SearchRunOptions(target: flaky.chain.usualTarget, budget: 30, seed: 5),
            identity: someIdentity)
        #expect(throws: Levels.Issue.noEpisode) { _ = try run.run() }
        #expect(try traceRows(failed.path).count == 6)
        try resume(failed.path)
        #expect(try traceRows(failed.path) == traceRows(whole.path))
    }
}

/// Fails in the middle of an episode.
private final class FlakyEnvironment: Environment {
    let chain: ChainEnvironment
    private let failsAfter: Int

    init(_ chain: ChainEnvironment, failsAfter: Int) {
        self.chain = chain
        self.failsAfter = failsAfter
    }

    var costs: LevelCosts { chain.costs }
    var evaluationsLeft: Int { chain.evaluationsLeft }
    var tokenPasses: Int { chain.tokenPasses }

    func reset(target: Target) throws -> Observation { try chain.reset(target: target) }

    func step(_ action: Int) throws -> StepResult {
        if chain.budget - chain.evaluationsLeft == failsAfter { throw Levels.Issue.noEpisode }
        return try chain.step(action)
    }
}
