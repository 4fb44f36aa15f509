import Foundation
import Levels
import Runs
import Search

/// What a person sees besides results.
enum Terminal {
    /// Whether a person reads stderr.
    static var isRead: Bool { isatty(STDERR_FILENO) == 1 }

    /// Prints one line about an error to stderr and ends with a status.
    static func fail(_ message: String, status: Int32) -> Never {
        let line = message.replacingOccurrences(of: "\n", with: " ")
        FileHandle.standardError.write(Data("secateur: \(line)\n".utf8))
        Foundation.exit(status)
    }

    /// Says that the program was stopped, and what that means, and ends.
    static func stop(_ consequence: String) -> Never {
        note("stopped; \(consequence)")
        Foundation.exit(130)
    }

    /// Prints one line to stderr.
    static func note(_ message: String) {
        FileHandle.standardError.write(Data("\(message)\n".utf8))
    }

    /// Prints a value as one JSON object with sorted keys.
    static func printJSON(_ value: some Encodable) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        let data = try encoder.encode(value)
        try write(data + Data("\n".utf8))
    }

    /// Writes bytes to stdout, after what has been printed.
    /// - Throws: `Issue` when the disk is full, or nobody reads.
    static func write(_ data: Data) throws {
        try flush()
        do { try FileHandle.standardOutput.write(contentsOf: data) } catch {
            throw Issue(
                .inaccessible, .other("standard output"),
                advice: "cannot be written to: \(error.localizedDescription)")
        }
    }

    /// Makes sure that what was printed has arrived.
    static func flush() throws {
        guard fflush(nil) == 0 else {
            throw Issue(
                .inaccessible, .other("standard output"),
                advice: "cannot be written to: \(String(cString: strerror(errno)))")
        }
    }

    /// Prints columns, the first to the left, others to the right.
    static func printTable(headings: [String], rows: [[String]]) {
        let lines = [headings] + rows
        let widths = headings.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = line.indices.map { column in
                let room = String(repeating: " ", count: widths[column] - line[column].count)
                return column == 0 ? line[column] + room : room + line[column]
            }
            print(cells.joined(separator: "  "))
        }
    }

    /// A number with a fixed count of decimals.
    static func decimal(_ value: Double, _ places: Int) -> String {
        String(format: "%.\(places)f", value)
    }

    /// A score, with four decimals.
    static func score(_ value: Double) -> String { decimal(value, 4) }

    /// Bytes in millions.
    static func megabytes(_ bytes: Int) -> String {
        "\(decimal(Double(bytes) / 1e6, 1)) MB"
    }
}

/// A line on the terminal that says what is being done and how long it will still take; nothing when
/// stderr is no terminal.
final class ProgressLine {
    private let isTerminal = Terminal.isRead
    private var stage = ""
    private var stageStart = Date()
    private var lastShown = Date.distantPast

    /// Shows a stage and the fraction of it that is done.
    func show(_ stage: String, _ fraction: Double) {
        guard isTerminal else { return }
        let now = Date()
        if stage != self.stage {
            self.stage = stage
            stageStart = now
            lastShown = .distantPast
        }
        guard now.timeIntervalSince(lastShown) > 0.2 else { return }
        lastShown = now
        let elapsed = now.timeIntervalSince(stageStart)
        var line = "\(stage): \(Int(fraction * 100)) %"
        if fraction > 0.02, elapsed > 1 {
            let left = Int((elapsed * (1 - fraction) / fraction).rounded(.up))
            line += left >= 60 ? ", \(left / 60) min \(left % 60) s left" : ", \(left) s left"
        }
        FileHandle.standardError.write(Data("\r\u{1B}[K\(line)".utf8))
    }

    /// Wipes the line.
    func finish() {
        guard isTerminal else { return }
        FileHandle.standardError.write(Data("\r\u{1B}[K".utf8))
    }

    /// Prints a line to stderr above the progress.
    func note(_ message: String) {
        finish()
        Terminal.note(message)
    }
}
