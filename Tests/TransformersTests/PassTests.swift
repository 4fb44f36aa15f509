import Levels
import Tensors
import Testing

@testable import Transformers

/// Passes on made-up tokens, as latencies are measured of.
@Suite struct PassTests {
    /// One memory serves all passes of a workload, of few and of many chunks, and each computes its own lengths.
    @Test(arguments: [1, 2]) func eachPassHasItsLengths(threads: Int) throws {
        let pool = try ThreadPool(threads: threads)
        let lengths = [[3], [60, 1, 12], [2, 9], [80, 80, 80, 70, 8, 80, 80]]
        try RandomBERT(seed: 4).inFolder { folder in
            let encoder = try Encoder(folder: folder)
            let workload = Workload(lengths: lengths)
            let memory = encoder.memory(for: workload, threads: threads)
            for (pass, lengths) in zip(workload.passes, lengths) {
                let times = LayerTimes()
                encoder.pass(pass, memory, pool: pool, times: times)
                let sequences = lengths.map { [Int32](repeating: 0, count: $0) }
                let chunks = TokenBatch.chunks(of: sequences, tokens: Encoder.chunkTokens)
                let calls = times.milliseconds["encoder.layer.0.attention.self.query"]?.count
                // Worker 0 has its share where there are as many chunks as threads.
                let own = pool.share(of: chunks.count, worker: 0).count
                let share = chunks.count < threads ? chunks.count : own
                #expect(calls == share, "\(lengths) on \(threads)")
            }
            #expect(memory.passes.values.map(\.tokens).max() == 240)
        }
    }

    @Test func timesOfPassesAreAddedUp() throws {
        let pool = try ThreadPool(threads: 1)
        try RandomBERT(seed: 4).inFolder { folder in
            let encoder = try Encoder(folder: folder)
            let workload = Workload(tokens: 80, batch: 9)
            let memory = encoder.memory(for: workload, threads: 1)
            let (times, sums) = (LayerTimes(), LayerTimes())
            for _ in 0..<2 { encoder.pass(workload, memory, pool: pool, times: times) }
            sums.append(times, over: 2)
            let layer = "encoder.layer.0.output.dense"
            let calls = try #require(times.milliseconds[layer])
            #expect(calls.count == 6)
            #expect(sums.milliseconds[layer] == [calls.reduce(0, +) / 2])
            #expect(sums.milliseconds.keys == times.milliseconds.keys)
        }
    }
}
