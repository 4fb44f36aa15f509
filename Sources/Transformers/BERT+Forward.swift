import CKernels
import Tensors

/// Memory that one forward pass works in, kept between passes so that none allocates.
public final class BERTWorkspace {
    fileprivate let hidden: PanelMatrix
    fileprivate let query: PanelMatrix
    fileprivate let key: PanelMatrix
    fileprivate let value: PanelMatrix
    fileprivate let context: PanelMatrix
    fileprivate let projected: PanelMatrix
    fileprivate let intermediate: PanelMatrix
    fileprivate let scratch: [AlignedScratch]
    /// The most tokens of one pass.
    public let tokens: Int

    /// Allocates for passes of at most `tokens` tokens on `threads` threads.
    public init(_ dimensions: BERT.Dimensions, tokens: Int, threads: Int, longest: Int) {
        self.tokens = tokens
        func states(_ features: Int) -> PanelMatrix { PanelMatrix(features: features, tokens: tokens) }
        hidden = states(dimensions.hidden)
        query = states(dimensions.hidden)
        key = states(dimensions.hidden)
        value = states(dimensions.hidden)
        context = states(dimensions.hidden)
        projected = states(dimensions.hidden)
        intermediate = states(dimensions.intermediate)
        let floats = secateur_attention_scratch(longest, dimensions.hidden / dimensions.heads)
        scratch = (0..<threads).map { _ in AlignedScratch(count: floats) }
    }

    fileprivate func reshape(tokens: Int) {
        for states in [hidden, query, key, value, context, projected, intermediate] {
            precondition(states.reshape(tokens: tokens), "the workspace holds \(self.tokens) tokens")
        }
    }
}

extension BERT {

    /// Embeds sequences of token ids: [sequences × hidden], each row of length 1.
    ///
    /// Several sequences are shared out among the threads in chunks; one sequence is computed by all
    /// threads together. The result of a sequence does not depend on which others there are, nor on the
    /// number of threads.
    public func embed(_ sequences: [[Int32]], pool: ThreadPool) -> Matrix {
        let chunks = TokenBatch.chunks(of: sequences, tokens: 256)
        let output = AlignedRows(rows: sequences.count, columns: dimensions.hidden)
        if chunks.count < pool.threads {
            for chunk in chunks { embed(sequences, chunk, into: output, pool: pool) }
        } else {
            let alone = ThreadPool(threads: 1)
            pool.forEach(count: chunks.count) { index in
                embed(sequences, chunks[index], into: output, pool: alone)
            }
        }
        return output.matrix
    }

    private func embed(
        _ sequences: [[Int32]], _ chunk: Range<Int>, into output: AlignedRows, pool: ThreadPool
    ) {
        let batch = TokenBatch(sequences[chunk])
        let workspace = BERTWorkspace(
            dimensions, tokens: batch.tokens, threads: pool.threads,
            longest: sequences[chunk].map(\.count).max() ?? 0)
        forward(batch, workspace: workspace, pool: pool)
        output.writeMeans(of: workspace.hidden, batch: batch, firstRow: chunk.lowerBound)
    }

    /// Runs the encoder over a batch; the hidden states stay in the workspace.
    ///
    /// - Parameters:
    ///   - observer: called before each linear layer, on the calling thread.
    ///   - times: is told how long worker 0 took for each linear layer, and for each other operation.
    public func forward(
        _ batch: TokenBatch, workspace: BERTWorkspace, pool: ThreadPool, observer: InputObserver? = nil,
        times: LayerTimes? = nil
    ) {
        guard batch.tokens > 0 else { return }
        workspace.reshape(tokens: batch.tokens)
        LayerTimes.measure(times, 0, "", "", "embeddings") {
            embeddings.apply(batch, into: workspace.hidden, pool: pool)
        }
        for (index, layer) in layers.enumerated() {
            attend(layer, index, batch, workspace, pool, observer, times)
            feedForward(layer, index, workspace, pool, observer, times)
        }
    }

