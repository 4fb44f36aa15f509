import Tensors
import Testing

@testable import SparseKernels

/// One after another, as measuring changes the number of OpenBLAS's threads.
@Suite(.serialized) struct KernelBenchmarkTests {
    @Test func aPoolKeepsOpenBLASToOneThread() {
        BLAS.use(threads: 2)
        _ = ThreadPool(threads: 1)
        #expect(BLAS.threads == 1)
    }

    @Test func figuresFollowFromTheTimes() throws {
        var benchmark = KernelBenchmark(
            instructionSet: .best, tokens: 40, pool: ThreadPool(threads: 2))
        benchmark.rounds = 2
        let levels = [
            Level(pattern: .unstructured, sparsity: 0.75), Level(pattern: .twoOfFour, sparsity: 0.5),
        ]
        let report = benchmark.measure(shapes: [(rows: 64, cols: 96)], levels: levels)
        let dense = report.entries.filter { $0.pattern == "dense" }
        #expect(Set(dense.map(\.kernel)) == ["secateur", "openblas", "openblas transposed"])
        #expect(report.entries.count == dense.count + levels.count)
        let reference = try #require(dense.map(\.medianMs).min())
        for entry in report.entries {
            #expect(abs(entry.effectiveGflops * entry.medianMs * 1e6 - 2 * 64 * 96 * 40) < 1)
            #expect(abs(entry.speedupOverDense * entry.medianMs - reference) < 1e-9)
            let ofPeak = entry.effectiveGflops * (1 - entry.sparsity) / report.peakGflops
            #expect(abs(entry.fractionOfPeak - ofPeak) < 1e-9)
        }
    }

    @Test func meansAreGeometric() {
        func entry(_ rows: Int, _ speedup: Double) -> KernelBenchmark.Entry {
            .init(
                rows: rows, cols: 8, tokens: 1, pattern: "4x1", sparsity: 0.5, kernel: "sparse 4x1",
                weightBytes: 0, medianMs: 1, spreadMs: 0, effectiveGflops: 1, fractionOfPeak: 0.5,
                speedupOverDense: speedup)
        }
        let report = KernelBenchmark.Report(
            isa: "avx2", peakGflops: 1, threads: 1, openBLASCore: "Haswell",
            entries: [entry(8, 1), entry(16, 4)])
        #expect(report.meanSpeedups.map(\.pattern) == ["4x1"])
        #expect(abs((report.meanSpeedups.first?.means.first?.speedup ?? 0) - 2) < 1e-12)
    }
}
