import Agents
import ArgumentParser
import Foundation
import Levels
import Models
import Runs
import Search
import SparseKernels
import Tensors
import TinyModels

/// Kills searches at random times, resumes them, and compares their traces with that of one left alone.
struct Kills: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract:
            "Kill and resume searches: the trace is that of an undisturbed one but for wall-clock time.",
        discussion: """
            Each search is killed with SIGKILL again and again, each time after a random while, until it gets
            to its end; then the next one starts, until there were --count kills. Example:
            Benchmarks kills --count 100
            """)

    @Option(help: "Kills, over all searches.")
    var count = 100

    @Option(help: "Fixes the times of the kills.")
    var seed: UInt64 = 1

    @Option(help: "Policies that each search evaluates.")
    var budget = 400

    @Option(help: .hidden)
    var worker: String?

    func run() throws {
        if let worker { return try search(worker) }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("secateur-kills-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try TinyModel.write(to: "\(folder)/model", seed: 1)
        try TinyModel.writeSentences(400, to: "\(folder)/text.txt", seed: 2)
        let whole = try spawn("\(folder)/whole")
        let start = Date()
        whole.waitUntilExit()
        let seconds = Date().timeIntervalSince(start)
        guard whole.terminationStatus == 0 else {
            throw Issue(.missing, .path(folder), advice: "the undisturbed search failed")
        }
        try FileManager.default.removeItem(atPath: "\(folder)/whole/model")
        let expected = try Self.rows("\(folder)/whole")
        var random = CounterBasedRandom(seed: seed)
        var (kills, searches, resumes, differing) = (0, 0, 0, 0)
        while kills < count {
            searches += 1
            let run = "\(folder)/run-\(searches)"
            var inThisSearch = 0
            while true {
                let process = try spawn(run)
                // The later, the longer a search is left alone: in the end it must get through.
                let pause = random.nextUniform() * seconds * (inThisSearch < 8 ? 1 : 3)
                let isKilled = kills < count && !Self.ends(process, within: pause)
                if isKilled {
                    kill(process.processIdentifier, SIGKILL)
                    kills += 1
                    inThisSearch += 1
                }
                process.waitUntilExit()
                if isKilled { continue }
                guard process.terminationReason == .exit, process.terminationStatus == 0 else {
                    throw Issue(.missing, .path(run), advice: "the search failed after \(inThisSearch) kills")
                }
                break
            }
            resumes += inThisSearch
            if try Self.rows(run) != expected {
                differing += 1
                print("search \(searches), killed \(inThisSearch) times: its trace differs")
            }
            try FileManager.default.removeItem(atPath: run)
        }
        print(
            "\(kills) kills in \(searches) searches of \(budget) evaluations, \(resumes) resumed: "
                + "\(differing) traces differ from the undisturbed one")
        if differing > 0 { throw ExitCode.failure }
    }

    /// What a trace holds but for wall-clock times, to the last bit.
    private struct Row: Equatable {
        let actions: [Int]
        let numbers: [UInt64]
    }

    private static func rows(_ run: String) throws -> [Row] {
        try TraceFile.read(path: "\(run)/trace.h5").1.map { row in
            let terms = row.terms
            return Row(
                actions: row.actions,
                numbers: [
                    terms.reward, terms.quality, terms.latencyMs, Double(terms.sizeBytes), row.baseline,
                ]
                .map(\.bitPattern))
        }
    }

    private static func ends(_ process: Process, within seconds: Double) -> Bool {
        let deadline = Date(timeIntervalSinceNow: seconds)
        while process.isRunning, Date() < deadline { Thread.sleep(forTimeInterval: 0.002) }
        return !process.isRunning
    }

    private func spawn(_ run: String) throws -> Process {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = ["kills", "--worker", run, "--budget", "\(budget)"]
        process.standardError = FileHandle.standardError
        try process.run()
        return process
    }

    /// Starts a search in a folder or continues it; latencies are those of the undisturbed one.
    private func search(_ run: String) throws {
        // Killed after its end there is nothing left to do.
        if try RunFiles(folder: run).summary() != nil { return }
        let folder = (run as NSString).deletingLastPathComponent
        let table = "\(folder)/whole/latency.h5"
        let isFirst = run.hasSuffix("/whole")
        var options = TinySearch.options(
            model: "\(folder)/model", train: "\(folder)/text.txt", budget: budget)
        if !isFirst { options.levels = try RunFiles(folder: "\(folder)/whole").options().levels }
        let cache = isFirst ? "\(folder)/cache" : "\(run).cache"
        let session =
            RunFiles(folder: run).holdsRun
            ? try SearchSession.resume(AgreementTask(), folder: run, cache: cache)
            : try SearchSession.start(
                options, task: AgreementTask(), folder: run, cache: cache, latencyTable: isFirst ? nil : table
            )
        _ = try session.finish()
    }
}
