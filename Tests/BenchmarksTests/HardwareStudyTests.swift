import Foundation
import Runs
import Testing
import TinyModels

/// `Benchmarks hardware` on a model so small that its searches take seconds.
@Suite struct HardwareStudyTests {
    private struct Output: Equatable {
        let status: Int32
        let printed, errors: String
    }

    /// A folder that goes away with its owner.
    private final class Folder {
        let path = FileManager.default.temporaryDirectory
            .appendingPathComponent("hardware-\(UUID().uuidString)").path

        init() throws {
            try TinyModel.write(to: "\(path)/model", seed: 1)
            try TinyModel.writeSentences(400, to: "\(path)/text.txt", seed: 2)
        }

        deinit { try? FileManager.default.removeItem(atPath: path) }
    }

    /// In the folder of the test bundle, where SwiftPM puts executables.
    private static let program = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        .deletingLastPathComponent().appendingPathComponent("Benchmarks").path

    private func study(_ folder: Folder, _ more: [String] = []) throws -> Output {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: Self.program)
        process.arguments =
            [
                "hardware", "\(folder.path)/model", "--isas", "scalar", "portable", "--targets", "1",
                "--task",
                "fidelity", "--train", "\(folder.path)/text.txt", "--data", "\(folder.path)/text.txt",
                "--levels", "dense,int8,4x1@0.5,4x1@0.8:int8", "--tokens", "32", "--output",
                "\(folder.path)/study", "--chart", "\(folder.path)/chart.svg",
            ] + (more.contains("--budget") ? more : more + ["--budget", "60"])
        let paths = ["out", "err"].map { "\(folder.path)/\($0)" }
        for path in paths { _ = FileManager.default.createFile(atPath: path, contents: nil) }
        process.standardOutput = FileHandle(forWritingAtPath: paths[0])
        process.standardError = FileHandle(forWritingAtPath: paths[1])
        try process.run()
        process.waitUntilExit()
        let texts = try paths.map { try String(contentsOfFile: $0, encoding: .utf8) }
        return Output(status: process.terminationStatus, printed: texts[0], errors: texts[1])
    }

    private func actions(_ run: String) throws -> [[Int]] {
        try TraceFile.read(path: "\(run)/trace.h5").1.map(\.actions)
    }

    @Test func aStudyIsContinuedAndNotRepeated() throws {
        let folder = try Folder()
        let first = try study(folder)
        #expect(first.status == 0, "\(first.errors)")
        #expect(first.printed.contains("| fidelity, repaired; policy of | on scalar | on portable |"))
        #expect(first.errors.contains("search on scalar at 1.0: 1 of 10"), "\(first.errors)")
        #expect(first.errors.contains("portable repaired for scalar: 10 of 10"), "\(first.errors)")
        let chart = try String(contentsOfFile: "\(folder.path)/chart.svg", encoding: .utf8)
        #expect(chart.contains("scalar, 1.0") && chart.contains("portable, 1.0"))

        // What was finished is neither searched nor measured again.
        let again = try study(folder)
        #expect(again.status == 0 && again.printed == first.printed, "\(again.errors)\(again.printed)")
        #expect(!again.errors.contains("search on"), "\(again.errors)")

        // A search that was stopped before its end continues to the same trace.
        let run = "\(folder.path)/study/portable-1.0"
        let trace = try actions(run)
        for file in ["summary.json", "policy.json", "model"] {
            try FileManager.default.removeItem(atPath: "\(run)/\(file)")
        }
        let resumed = try study(folder)
        #expect(resumed.status == 0, "\(resumed.errors)")
        #expect(resumed.errors.contains("search on portable"), "\(resumed.errors)")
        #expect(!resumed.errors.contains("search on scalar"), "\(resumed.errors)")
        #expect(try actions(run) == trace)
        #expect(!FileManager.default.fileExists(atPath: "\(folder.path)/study/pruned"))

        // Another question does not take the answers of this one.
        let other = try study(folder, ["--budget", "70"])
        #expect(other.status != 0 && other.errors.contains("budget"), "\(other.errors)")
        #expect(other.errors.contains("found 60, allowed 70"), "\(other.errors)")
    }

    @Test func whatCannotBeComparedIsRefused() throws {
        let folder = try Folder()
        for (arguments, word) in [
            (["--task", "lm"], "--task"), (["--targets", "avx2=0.5"], "--targets"),
            (["--isas", "scalar", "scalar"], "--isas"),
            (["--secateur", "\(folder.path)/none"], "--secateur"),
        ] {
            let refused = try study(folder, arguments)
            #expect(refused.status != 0 && refused.errors.contains(word), "\(refused.errors)")
        }
    }
}
