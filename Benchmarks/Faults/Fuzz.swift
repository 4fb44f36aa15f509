import ArgumentParser
import Foundation
import Search

/// Hands damaged files to the readers; whatever happens but an error in one line or a success is a failure.
struct Fuzz: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Read damaged files of every kind: no crash, no hang, no memory without bounds.",
        discussion: """
            The same seed damages the same way. Readers run in child processes, which a crash ends alone; what
            failed is kept in the folder that --keep names. Example: Benchmarks fuzz --count 100000
            """)

    @Option(help: "Damaged inputs, over all kinds.")
    var count = 100_000

    @Option(help: "Fixes how they are damaged.")
    var seed: UInt64 = 1

    @Option(parsing: .upToNextOption, help: "Kinds of files. Default: all.")
    var kinds = FileKind.allCases

    @Option(help: "Folder for inputs that failed.")
    var keep: String?

    @Option(help: .hidden)
    var worker: String?

    @Option(help: .hidden)
    var from = 0

    /// What an input may take.
    static let limitSeconds: UInt32 = 5
    static let limitBytes = 1 << 30

    func run() throws {
        if let worker {
            return FuzzWorker(folder: worker, kind: kinds[0], seed: seed, range: from..<count).run()
        }
        let folder = FileManager.default.temporaryDirectory
            .appendingPathComponent("secateur-fuzz-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try FileKind.makeSamples(in: folder)
        for kind in kinds { try kind.read(in: folder) }
        var failures = 0
        print("kind            inputs  refused  read  failed")
        for (number, kind) in kinds.enumerated() {
            let inputs = count / kinds.count + (number < count % kinds.count ? 1 : 0)
            let result = try run(kind, inputs, folder)
            failures += result.failed.count
            print(
                kind.rawValue.padding(toLength: 14, withPad: " ", startingAt: 0)
                    + String(
                        format: "%8d %8d %5d %7d", inputs, result.refused, result.read, result.failed.count))
            for failure in result.failed { print("  input \(failure.index): \(failure.reason)") }
        }
        if failures > 0 { throw ExitCode.failure }
    }

    private struct Result {
        var refused = 0
        var read = 0
        var failed: [(index: Int, reason: String)] = []
    }

    /// Starts workers one after the other, each where the one before it ended.
    private func run(_ kind: FileKind, _ inputs: Int, _ folder: String) throws -> Result {
        var result = Result()
        var next = 0
        while next < inputs {
            let (status, lines) = try worker(kind, from: next, to: inputs, folder)
            result.refused += lines.count { $0 == "r" }
            result.read += lines.count { $0 == "o" }
            next += lines.count
            guard next < inputs || status != .finished else { break }
            let reason = lines.last.flatMap { $0.count > 1 ? String($0.dropFirst()) : nil } ?? status.reason
            // An input that ended its worker is not among its lines; one that was complained of is.
            let isListed = lines.last.map { $0.count > 1 } ?? false
            let index = isListed ? next - 1 : next
            result.failed.append((index, reason))
            try keepInput(kind, index, folder)
            if !isListed { next += 1 }
            if result.failed.count >= 20 { break }
        }
        return result
    }

    private enum Status: Equatable {
        case finished
        case signal(Int32)
        case code(Int32)

        var reason: String {
            switch self {
            case .finished: "the reader ended the program"
            case .signal(SIGALRM): "no end after \(Fuzz.limitSeconds) s"
            case .signal(let number): "crash, signal \(number)"
            case .code(let code): "the reader ended the program with code \(code)"
            }
        }
    }

    private func worker(
        _ kind: FileKind, from: Int, to: Int, _ folder: String
    ) throws -> (Status, [Substring]) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/proc/self/exe").resolvingSymlinksInPath()
        process.arguments = [
            "fuzz", "--worker", folder, "--kinds", kind.rawValue, "--seed", "\(seed)", "--from", "\(from)",
            "--count",
            "\(to)",
        ]
        let results = "\(folder)/results"
        try Data().write(to: URL(fileURLWithPath: results))
        process.standardOutput = FileHandle(forWritingAtPath: results)
        process.standardError = FileHandle.nullDevice
        try process.run()
        process.waitUntilExit()
        let lines = try String(contentsOfFile: results, encoding: .utf8).split(separator: "\n")
        let code = process.terminationStatus
        let status: Status =
            process.terminationReason == .uncaughtSignal ? .signal(code) : code == 0 ? .finished : .code(code)
        return (status, lines)
    }

    private func keepInput(_ kind: FileKind, _ index: Int, _ folder: String) throws {
        guard let keep else { return }
        try FileManager.default.createDirectory(atPath: keep, withIntermediateDirectories: true)
        let (file, bytes) = try FuzzWorker(folder: folder, kind: kind, seed: seed, range: 0..<0).input(index)
        let name = file.replacingOccurrences(of: "/", with: "-")
        try Data(bytes).write(to: URL(fileURLWithPath: "\(keep)/\(kind.rawValue)-\(index)-\(name)"))
    }
}

