import CKernels
import Tensors

/// Memory that one forward pass works in, kept between passes so that none allocates.
public final class BERTWorkspace {
    /// The hidden states [hidden × tokens] that a pass leaves.
    public let hidden: PanelMatrix
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
        let floats = secateur_attention_scratch(longest, dimensions.headSize)
        scratch = (0..<threads).map { _ in AlignedScratch(count: floats) }
    }

    fileprivate func reshape(tokens: Int) {
        for states in [hidden, projected] {
            precondition(states.reshape(tokens: tokens), "the workspace holds \(self.tokens) tokens")
        }
    }

    /// As wide as a block's own layers are.
    fileprivate func reshape(for layer: BERT.Layer) {
        for states in [query, key, value, context] { reshape(states, features: layer.query.rows) }
        reshape(intermediate, features: layer.intermediate.rows)
    }

    private func reshape(_ states: PanelMatrix, features: Int) {
        precondition(
            states.reshape(features: features, tokens: hidden.tokens),
            "the workspace is of a model with narrower blocks")
    }
}

extension BERT {
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
            embeddings.apply(
                batch, into: workspace.hidden, instructionSet: instructionSet, pool: pool)
        }
        for (index, layer) in layers.enumerated() {
            workspace.reshape(for: layer)
            attend(layer, index, batch, workspace, pool, observer, times)
            feedForward(layer, index, workspace, pool, observer, times)
        }
    }

    private func attend(
        _ layer: Layer, _ index: Int, _ batch: TokenBatch, _ workspace: BERTWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
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
        let heads = layer.heads
        let size = dimensions.headSize
        let scale = 1 / Float(size).squareRoot()
        pool.run { worker in
            LayerTimes.measure(times, worker, prefix, ".self.", "attention") {
                for item in pool.share(of: batch.count * heads, worker: worker) {
                    let tokens = batch.range(item / heads)
                    guard !tokens.isEmpty else { continue }
                    var attention = secateur_attention(
                        q: query.address, k: key.address, v: value.address, context: context.address,
                        features: query.features, tokens: query.tokens, first: item % heads * size,
                        dimensions: size, offset: tokens.lowerBound, length: tokens.count, scale: scale,
                        scratch: scratch[worker].address)
                    instructionSet.kernels.pointee.attention(&attention)
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
                    strips: pool.share(of: hidden.strips, worker: worker), instructionSet: instructionSet)
            }
        }
    }

    private func feedForward(
        _ layer: Layer, _ index: Int, _ workspace: BERTWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
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
                instructionSet.kernels.pointee.gelu(
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
                    strips: pool.share(of: hidden.strips, worker: worker), instructionSet: instructionSet)
            }
        }
    }
}
