import Foundation
import Testing

@testable import SecateurCLI

/// Nothing is lost, whatever happens on the way.
@Suite(.serialized) struct FaultTests {
    @Test func aFolderHasOneWriter() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let first = try RunningCommand(tool, TinySearch.arguments(tool, "run", ["--budget", "1000000"]))
        defer { first.stop() }
        #expect(first.wait { FileManager.default.fileExists(atPath: tool.file("run/trace.h5")) })
        for second in [["resume", tool.file("run")], TinySearch.arguments(tool, "run", ["--overwrite"])] {
            let result = try tool.run(second)
            #expect(result.status != 0 && result.errorLines.count == 1, "\(result.errors)")
            #expect(result.errors.contains("another search writes to this folder"), "\(result.errors)")
            #expect(result.errors.contains("process \(first.process.processIdentifier)"))
        }
        // Others may read; the lock goes with its process.
        #expect(try tool.run(["report", tool.file("run")]).status == 0)
        first.stop()
        let resumed = try RunningCommand(tool, ["resume", tool.file("run")])
        defer { resumed.stop() }
        let holder = "\(resumed.process.processIdentifier)\n"
        #expect(
            resumed.wait { (try? String(contentsOfFile: tool.file("run/.lock"), encoding: .utf8)) == holder },
            "\(resumed.errors)")
    }

    /// A checkpoint that was altered in the middle is not used: the one before is, to the same end.
    @Test(arguments: [true, false]) func aDamagedCheckpointFallsBackToTheOneBefore(truncated: Bool) throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let budget = ["--budget", "400"]
        #expect(try tool.run(TinySearch.arguments(tool, "whole", budget)).status == 0)
        #expect(try tool.run(TinySearch.arguments(tool, "run", budget)).status == 0)
        // As if it had been killed before its end.
        try FileManager.default.removeItem(atPath: tool.file("run/summary.json"))
        let path = tool.file("run/checkpoint.h5")
        let whole = try Data(contentsOf: URL(fileURLWithPath: path))
        var damaged = whole
        damaged[whole.count / 2] ^= 1
        try (truncated ? whole.prefix(whole.count / 2) : damaged).write(to: URL(fileURLWithPath: path))
        let resumed = try tool.run(["resume", tool.file("run")])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errorLines.count == 1)
        #expect(resumed.errors.contains("checkpoint.h5: damaged"), "\(resumed.errors)")
        #expect(resumed.errors.contains("the checkpoint before, after evaluation"), "\(resumed.errors)")
        #expect(try TinySearch.rows(tool.file("run")) == TinySearch.rows(tool.file("whole")))
    }

    /// A search on a disk of 8 MB that something else fills up meanwhile.
    @Test func aFullDiskStopsTheSearchWithItsCheckpoint() throws {
        let tool = try TinySearch.prepared()
        defer { tool.cleanUp() }
        let disk = tool.file("disk")
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let mounted = try ExternalProgram.run(
            "/usr/bin/env", ["mount", "-t", "tmpfs", "-o", "size=8m", "tmpfs", disk])
        try #require(
            mounted.status == 0 || getuid() != 0,
            "mounting a disk of 8 MB failed for root: \(mounted.errors)")
        guard mounted.status == 0 else {
            print("aFullDiskStopsTheSearchWithItsCheckpoint: skipped, only root may mount a disk of 8 MB")
            return
        }
        defer { _ = try? ExternalProgram.run("/usr/bin/env", ["umount", disk]) }
        let budget = ["--budget", "600"]
        #expect(try tool.run(TinySearch.arguments(tool, "whole", budget)).status == 0)
        let search = try RunningCommand(tool, TinySearch.arguments(tool, "disk/run", budget))
        defer { search.stop() }
        #expect(search.wait { FileManager.default.fileExists(atPath: "\(disk)/run/trace.h5") })
        Thread.sleep(forTimeInterval: 0.2)
        _ = FileManager.default.createFile(atPath: "\(disk)/filler", contents: nil)
        let filler = try #require(FileHandle(forWritingAtPath: "\(disk)/filler"))
        for size in [1 << 16, 1 << 12, 1] {
            while (try? filler.write(contentsOf: Data(count: size))) != nil {}
        }
        // A file that is still open would keep its room after it is removed.
        try filler.close()
        search.process.waitUntilExit()
        #expect(search.process.terminationReason == .exit && search.process.terminationStatus != 0)
        let lines = search.errors.split(separator: "\n")
        #expect(lines.count == 1 && search.errors.contains("No space left on device"), "\(search.errors)")
        #expect(search.errors.contains("\(disk)/run"), "\(search.errors)")

        try FileManager.default.removeItem(atPath: "\(disk)/filler")
        let resumed = try tool.run(["resume", "\(disk)/run"])
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(try TinySearch.rows("\(disk)/run") == TinySearch.rows(tool.file("whole")))
    }

    /// `Benchmarks fuzz` and `Benchmarks kills` with smaller counts than it takes to be sure.
    @Test(arguments: [
        ["fuzz", "--count", "2100"], ["kills", "--count", "6", "--budget", "300"],
    ])
    func faultProgramsFindNothing(arguments: [String]) throws {
        let result = try ExternalProgram.run(CommandLineTool.built("Benchmarks"), arguments)
        #expect(result.status == 0, "\(result.output)\(result.errors)")
    }
}
