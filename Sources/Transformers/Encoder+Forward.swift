import CKernels
import Tensors

/// Memory that one forward pass works in, kept between passes so that none allocates.
public final class EncoderWorkspace {
    /// The hidden states [hidden × tokens] that a pass leaves.
    public let hidden: PanelMatrix
    fileprivate let query: PanelMatrix
    fileprivate let key: PanelMatrix
    fileprivate let value: PanelMatrix
    fileprivate let context: PanelMatrix
    fileprivate let projected: PanelMatrix
    fileprivate let intermediate: PanelMatrix
    /// The input of the layers at hand, for those that round it.
    fileprivate let inputs: RoundedInputs
    fileprivate let scratch: [AlignedScratch]
    /// The most tokens of one pass.
    public let tokens: Int

    /// Allocates for passes of at most `tokens` tokens on `threads` threads.
    public init(_ dimensions: EncoderDimensions, tokens: Int, threads: Int, longest: Int) {
        self.tokens = tokens
        func states(_ features: Int) -> PanelMatrix { PanelMatrix(features: features, tokens: tokens) }
        hidden = states(dimensions.hidden)
        query = states(dimensions.hidden)
        key = states(dimensions.hidden)
        value = states(dimensions.hidden)
        context = states(dimensions.hidden)
        projected = states(dimensions.hidden)
        intermediate = states(dimensions.intermediate)
        inputs = RoundedInputs(
            features: max(dimensions.hidden, dimensions.intermediate), tokens: tokens, workers: threads)
        let floats = max(
            secateur_attention_scratch(longest, dimensions.headSize),
            secateur_int8_attention_scratch(longest, dimensions.headSize))
        scratch = (0..<threads).map { _ in AlignedScratch(count: floats) }
    }

    fileprivate func reshape(tokens: Int) {
        for states in [hidden, projected] {
            precondition(states.reshape(tokens: tokens), "the workspace holds \(self.tokens) tokens")
        }
    }

    /// As wide as a block's own layers are.
    fileprivate func reshape(for block: Encoder.Block) {
        for states in [query, key, value, context] { reshape(states, features: block.query.operation.rows) }
        reshape(intermediate, features: block.up.operation.rows)
    }

    /// As large as the input of layers.
    fileprivate func reshapeInputs(for input: PanelMatrix) {
        precondition(
            inputs.reshape(features: input.features, tokens: input.tokens),
            "the workspace is of a model with narrower blocks")
    }

    private func reshape(_ states: PanelMatrix, features: Int) {
        precondition(
            states.reshape(features: features, tokens: hidden.tokens),
            "the workspace is of a model with narrower blocks")
    }
}

extension Encoder {
    /// Runs the encoder over a batch; the hidden states stay in the workspace.
    ///
    /// - Parameters:
    ///   - observer: called before each linear layer, on the calling thread.
    ///   - times: is told how long worker 0 took for each linear layer, and for each other operation.
    public func forward(
        _ batch: TokenBatch, workspace: EncoderWorkspace, pool: ThreadPool, observer: InputObserver? = nil,
        times: LayerTimes? = nil
    ) {
        guard batch.tokens > 0 else { return }
        workspace.reshape(tokens: batch.tokens)
        LayerTimes.measure(times, 0, "", "", "embeddings") {
            embeddings.apply(
                batch, into: workspace.hidden, instructionSet: instructionSet, pool: pool)
        }
        for block in blocks {
            workspace.reshape(for: block)
            attend(block, batch, workspace, pool, observer, times)
            feedForward(block, workspace, pool, observer, times)
        }
    }

    private func attend(
        _ block: Block, _ batch: TokenBatch, _ workspace: EncoderWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
        if !block.attentionOutput.operation.isConstant || observer != nil {
            contexts(block, batch, workspace, pool, observer, times)
        }
        observer?([block.attentionOutput.name], workspace.context)
        apply(
            [(block.attentionOutput, workspace.projected)], workspace.context, block, workspace, pool, times)
        normalize(block.attentionNorm, block, ".attention.", workspace, pool, times)
    }

    /// Queries, keys and values, and the heads' contexts.
    private func contexts(
        _ block: Block, _ batch: TokenBatch, _ workspace: EncoderWorkspace, _ pool: ThreadPool,
        _ observer: InputObserver?, _ times: LayerTimes?
    ) {
        let (hidden, query, key, value) = (workspace.hidden, workspace.query, workspace.key, workspace.value)
        let (context, scratch) = (workspace.context, workspace.scratch)
        observer?([block.query, block.key, block.value].map(\.name), hidden)
        apply(
            [(block.query, query), (block.key, key), (block.value, value)], hidden, block, workspace, pool,
            times)
        let heads = block.query.operation.rows / dimensions.headSize
        // What 8 bits made of queries, keys and values is worth no more than 8 bits.
        let isInteger = [block.query, block.key, block.value].allSatisfy { $0.operation.bytes != nil }
        let attend =
            isInteger
            ? instructionSet.int8Kernels.pointee.attention : instructionSet.kernels.pointee.attention
        let size = dimensions.headSize
        let scale = 1 / Float(size).squareRoot()
        pool.run { worker in
            LayerTimes.measure(times, worker, block.attentionOutput.name, ".", "attention") {
                for item in pool.share(of: batch.count * heads, worker: worker) {
                    let tokens = batch.range(item / heads)
                    guard !tokens.isEmpty else { continue }
                    var attention = secateur_attention(
                        q: query.address, k: key.address, v: value.address, context: context.address,
                        features: query.features, tokens: query.tokens, first: item % heads * size,
                        dimensions: size, offset: tokens.lowerBound, length: tokens.count, scale: scale,
                        scratch: scratch[worker].address)
                    attend?(&attention)
                }
            }
        }
    }

