import CKernels
import Tensors

/// Memory that passes of one token work in. Features are side by side.
final class SingleTokenMemory: @unchecked Sendable {
    // Unchecked: a worker writes to its own part and its own rows, and reads others' after a barrier.

    /// What one worker has to itself. What is cheap is computed by every worker, instead of waiting for one.
    final class Part {
        let hidden: AlignedScratch
        let normed: AlignedScratch
        let queries: AlignedScratch
        let context: AlignedScratch
        let quantized: QuantizedVector
        /// Of the keys that fall to the worker, for every head: the largest score, the sum of exponentials,
        /// and the weighted sum of values [heads][stride].
        let tops: AlignedScratch
        let totals: AlignedScratch
        let weighted: AlignedScratch

        init(_ configuration: DecoderConfiguration, inner: Int, stride: Int) {
            let attended = configuration.heads * configuration.headSize
            hidden = AlignedScratch(count: configuration.hidden)
            normed = AlignedScratch(count: configuration.hidden)
            queries = AlignedScratch(count: attended)
            context = AlignedScratch(count: attended)
            quantized = QuantizedVector(capacity: max(configuration.hidden, attended, inner))
            tops = AlignedScratch(count: configuration.heads)
            totals = AlignedScratch(count: configuration.heads)
            weighted = AlignedScratch(count: configuration.heads * stride)
        }
    }

    let parts: [Part]
    /// The token's embedding.
    let embedding: AlignedScratch
    /// Queries, keys and values, one after the other.
    let attentionInputs: AlignedScratch
    let projected: AlignedScratch
    /// Gate and values, or values alone, each filled up to whole vectors.
    let feedForwardInputs: [AlignedScratch]
    let cosines: AlignedScratch
    let sines: AlignedScratch
    let logits: AlignedScratch

    init(_ model: Decoder, stride: Int, threads: Int) {
        let configuration = model.configuration
        let block = model.blocks[0]
        let inner = block.feedForwardOutput.operation.columns
        parts = (0..<threads).map { _ in Part(configuration, inner: inner, stride: stride) }
        embedding = AlignedScratch(count: configuration.hidden)
        attentionInputs = AlignedScratch(count: block.attentionInputs.reduce(0) { $0 + $1.operation.rows })
        projected = AlignedScratch(count: configuration.hidden)
        feedForwardInputs = block.feedForwardInputs.map {
            AlignedScratch(count: ($0.operation.rows + 15) / 16 * 16)
        }
        cosines = AlignedScratch(count: configuration.headSize / 2)
        sines = AlignedScratch(count: configuration.headSize / 2)
        logits = AlignedScratch(count: model.head.rows)
    }
}