/// Reads damaged inputs one after the other, and prints a line for each: `r` refused, `o` read, `!` with what
/// is wrong with how it was refused.
struct FuzzWorker {
    let folder: String
    let kind: FileKind
    let seed: UInt64
    let range: Range<Int>

    /// The file that an input damages, and its bytes.
    func input(_ index: Int) throws -> (file: String, bytes: [UInt8]) {
        let number = UInt64(FileKind.allCases.firstIndex(of: kind) ?? 0)
        var mutation = Mutation(seed: seed, stream: number << 40 | UInt64(index))
        let file = kind.files[mutation.pick(kind.files.count)]
        let whole = [UInt8](try Data(contentsOf: URL(fileURLWithPath: "\(folder)/\(file)")))
        return (file, mutation.damaged(whole))
    }

    func run() {
        // A reader that asks for far more than it may must not take the machine down.
        var limit = rlimit(rlim_cur: 8 << 30, rlim_max: 8 << 30)
        setrlimit(__rlimit_resource_t(RLIMIT_AS.rawValue), &limit)
        let work = "\(folder)/work"
        for index in range {
            do {
                let (file, bytes) = try input(index)
                try prepare(work, file, bytes)
            } catch {
                print("!\(error)")
                exit(2)
            }
            alarm(Fuzz.limitSeconds)
            let outcome = outcome(work)
            alarm(0)
            print(outcome)
            fflush(nil)
            if outcome.hasPrefix("!") { exit(3) }
        }
    }

    private func outcome(_ work: String) -> String {
        var outcome = "o"
        do { try kind.read(in: work) } catch {
            let line = "\(error)"
            outcome = "r"
            if line.contains("\n") { outcome = "!an error of several lines" }
            if !line.contains(work) { outcome = "!an error that names no file: \(line.prefix(200))" }
        }
        var usage = rusage()
        getrusage(RUSAGE_SELF.rawValue, &usage)
        if usage.ru_maxrss << 10 > Fuzz.limitBytes {
            outcome = "!more than \(Fuzz.limitBytes) bytes of memory"
        }
        return outcome.replacingOccurrences(of: "\n", with: " ")
    }

    /// The folder with one file damaged: all others are links to whole ones.
    private func prepare(_ work: String, _ file: String, _ bytes: [UInt8]) throws {
        let files = FileManager.default
        try? files.removeItem(atPath: work)
        for folder in Set(kind.files.map { ($0 as NSString).deletingLastPathComponent }) {
            let target = "\(work)/\(folder)"
            try files.createDirectory(atPath: target, withIntermediateDirectories: true)
            for name in try files.contentsOfDirectory(atPath: "\(self.folder)/\(folder)")
            where "\(folder)/\(name)" != file && name != ".lock" {
                try files.createSymbolicLink(
                    atPath: "\(target)/\(name)", withDestinationPath: "\(self.folder)/\(folder)/\(name)")
            }
        }
        try Data(bytes).write(to: URL(fileURLWithPath: "\(work)/\(file)"))
    }
}
