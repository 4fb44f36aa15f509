import Levels
import Tensors
import Testing

@testable import SparseKernels

/// One after another, as measuring changes the number of OpenBLAS's threads.
@Suite(.serialized) struct KernelBenchmarkTests {
    @Test func figuresFollowFromTheTimes() throws {
        var benchmark = try KernelBenchmark(
            instructionSet: .best, tokens: 40, pool: ThreadPool(threads: 2))
        benchmark.rounds = 2
        let levels = [
            Level(pattern: .unstructured, sparsity: 0.75), Level(pattern: .twoOfFour, sparsity: 0.5),
            .dense.with(.int8),
        ]
        let before = BLAS.threads
        let report = try benchmark.measure(shapes: [(rows: 64, cols: 96)], levels: levels)
        #expect(BLAS.threads == before)
        let dense = report.entries.filter { $0.pattern == "dense" }
        #expect(Set(dense.map(\.kernel)) == ["secateur", "openblas", "openblas transposed"])
        #expect(report.entries.count == dense.count + levels.count)
        let reference = try #require(dense.map(\.medianMs).min())
        for entry in report.entries {
            #expect(abs(entry.effectiveGflops * entry.medianMs * 1e6 - 2 * 64 * 96 * 40) < 1)
            #expect(abs(entry.speedupOverDense * entry.medianMs - reference) < 1e-9)
            let peak = try #require(report.peaks[entry.pattern == "int8" ? "int8" : "float32"])
            let ofPeak = entry.effectiveGflops * (1 - entry.sparsity) / peak
            #expect(abs(entry.fractionOfPeak - ofPeak) < 1e-9)
        }
    }

    private func report(_ speedups: [(rows: Int, pattern: String, speedup: Double)]) -> KernelBenchmark.Report
    {
        .init(
            isa: "avx2", peaks: ["float32": 1], threads: 1, openBLASCore: "Haswell",
            entries: speedups.map {
                .init(
                    rows: $0.rows, cols: 8, tokens: 1, pattern: $0.pattern, sparsity: 0.5, kernel: "sparse",
                    weightBytes: 0, medianMs: 1, spreadMs: 0, effectiveGflops: 1, fractionOfPeak: 0.5,
                    speedupOverDense: $0.speedup)
            })
    }

    @Test func meansAreGeometric() {
        let means = report([(8, "4x1", 1), (16, "4x1", 4)]).meanSpeedups
        #expect(means.map(\.pattern) == ["4x1"])
        #expect(abs((means.first?.means.first?.speedup ?? 0) - 2) < 1e-12)
    }

    @Test func theBestRowBlockIsThatOfEachShape() {
        let means = report([
            (8, "4x1", 1), (8, "6x1", 2), (8, "4x4", 9), (16, "4x1", 8), (16, "6x1", 3), (16, "4x4", 9),
        ]).meanSpeedups
        #expect(means.map(\.pattern) == ["4x1", "6x1", "4x4", "best row block"])
        #expect(abs((means.last?.means.first?.speedup ?? 0) - 4) < 1e-12)
    }
}
