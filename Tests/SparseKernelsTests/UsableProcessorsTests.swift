import Foundation
import Testing

@testable import SparseKernels

@Suite struct UsableProcessorsTests {
    /// The limit by files as the system would have them.
    private func processors(_ files: [String: String]) throws -> Int? {
        let root = FileManager.default.temporaryDirectory.appendingPathComponent(UUID().uuidString).path
        defer { try? FileManager.default.removeItem(atPath: root) }
        for (path, text) in files {
            let url = URL(fileURLWithPath: root + path)
            try FileManager.default.createDirectory(
                at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: url)
        }
        return ControlGroups(root: root).processors
    }

    @Test func theNumberIsWhatNprocPrints() throws {
        let permitted = UsableProcessors.permitted()
        #expect((1...ProcessInfo.processInfo.processorCount).contains(permitted))
        #expect((1...permitted).contains(UsableProcessors.count()))
    }

    @Test(arguments: [
        ("150000 100000\n", 2), ("100000 100000\n", 1), ("1000 100000\n", 1), ("max 100000\n", nil),
    ])
    func versionTwo(text: String, limit: Int?) throws {
        let group = "0::/user/job\n"
        #expect(
            try processors(["/proc/self/cgroup": group, "/sys/fs/cgroup/user/job/cpu.max": text]) == limit)
        // In a container the group itself is mounted; groups above limit those below.
        #expect(try processors(["/proc/self/cgroup": group, "/sys/fs/cgroup/cpu.max": text]) == limit)
        let both = ["/sys/fs/cgroup/user/cpu.max": text, "/sys/fs/cgroup/user/job/cpu.max": "900000 100000"]
        #expect(try processors(both.merging(["/proc/self/cgroup": group]) { $1 }) == limit ?? 9)
    }

    @Test(arguments: [("250000", 3), ("-1", nil)])
    func versionOne(quota: String, limit: Int?) throws {
        for mount in ["cpu,cpuacct", "cpu"] {
            let folder = "/sys/fs/cgroup/\(mount)/job"
            let found = try processors([
                "/proc/self/cgroup": "5:memory:/job\n4:cpu,cpuacct:/job\n",
                "\(folder)/cpu.cfs_quota_us": "\(quota)\n", "\(folder)/cpu.cfs_period_us": "100000\n",
            ])
            #expect(found == limit)
        }
    }

    @Test func withoutGroupsThereIsNoLimit() throws {
        #expect(try processors([:]) == nil)
        #expect(try processors(["/proc/self/cgroup": "not a group\n"]) == nil)
    }
}
