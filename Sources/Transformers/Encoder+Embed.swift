import Tensors

extension Encoder {
    /// Embeds sequences of token ids by ``sentences``: [sequences × features].
    ///
    /// Several sequences are shared out among the threads in chunks; one sequence is computed by all
    /// threads together. The result of a sequence does not depend on which others there are, nor on the
    /// number of threads.
    public func embed(_ sequences: [[Int32]], pool: ThreadPool) -> Matrix {
        let output = SharedRows(rows: sequences.count, columns: sentences.width(hidden: dimensions.hidden))
        forEachChunk(of: sequences, pool: pool) { chunk, batch, hidden in
            output.writeEmbeddings(of: hidden, batch: batch, by: sentences, firstRow: chunk.lowerBound)
        }
        return output.matrix
    }

    /// The hidden states [tokens × hidden] of each sequence.
    public func hiddenStates(of sequences: [[Int32]], pool: ThreadPool) -> [Matrix] {
        let outputs = sequences.map { SharedRows(rows: $0.count, columns: dimensions.hidden) }
        forEachChunk(of: sequences, pool: pool) { chunk, batch, hidden in
            for (index, sequence) in chunk.enumerated() {
                outputs[sequence].write(columnsOf: hidden, batch.range(index))
            }
        }
        return outputs.map(\.matrix)
    }

    /// Runs over sequences in chunks and hands out the hidden states [hidden × tokens] of each, on whichever
    /// thread computed them.
    ///
    /// - Parameter firsts: for pairs of sentences, how many tokens of each sequence are of its first one.
    func forEachChunk(
        of sequences: [[Int32]], firsts: [Int]? = nil, pool: ThreadPool,
        _ body: @Sendable (_ chunk: Range<Int>, _ batch: TokenBatch, _ hidden: PanelMatrix) -> Void
    ) {
        let chunks = TokenBatch.chunks(of: sequences, tokens: Self.chunkTokens)
        @Sendable func run(_ chunk: Range<Int>, _ pool: ThreadPool) {
            let batch = TokenBatch(sequences, firsts: firsts, chunk: chunk)
            let workspace = EncoderWorkspace(
                dimensions, tokens: batch.tokens, threads: pool.threads,
                longest: sequences[chunk].map(\.count).max() ?? 0)
            forward(batch, workspace: workspace, pool: pool)
            body(chunk, batch, workspace.hidden)
        }
        if chunks.count < pool.threads {
            for chunk in chunks { run(chunk, pool) }
        } else {
            let alone = ThreadPool()
            pool.forEach(count: chunks.count) { run(chunks[$0], alone) }
        }
    }
}
