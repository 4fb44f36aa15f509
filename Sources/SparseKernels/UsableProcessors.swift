import CKernels
import Foundation

/// How many processors this program may use: those that it may run on, and no more than the time that control
/// groups give it. More threads than that wait for each other.
public enum UsableProcessors {
    /// The number, at least 1.
    public static func count() -> Int {
        min(permitted(), ControlGroups().processors ?? .max)
    }

    /// The processors that this program may run on (sched_getaffinity(2)), as set by `taskset`, containers or
    /// a batch system; all where the system does not tell.
    public static func permitted() -> Int {
        let count = Int(secateur_permitted_processors())
        if count > 0 { return count }
        return max(ProcessInfo.processInfo.activeProcessorCount, 1)
    }
}

/// The limits of processor time of the control groups that this program is in, by versions 1 and 2 of the
/// system's interface (cgroups(7)).
struct ControlGroups {
    /// Where the system's files are.
    var root = ""

    /// The least limit of the groups, rounded up to whole processors; nil where there is none.
    var processors: Int? { limits().min().map { max(Int($0.rounded(.up)), 1) } }

    private func limits() -> [Double] {
        let groups = (text("/proc/self/cgroup") ?? "").split(separator: "\n").map {
            $0.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
        }
        return groups.filter { $0.count == 3 }.flatMap { fields -> [Double] in
            if fields[1].isEmpty {
                let mounts = ["/sys/fs/cgroup", "/sys/fs/cgroup/unified"]
                return Self.places(mounts, group: fields[2]).compactMap { limit(version2: $0) }
            }
            guard fields[1].split(separator: ",").contains("cpu") else { return [] }
            let mounts = ["/sys/fs/cgroup/\(fields[1])", "/sys/fs/cgroup/cpu"]
            return Self.places(mounts, group: fields[2]).compactMap { limit(version1: $0) }
        }
    }

    /// The folders of a group and of those above it. In a container the mount may be the group itself.
    private static func places(_ mounts: [String], group: String) -> [String] {
        let parts = group.split(separator: "/").map(String.init)
        return mounts.flatMap { mount in
            (0...parts.count).map { ([mount] + parts.prefix($0)).joined(separator: "/") }
        }
    }

    /// `cpu.max`: microseconds in each period, or `max`.
    private func limit(version2 folder: String) -> Double? {
        let fields = (text("\(folder)/cpu.max") ?? "").split { $0 == " " || $0 == "\n" }
        guard fields.count == 2, let quota = Double(fields[0]), let period = Double(fields[1]) else {
            return nil
        }
        return quota > 0 && period > 0 ? quota / period : nil
    }

    /// `cpu.cfs_quota_us` in each `cpu.cfs_period_us`; −1 for no limit.
    private func limit(version1 folder: String) -> Double? {
        func number(_ name: String) -> Double? {
            text("\(folder)/\(name)").flatMap { Double($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        }
        guard let quota = number("cpu.cfs_quota_us"), let period = number("cpu.cfs_period_us") else {
            return nil
        }
        return quota > 0 && period > 0 ? quota / period : nil
    }

    private func text(_ path: String) -> String? {
        try? String(contentsOfFile: root + path, encoding: .utf8)
    }
}
