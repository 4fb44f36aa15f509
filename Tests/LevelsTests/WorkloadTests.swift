import Foundation
import Levels
import Testing

@Suite struct WorkloadTests {
    @Test func choicesAreReadAsTheyAreWritten() {
        for (text, choice) in [
            ("128x1", WorkloadChoice.fixed(tokens: 128, batch: 1)), ("16x32", .fixed(tokens: 16, batch: 32)),
            ("data", .data(batch: 1)), ("datax8", .data(batch: 8)),
        ] {
            #expect(WorkloadChoice(text) == choice && choice.description == text)
        }
        for wrong in ["", "128", "x", "128x", "0x1", "128x0", "8193x1", "1x4097", "data8", "datax", "1x2x3"] {
            #expect(WorkloadChoice(wrong) == nil, "\(wrong)")
        }
    }

    @Test func passesOfLengths() throws {
        let workload = Workload(lengths: [[4, 10], [7, 20]])
        #expect(workload.tokens == 10 && workload.batch == 2)
        #expect(workload.passes.map(\.sequences) == [[4, 10], [7, 20]])
        let fixed = Workload(tokens: 5, batch: 3)
        #expect(fixed.passes == [fixed] && fixed.sequences == [5, 5, 5])
        #expect("\(Workload(tokens: 1)), \(fixed)" == "1 token, 3 sequences of 5 tokens")
        #expect("\(workload)" == "texts of 10 tokens on average, 2 at a time")
        let read = try JSONDecoder().decode(Workload.self, from: JSONEncoder().encode(workload))
        #expect(read == workload)
    }

    /// Those of earlier versions have no lengths.
    @Test func workloadsOfEarlierVersionsAreRead() throws {
        let stored = Data(#"{"phase":"prefill","tokens":64,"batch":2}"#.utf8)
        #expect(try JSONDecoder().decode(Workload.self, from: stored) == Workload(tokens: 64, batch: 2))
    }
}