    private func attend(
        _ layer: Layer, _ index: Int, _ batch: TokenBatch, _ workspace: BERTWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
        let kernels = InstructionSet.best
        let prefix = "encoder.layer.\(index).attention"
        let (hidden, query, key, value) = (workspace.hidden, workspace.query, workspace.key, workspace.value)
        let (context, projected) = (workspace.context, workspace.projected)
        let scratch = workspace.scratch
        observer?(["query", "key", "value"].map { "\(prefix).self.\($0)" }, hidden)
        pool.run { worker in
            let products = [
                (layer.query, query, "query"), (layer.key, key, "key"), (layer.value, value, "value"),
            ]
            for (linear, output, name) in products {
                LayerTimes.measure(times, worker, prefix, ".self.", name) {
                    linear.apply(hidden, into: output, part: worker, of: pool.threads)
                }
            }
        }
        let heads = dimensions.heads
        let size = dimensions.hidden / heads
        let scale = 1 / Float(size).squareRoot()
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".self.", "attention") {
                for item in pool.share(of: batch.count * heads, worker: worker) {
                    let tokens = batch.range(item / heads)
                    guard !tokens.isEmpty else { continue }
                    var attention = secateur_attention(
                        q: query.address, k: key.address, v: value.address, context: context.address,
                        features: hidden.features, tokens: hidden.tokens, first: item % heads * size,
                        dimensions: size, offset: tokens.lowerBound, length: tokens.count, scale: scale,
                        scratch: scratch[worker].address)
                    kernels.kernels.pointee.attention(&attention)
                }
            }
        }
        observer?(["\(prefix).output.dense"], context)
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".output.", "dense") {
                layer.attentionOutput.apply(context, into: projected, part: worker, of: pool.threads)
            }
        }
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".output.", "LayerNorm") {
                layer.attentionNorm.apply(
                    projected, residual: hidden, into: hidden,
                    strips: pool.share(of: hidden.strips, worker: worker))
            }
        }
    }

    private func feedForward(
        _ layer: Layer, _ index: Int, _ workspace: BERTWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
        let kernels = InstructionSet.best
        let prefix = "encoder.layer.\(index)"
        let (hidden, intermediate, projected) = (
            workspace.hidden, workspace.intermediate, workspace.projected
        )
        observer?(["\(prefix).intermediate.dense"], hidden)
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".intermediate.", "dense") {
                layer.intermediate.apply(hidden, into: intermediate, part: worker, of: pool.threads)
            }
            let rows = layer.intermediate.rows(ofPart: worker, of: pool.threads)
            LayerTimes.measure(times, worker, prefix, ".intermediate.", "gelu") {
                kernels.kernels.pointee.gelu(
                    intermediate.address, intermediate.features, intermediate.tokens, rows.lowerBound,
                    rows.upperBound)
            }
        }
        observer?(["\(prefix).output.dense"], intermediate)
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".output.", "dense") {
                layer.output.apply(intermediate, into: projected, part: worker, of: pool.threads)
            }
        }
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".output.", "LayerNorm") {
                layer.outputNorm.apply(
                    projected, residual: hidden, into: hidden,
                    strips: pool.share(of: hidden.strips, worker: worker))
            }
        }
    }
}

/// Rows that workers fill in, each its own.
private final class AlignedRows: @unchecked Sendable {
    // Unchecked: a chunk of sequences, and so its rows, belongs to one worker.
    private let rows: Int
    private let columns: Int
    private let memory: UnsafeMutablePointer<Float>

    init(rows: Int, columns: Int) {
        self.rows = rows
        self.columns = columns
        memory = .allocate(capacity: max(rows * columns, 1))
        memory.initialize(repeating: 0, count: rows * columns)
    }

    deinit {
        memory.deallocate()
    }

    /// Writes the mean over each sequence's tokens, scaled to length 1.
    func writeMeans(of states: PanelMatrix, batch: TokenBatch, firstRow: Int) {
        for sequence in 0..<batch.count {
            let out = memory + (firstRow + sequence) * columns
            for token in batch.range(sequence) {
                let column = states.column(of: token)
                let source = states.address + column.offset
                for feature in 0..<columns { out[feature] += source[feature * column.stride] }
            }
            var squares: Double = 0
            for feature in 0..<columns { squares += Double(out[feature]) * Double(out[feature]) }
            let scale = Float(1 / max(squares.squareRoot(), 1e-12))
            for feature in 0..<columns { out[feature] *= scale }
        }
    }

    var matrix: Matrix {
        Matrix(
            rows: rows, columns: columns,
            elements: Array(UnsafeBufferPointer(start: memory, count: rows * columns)))
    }
}
