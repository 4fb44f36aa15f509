import Foundation

/// How busy this machine's processors are, by the system's count of their time.
public struct ProcessorLoad: Sendable {
    /// Ticks that each processor has worked, and that it has been there, since the system started.
    private let ticks: [Int: (busy: Int, total: Int)]

    /// What the system has counted until now; nil where it does not tell.
    public static var now: ProcessorLoad? {
        (try? String(contentsOfFile: "/proc/stat", encoding: .utf8)).flatMap(ProcessorLoad.init(statistics:))
    }

    /// Reads the text of `/proc/stat` (proc(5)): for each processor the ticks spent for users, for nice ones,
    /// in the kernel, idle, waiting for disks, and more.
    init?(statistics: String) {
        var ticks: [Int: (busy: Int, total: Int)] = [:]
        for line in statistics.split(separator: "\n") where line.hasPrefix("cpu") {
            let fields = line.split(separator: " ")
            let counts = fields.dropFirst().prefix(8).compactMap { Int($0) }
            guard let processor = Int(fields[0].dropFirst(3)), counts.count >= 5 else { continue }
            let total = counts.reduce(0, +)
            ticks[processor] = (busy: total - counts[3] - counts[4], total: total)
        }
        guard !ticks.isEmpty else { return nil }
        self.ticks = ticks
    }

    /// How many processors were busy on average between an earlier count and this one.
    ///
    /// - Parameter allowed: only those of these numbers count. Default: all.
    public func busyProcessors(since earlier: ProcessorLoad, allowed: Set<Int>? = nil) -> Double {
        ticks.reduce(0) { sum, now in
            guard allowed?.contains(now.key) ?? true, let before = earlier.ticks[now.key],
                now.value.total > before.total
            else { return sum }
            return sum + Double(now.value.busy - before.busy) / Double(now.value.total - before.total)
        }
    }

    /// How many of this program's processors other programs keep busy, watched for `seconds` in which the
    /// calling thread sleeps; nil where the system does not tell.
    public static func ofOthers(during seconds: Double = 0.3) -> Double? {
        guard let before = now else { return nil }
        Thread.sleep(forTimeInterval: seconds)
        return now?.busyProcessors(since: before, allowed: allowedProcessors)
    }

    /// The numbers of the processors that this program may run on; nil where the system does not tell.
    private static var allowedProcessors: Set<Int>? {
        let status = try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        return status.flatMap(processors(status:))
    }

    /// The processors that the text of `/proc/self/status` lists as `Cpus_allowed_list: 0-2,8`.
    static func processors(status: String) -> Set<Int>? {
        let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") }
        guard let list = line?.split(separator: ":").last else { return nil }
        let ranges = list.split(separator: ",").compactMap { range -> ClosedRange<Int>? in
            let ends = range.split(separator: "-").compactMap { Int($0.trimmingCharacters(in: .whitespaces)) }
            guard let first = ends.first, let last = ends.last, first <= last else { return nil }
            return first...last
        }
        return ranges.isEmpty ? nil : Set(ranges.joined())
    }
}
