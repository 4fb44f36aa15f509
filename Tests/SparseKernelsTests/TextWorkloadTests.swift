import Levels
import Testing

@testable import SparseKernels

/// Workloads of the lengths that texts have.
@Suite struct TextWorkloadTests {
    @Test func lengthsAreQuantiles() {
        let workload = Workload(ofTexts: (1...100).reversed(), passes: 20)
        #expect(workload.lengths == (0..<20).map { [5 * $0 + 3] })
        // Of fewer texts than passes, each comes as often as another.
        #expect(Workload(ofTexts: [9, 3], passes: 4).lengths == [[3], [3], [9], [9]])
        #expect(Workload(ofTexts: [7]).lengths?.count == 20)
    }

    /// The mean of what is measured is that of the texts, also where a few are long.
    @Test func theMeanIsThatOfTheTexts() {
        let texts = (0..<2000).map { 5 + $0 * $0 % 331 % 97 }
        let mean = Double(texts.reduce(0, +)) / 2000
        for batch in [1, 8] {
            let lengths = Array((Workload(ofTexts: texts, batch: batch).lengths ?? []).joined())
            #expect(abs(Double(lengths.reduce(0, +)) / Double(lengths.count) - mean) < 0.02 * mean)
        }
    }

    /// Short and long ones are together, always the same.
    @Test func batchesAreMixed() {
        let workload = Workload(ofTexts: Array(1...200), batch: 8)
        #expect(workload == Workload(ofTexts: Array(1...200), batch: 8))
        let passes = workload.lengths ?? []
        #expect(passes.count == 20 && passes.allSatisfy { $0.count == 8 })
        #expect(passes.joined().sorted() == (0..<160).map { (2 * $0 + 1) * 200 / 320 + 1 })
        #expect(passes.allSatisfy { ($0.max() ?? 0) - ($0.min() ?? 0) > 50 })
    }

    /// Every pass has its turn in a round, and what layers take is added up.
    @Test func aRoundHasEveryPassOnce() {
        let lengths = PassRepetition(Workload(lengths: [[3], [5], [40]]), passMs: 1)
        #expect(lengths.warmups == 1 && lengths.passes.map(\.sequences) == [[3], [5], [40]])
        #expect(lengths.samples([1, 2, 6]) == [3] && lengths.layerSamples == 1)
        let long = PassRepetition(Workload(lengths: [[3], [5]]), passMs: 1000)
        #expect(long.warmups == 0 && long.passes.count == 2)
        let fixed = PassRepetition(Workload(tokens: 8), passMs: 1)
        #expect(fixed.passes.count == 3 && fixed.samples([1, 2, 6]) == [1, 2, 6] && fixed.layerSamples == 3)
        let times = EndToEndBenchmark.Times((1...100).map(Double.init) + [1000])
        #expect(times.medianMs == 51 && abs(times.meanMs - 6050.0 / 101) < 1e-9 && times.p95Ms == 96)
    }
}
