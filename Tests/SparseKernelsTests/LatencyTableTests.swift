import Foundation
import Levels
import Testing

@testable import SparseKernels

@Suite struct LatencyTableTests {
    private let table = LatencyTable(
        fingerprint: HardwareFingerprint(
            cpu: "Example", processors: 2, caches: "L1 32K", instructionSet: .avx2),
        phase: .decode, tokens: 128, threads: 2,
        entries: [
            .init(rows: 8, cols: 4, level: Level.dense.with(.int8)): .init([3, 1, 2]),
            .init(rows: 8, cols: 4, level: Level(pattern: .rowBlock4, sparsity: 0.7, precision: .int8)):
                .init([0.5]),
        ], fit: LatencyFit(overheadMs: 1, scale: 1.25, medianError: 0.01), dense: .init([9]))

    @Test func comesBackFromAFile() throws {
        let path = NSTemporaryDirectory() + "latency-\(UUID().uuidString).h5"
        defer { try? FileManager.default.removeItem(atPath: path) }
        try table.write(to: path)
        #expect(try LatencyTable(path: path) == table)
    }

    @Test(arguments: [Workload(tokens: 64, batch: 4), Workload(lengths: [[3, 9], [70, 8], [12, 5]])])
    func aTableIsOfItsWorkload(workload: Workload) throws {
        let path = NSTemporaryDirectory() + "latency-\(UUID().uuidString).h5"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let own = LatencyTable(
            fingerprint: table.fingerprint, workload: workload, threads: 2, entries: table.entries,
            fit: table.fit, dense: table.dense)
        try own.write(to: path)
        #expect(try LatencyTable(path: path) == own && own != table)
    }

    @Test func knowsOtherHardware() {
        #expect(!table.isFromThisHardware)
    }

    @Test func summarizesByMedian() {
        #expect(table.entries[.init(rows: 8, cols: 4, level: Level.dense.with(.int8))]?.medianMs == 2)
    }

    /// As versions before precisions wrote it.
    @Test func levelsOfAnEarlierTableHaveThePrecisionThatDecodingHad() throws {
        let path = NSTemporaryDirectory() + "latency-\(UUID().uuidString).h5"
        defer { try? FileManager.default.removeItem(atPath: path) }
        let entries = table.entries.map { key, entry in
            (LatencyTable.Key(rows: key.rows, cols: key.cols, level: key.level.with(.float32)), entry)
        }
        let earlier = LatencyTable(
            fingerprint: table.fingerprint, phase: .decode, tokens: 128, threads: 2,
            entries: Dictionary(uniqueKeysWithValues: entries), fit: table.fit, dense: table.dense)
        try earlier.write(to: path, schema: "secateur.latency/3")
        #expect(try LatencyTable(path: path) == table)
    }
}
