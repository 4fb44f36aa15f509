import ChainProblem
import Environments
import Foundation
import ModelFiles
import Tensors
import Testing

@testable import Agents

/// What every agent did on the chain when `Fixtures/traces.json` was written, which no CPU may change.
///
/// `SECATEUR_RECORD_TRACES=1 swift test --filter RecordedTraceTests` writes the file again.
@Suite struct RecordedTraceTests {
    /// Of one agent.
    private struct Trace: Codable, Equatable {
        /// Levels, a digit for each layer and a line for each episode.
        var actions: [String]
        /// SHA-256 of the bits of rewards and of what the agent expected.
        var digest: String
    }

    private static let path = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .appendingPathComponent("Fixtures/traces.json").path
    private static let (budget, seed): (Int, UInt64) = (40, 3)
    private static var isRecording: Bool {
        ProcessInfo.processInfo.environment["SECATEUR_RECORD_TRACES"] == "1"
    }

    private static func trace(_ agent: String) throws -> Trace {
        let folder = try TemporaryFolder()
        try search(folder.path, agent: agent, seed: seed, budget: budget)
        let rows = try traceRows(folder.path)
        let bits = rows.map { "\($0.terms.reward.bitPattern) \($0.baselineBits)" }
        return Trace(
            actions: rows.map { $0.actions.map(String.init).joined() }, digest: FileDigest.sha256(lines: bits)
        )
    }

    private static func recorded() throws -> [String: Trace] {
        try JSONDecoder().decode(
            [String: Trace].self, from: try Data(contentsOf: URL(fileURLWithPath: path)))
    }

    @Test(.enabled(if: isRecording)) func record() throws {
        let traces = try AgentRegistry.standard.names.map { ($0, try Self.trace($0)) }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        let data = try encoder.encode(Dictionary(uniqueKeysWithValues: traces))
        try (data + Data("\n".utf8)).write(to: URL(fileURLWithPath: Self.path))
    }

    @Test(.enabled(if: !isRecording), arguments: AgentRegistry.standard.names)
    func agentsDoWhatTheyDidElsewhere(agent: String) throws {
        let (found, expected) = (try Self.trace(agent), try #require(try Self.recorded()[agent]))
        let differing = zip(found.actions, expected.actions).enumerated().first { $1.0 != $1.1 }
        #expect(differing == nil, "episode \(differing?.offset ?? 0)")
        #expect(found == expected)
    }

    /// The same with the kernels that OpenBLAS has for other CPUs, and the C library's functions without FMA.
    @Test(
        .enabled(if: !isRecording),
        arguments: [
            ("Prescott", "-AVX2,-FMA,-FMA4"), ("Haswell", ""), ("Zen", "-FMA,-FMA4"), ("SkylakeX", ""),
        ])
    func agentsDoTheSameByTheCodeForOtherCPUs(core: String, without: String) throws {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "--testing-library", "swift-testing", "--filter", "agentsDoWhatTheyDidElsewhere",
        ]
        process.environment = ProcessInfo.processInfo.environment.merging(
            [
                "OPENBLAS_CORETYPE": core,
                "GLIBC_TUNABLES": without.isEmpty ? "" : "glibc.cpu.hwcaps=\(without)",
            ]) { $1 }
        let output = Pipe()
        (process.standardOutput, process.standardError) = (output, output)
        try process.run()
        let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0, "\(text)")
        #expect(text.contains("agentsDoWhatTheyDidElsewhere"), "\(text)")
    }

    /// Sources that decide a trace call neither OpenBLAS nor the C library's functions, which vary with the
    /// CPU.
    @Test func agentsCallNothingThatDependsOnTheCPU() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let call = #/(?:^|[^.\w])(?:exp2?|log(?:2|10|1p)?|expm1|pow|tanh?|sinh?|cosh?|fma)\(/#
        var files = 0
        for folder in ["Agents", "Environments"] {
            let names = FileManager.default.enumerator(atPath: root.appendingPathComponent(folder).path)
            for case let name as String in names ?? .init() where name.hasSuffix(".swift") {
                let path = root.appendingPathComponent("\(folder)/\(name)").path
                for line in try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n") {
                    let code = line.split(separator: "//", maxSplits: 1, omittingEmptySubsequences: false)[0]
                    #expect(!code.contains("BLAS"), "\(folder)/\(name): \(line)")
                    #expect(code.firstMatch(of: call) == nil, "\(folder)/\(name): \(line)")
                    #expect(!code.contains(".addingProduct"), "\(folder)/\(name): \(line)")
                }
                files += 1
            }
        }
        #expect(files > 30)
    }
}