    private func feedForward(
        _ block: Block, _ workspace: EncoderWorkspace, _ pool: ThreadPool, _ observer: InputObserver?,
        _ times: LayerTimes?
    ) {
        let (intermediate, projected) = (workspace.intermediate, workspace.projected)
        if !block.down.operation.isConstant || observer != nil {
            neurons(block, workspace, pool, observer, times)
        }
        observer?([block.down.name], intermediate)
        apply(
            [(block.down, projected)], intermediate, block, workspace, pool, times,
            maximaAreKnown: dimensions.activation == .gelu && block.up.operation.bytes != nil)
        normalize(block.feedForwardNorm, block, ".output.", workspace, pool, times)
    }

    /// What the neurons of a feed-forward network give.
    private func neurons(
        _ block: Block, _ workspace: EncoderWorkspace, _ pool: ThreadPool, _ observer: InputObserver?,
        _ times: LayerTimes?
    ) {
        let (hidden, intermediate) = (workspace.hidden, workspace.intermediate)
        observer?([block.up.name], hidden)
        let isFused = dimensions.activation == .gelu && block.up.operation.rounded != nil
        apply(
            [(block.up, intermediate)], hidden, block, workspace, pool, times,
            appliesGELU: dimensions.activation == .gelu)
        if !isFused {
            let activate =
                switch dimensions.activation {
                case .gelu: instructionSet.kernels.pointee.gelu
                case .tanhGELU: instructionSet.languageKernels.pointee.gelu_tanh
                case .relu: instructionSet.kernels.pointee.relu
                }
            pool.run { worker in
                let rows = block.up.operation.rows(ofPart: worker, of: pool.threads)
                LayerTimes.measure(times, worker, block.up.name, ".", "gelu") {
                    activate?(
                        intermediate.address, intermediate.features, intermediate.tokens, rows.lowerBound,
                        rows.upperBound)
                }
            }
        }
    }

    /// Applies layers that share an input, which is rounded first to what any of them computes from.
    ///
    /// - Parameters:
    ///   - appliesGELU: whether those that round apply GELU, and those in whole numbers note the maxima of what
    ///     they write.
    ///   - maximaAreKnown: whether the input was written so.
    private func apply(
        _ layers: [(linear: NamedLinear, output: PanelMatrix)], _ input: PanelMatrix, _ block: Block,
        _ workspace: EncoderWorkspace, _ pool: ThreadPool, _ times: LayerTimes?, appliesGELU: Bool = false,
        maximaAreKnown: Bool = false
    ) {
        let inputs = workspace.inputs
        let forms = RoundedInputs.Form.allCases.filter { form in
            layers.contains { $0.linear.operation.rounded?.form == form }
        }
        if !forms.isEmpty { workspace.reshapeInputs(for: input) }
        pool.run { worker in
            if !forms.isEmpty {
                LayerTimes.measure(times, worker, layers[0].linear.name, ".", "rounding") {
                    for form in forms {
                        inputs.round(
                            input, to: form, worker: worker, pool: pool, maximaAreKnown: maximaAreKnown)
                    }
                    pool.barrier()
                }
            }
            let maxima = appliesGELU && forms.contains(.bytes) ? inputs.bytes.maxima(of: worker) : nil
            if maxima != nil { inputs.bytes.clearMaxima(of: worker) }
            for (linear, output) in layers {
                LayerTimes.measure(times, worker, linear.name, "", "") {
                    guard let operation = linear.operation.rounded else {
                        return linear.operation.apply(input, into: output, part: worker, of: pool.threads)
                    }
                    operation.apply(
                        inputs, into: output, epilogue: .init(appliesGELU: appliesGELU, maxima: maxima),
                        part: worker, of: pool.threads)
                }
            }
        }
    }

    /// hidden ← norm(projected + hidden)
    private func normalize(
        _ norm: LayerNorm, _ block: Block, _ place: String, _ workspace: EncoderWorkspace, _ pool: ThreadPool,
        _ times: LayerTimes?
    ) {
        let (hidden, projected) = (workspace.hidden, workspace.projected)
        pool.run { worker in
            LayerTimes.measure(times, worker, block.name, place, "LayerNorm") {
                norm.apply(
                    projected, residual: hidden, into: hidden,
                    strips: pool.share(of: hidden.strips, worker: worker), instructionSet: instructionSet)
            }
        }
    }
}
