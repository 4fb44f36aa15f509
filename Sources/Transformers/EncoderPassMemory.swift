import Levels
import Tensors

/// Memory that an encoder's passes over a workload work in: one workspace for all threads, or one for each where there
/// are as many chunks of sequences as threads, as ``Encoder/embed(_:pool:)`` has it.
public final class EncoderPassMemory {
    /// What one pass computes.
    struct Pass {
        /// Made-up sequences, in chunks.
        let sequences: [[Int32]]
        let chunks: [Range<Int>]

        init(_ lengths: [Int]) {
            sequences = lengths.map { [Int32](repeating: 0, count: $0) }
            chunks = TokenBatch.chunks(of: sequences, tokens: Encoder.chunkTokens)
        }

        func batch(_ chunk: Range<Int>) -> TokenBatch {
            TokenBatch(sequences, firsts: nil, chunk: chunk)
        }

        /// Tokens of the largest chunk.
        var tokens: Int {
            chunks.map { sequences[$0].reduce(0) { $0 + $1.count } }.max() ?? 0
        }

        /// Tokens of the longest sequence.
        var longest: Int { sequences.map(\.count).max() ?? 0 }
    }

    /// The passes of the workload, by the lengths of their sequences.
    let passes: [[Int]: Pass]
    /// For passes of fewer chunks than threads.
    let shared: EncoderWorkspace?
    /// For the others, one for each thread; none where there are no such passes.
    let own: [EncoderWorkspace]

    init(_ dimensions: EncoderDimensions, _ workload: Workload, threads: Int) {
        let lengths = Set(workload.passes.map(\.sequences))
        passes = Dictionary(uniqueKeysWithValues: lengths.map { ($0, Pass($0)) })
        func workspace(_ passes: [Pass], threads: Int) -> EncoderWorkspace {
            EncoderWorkspace(
                dimensions, tokens: passes.map(\.tokens).max() ?? 0, threads: threads,
                longest: passes.map(\.longest).max() ?? 0)
        }
        let few = passes.values.filter { $0.chunks.count < threads }
        let many = passes.values.filter { $0.chunks.count >= threads }
        shared = few.isEmpty ? nil : workspace(few, threads: threads)
        own = many.isEmpty ? [] : (0..<threads).map { _ in workspace(many, threads: 1) }
    }
}

extension Encoder {
    /// Tokens of the sequences that pass the blocks together, unless one alone has more: their activations stay in
    /// the second-level cache.
    static let chunkTokens = 256

    /// Allocates for passes of a workload.
    public func memory(for workload: Workload, threads: Int) -> EncoderPassMemory {
        EncoderPassMemory(dimensions, workload, threads: threads)
    }

    /// Runs the first pass of a workload on made-up tokens, its sequences shared out as those that are embedded.
    public func pass(_ workload: Workload, _ memory: EncoderPassMemory, pool: ThreadPool, times: LayerTimes?)
    {
        guard let pass = memory.passes[workload.sequences] else {
            preconditionFailure("the memory is of another workload")
        }
        nonisolated(unsafe) let memory = memory
        if pass.chunks.count < pool.threads, let shared = memory.shared {
            for chunk in pass.chunks {
                forward(pass.batch(chunk), workspace: shared, pool: pool, times: times)
            }
            return
        }
        let alone = ThreadPool()
        pool.run { worker in
            for chunk in pool.share(of: pass.chunks.count, worker: worker) {
                forward(
                    pass.batch(pass.chunks[chunk]), workspace: memory.own[worker], pool: alone,
                    times: worker == 0 ? times : nil)
            }
        }
    }
}
