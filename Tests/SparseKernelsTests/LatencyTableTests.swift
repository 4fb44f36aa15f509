import Foundation
import Testing

@testable import SparseKernels

@Suite struct LatencyTableTests {
    private let table = LatencyTable(
        fingerprint: HardwareFingerprint(
            cpu: "Example", processors: 2, caches: "L1 32K", instructionSet: .avx2),
        phase: .decode, tokens: 128, threads: 2,
        entries: [
            .init(rows: 8, cols: 4, level: .dense): .init([3, 1, 2]),
            .init(rows: 8, cols: 4, level: Level(pattern: .rowBlock4, sparsity: 0.7)): .init([0.5]),
        ], fit: LatencyFit(overheadMs: 1, scale: 1.25, medianError: 0.01), dense: .init([9]))

    @Test func comesBackFromAFile() throws {
        let path = NSTemporaryDirectory() + "latency-\(UUID().uuidString).h5"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try table.write(to: path)
        #expect(try LatencyTable(path: path) == table)
    }

    @Test func knowsOtherHardware() {
        #expect(!table.isFromThisHardware)
    }

    @Test func summarisesByMedian() {
        #expect(table.entries[.init(rows: 8, cols: 4, level: .dense)]?.medianMs == 2)
    }

    @Test(arguments: Level.standard)
    func levelsAreReadAsTheyAreWritten(_ level: Level) {
        #expect(Level(level.description) == level)
    }

    @Test func coarseLevelsAreInEveryTable() {
        #expect(Set(Level.coarse).isSubset(of: Level.standard) && Level.coarse[0] == .dense)
    }

    @Test(arguments: ["", "dense@0.5", "4x1", "4x1@1.0", "4x1@-0.1", "other@0.5", "4x1@0.5@1"])
    func otherTextIsNoLevel(_ text: String) {
        #expect(Level(text) == nil)
    }
}
