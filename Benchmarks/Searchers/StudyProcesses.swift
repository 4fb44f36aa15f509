import ArgumentParser
import Foundation
import Levels
import Runs
import Search

/// Runs searches in processes side by side, each on one thread.
///
/// Finished searches are not repeated, stopped ones continue.
struct StudyProcesses {
    /// Searches at a time.
    let atATime: Int
    /// The folder with the data.
    let data: String
    /// The folder of the study.
    let output: String

    /// - Throws: `ValidationError` for what `--processes` may not be.
    static func validate(atATime: Int) throws {
        guard atATime >= 1 else {
            throw ValidationError("--processes: found \(atATime), allowed 1 or more")
        }
    }

    private struct Running {
        let search: StudiedSearch
        let process: Process
    }

    /// Runs all that are not finished.
    /// - Throws: `Issue` when one fails; the others are stopped, and can continue.
    func run(_ searches: [StudiedSearch]) throws {
        var waiting = try searches.filter { try $0.summary() == nil }
        let (all, begin) = (waiting, ContinuousClock.now)
        var begun: [StudiedSearch] = []
        var running: [Running] = []
        while !waiting.isEmpty || !running.isEmpty {
            while running.count < atATime,
                let next = waiting.firstIndex(where: { candidate in
                    !running.contains { Self.isInTheWay($0.search, of: candidate, begun) }
                })
            {
                let search = waiting.remove(at: next)
                running.append(Running(search: search, process: try spawn(search)))
                begun.append(search)
            }
            Thread.sleep(forTimeInterval: 0.2)
            for ended in running where !ended.process.isRunning {
                try check(ended, running)
                let left = waiting + running.filter(\.process.isRunning).map(\.search)
                let minutes = Self.minutesLeft(for: left, of: all, elapsed: ContinuousClock.now - begin)
                let line =
                    "\(all.count - left.count) of \(all.count): \(ended.search.files.folder), "
                    + "about \(minutes) min left\n"
                FileHandle.standardError.write(Data(line.utf8))
            }
            running.removeAll { !$0.process.isRunning }
        }
    }

    /// Whether a search must wait for one that runs: latencies are measured alone, by the first search of a
    /// model, and the first of a seed prunes the layers that the others of it read.
    private static func isInTheWay(
        _ running: StudiedSearch, of other: StudiedSearch, _ begun: [StudiedSearch]
    ) -> Bool {
        guard running.hasLatencies, other.hasLatencies else { return true }
        func shareLayers(_ one: StudiedSearch, _ two: StudiedSearch) -> Bool {
            one.model.name == two.model.name && one.seed == two.seed
        }
        return !running.hasLevels && shareLayers(running, other)
            && begun.first { shareLayers($0, running) }?.files.folder == running.files.folder
    }

    /// Minutes until all have ended, taking a search to last as long as its budget is large.
    private static func minutesLeft(
        for left: [StudiedSearch], of all: [StudiedSearch], elapsed: Duration
    ) -> Int {
        func budget(_ searches: [StudiedSearch]) -> Double {
            searches.reduce(0) { $0 + Double($1.budget) }
        }
        let minutes = elapsed / .seconds(60) * budget(left) / (budget(all) - budget(left))
        return Int(minutes.rounded(.up))
    }

    private func check(_ ended: Running, _ running: [Running]) throws {
        guard ended.process.terminationReason == .exit, ended.process.terminationStatus == 0 else {
            running.forEach { $0.process.terminate() }
            throw Issue(
                .missing, .path(ended.search.files.folder),
                advice: "the search failed; the others can continue")
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
