import Levels
import Tensors

/// Memory that an encoder's passes over a workload work in: one workspace for all threads, or one for each where there
/// are as many chunks of sequences as threads, as ``Encoder/embed(_:pool:)`` has it.
public final class EncoderPassMemory {
    /// Made-up sequences, in chunks.
    let sequences: [[Int32]]
    let chunks: [Range<Int>]
    let workspaces: [EncoderWorkspace]

    init(_ dimensions: EncoderDimensions, _ workload: Workload, threads: Int) {
        let sequence = [Int32](repeating: 0, count: workload.tokens)
        sequences = [[Int32]](repeating: sequence, count: workload.batch)
        chunks = TokenBatch.chunks(of: sequences, tokens: Encoder.chunkTokens)
        let tokens = workload.tokens * (chunks.map(\.count).max() ?? 0)
        let isShared = chunks.count < threads
        workspaces = (0..<(isShared ? 1 : threads)).map { _ in
            EncoderWorkspace(
                dimensions, tokens: tokens, threads: isShared ? threads : 1, longest: workload.tokens)
        }
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

    /// Runs one pass of a workload on made-up tokens, its sequences shared out as those that are embedded.
    public func pass(_ workload: Workload, _ memory: EncoderPassMemory, pool: ThreadPool, times: LayerTimes?)
    {
        nonisolated(unsafe) let memory = memory
        guard memory.workspaces.count == pool.threads else {
            for chunk in memory.chunks {
                forward(
                    TokenBatch(memory.sequences, firsts: nil, chunk: chunk), workspace: memory.workspaces[0],
                    pool: pool,
                    times: times)
            }
            return
        }
        let alone = ThreadPool()
        pool.run { worker in
            for chunk in pool.share(of: memory.chunks.count, worker: worker) {
                forward(
                    TokenBatch(memory.sequences, firsts: nil, chunk: memory.chunks[chunk]),
                    workspace: memory.workspaces[worker], pool: alone, times: worker == 0 ? times : nil)
            }
        }
    }
}
