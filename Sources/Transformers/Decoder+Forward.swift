import CKernels
import Foundation
import Levels
import Tensors

extension Decoder {
    /// Computes the hidden states of tokens that follow those the state has seen.
    ///
    /// All threads work on each layer together. What a token gets does not depend on how the text is cut
    /// into calls, but for the rounding of attention over one query.
    ///
    /// - Parameters:
    ///   - observer: sees the input of each linear layer, on the calling thread.
    ///   - times: is told how long worker 0 took for each linear layer.
    public func forward(
        _ tokens: some Collection<Int32>, _ state: DecoderState, pool: ThreadPool,
        observer: InputObserver? = nil,
        times: LayerTimes? = nil
    ) {
        var rest = Array(tokens)[...]
        while !rest.isEmpty {
            let part = Array(rest.prefix(state.passTokens))
            rest = rest.dropFirst(part.count)
            if part.count == 1, observer == nil, let blocks = singleTokenBlocks {
                forward(part, on: blocks, [state], pool: pool, times: times)
                continue
            }
            DecoderPass(model: self, state: state, pool: pool, observer: observer, times: times).run(part)
        }
    }

    /// Computes the hidden state of one more token of each of some texts.
    ///
    /// All threads work on each layer together, and fetch its weights once for all texts where it computes single
    /// tokens from 8-bit activations. What a text gets does not depend on the others.
    ///
    /// - Parameter states: as many as tokens, all different.
    public func forward(each tokens: [Int32], _ states: [DecoderState], pool: ThreadPool) {
        precondition(tokens.count == states.count)
        if let blocks = singleTokenBlocks {
            forward(tokens, on: blocks, states, pool: pool, times: nil)
        } else {
            for (token, state) in zip(tokens, states) { forward([token], state, pool: pool) }
        }
    }

    private func forward(
        _ tokens: [Int32], on blocks: [SingleTokenBlock], _ states: [DecoderState], pool: ThreadPool,
        times: LayerTimes?
    ) {
        guard !states.isEmpty else { return }
        for (token, state) in zip(tokens, states) {
            precondition(state.position < state.capacity, "a text holds \(state.capacity) tokens")
            let memory = state.singleToken
            precondition(pool.threads <= memory.parts.count)
            readEmbedding(token, position: state.position, into: memory.embedding.address, stride: 1)
            if let angles = RotaryAngles(configuration) {
                angles.write(
                    position: state.position, memory.cosines.address, memory.sines.address, stride: 1)
            }
        }
        SingleTokenPass(
            blocks: blocks, finalNorm: finalNorm, activation: activation, configuration: configuration,
            texts: states.map(SingleTokenPass.Text.init), pool: pool, times: times
        ).run()
        for state in states {
            state.reshape(tokens: 1)
            let column = state.normed.column(of: 0)
            let normed = state.singleToken.parts[0].normed
            for feature in 0..<configuration.hidden {
                state.normed.address[feature * column.stride] = normed.address[feature]
            }
            state.position += 1
        }
    }

    /// Writes a token's embedding, with that of its position where there is one.
    func readEmbedding(
        _ token: Int32, position: Int, into target: UnsafeMutablePointer<Float>, stride: Int
    ) {
        let hidden = configuration.hidden
        precondition(
            token >= 0 && token < configuration.vocabulary, "token id \(token) is not in the vocabulary")
        // The table was checked when it was opened, and is of numbers: reading it cannot fail.
        let row = (try? embedding.floats(rows: Int(token)..<Int(token) + 1)) ?? []
        for feature in 0..<hidden { target[feature * stride] = row[feature] }
        guard let positions else { return }
        let place = positions.address + position * hidden
        for feature in 0..<hidden { target[feature * stride] += place[feature] }
    }

    /// The logits of the token that follows those the state has seen, one for each of the vocabulary.
    public func nextTokenLogits(_ state: DecoderState, pool: ThreadPool) -> [Float] {
        nextTokenLogits(each: [state], pool: pool)[0]
    }

    /// The logits of the token that follows each of some texts, one for each of the vocabulary.
    ///
    /// - Parameter states: all different.
    public func nextTokenLogits(each states: [DecoderState], pool: ThreadPool) -> [[Float]] {
        if let head = head.singleToken { return nextTokenLogits(states, head, pool: pool) }
        return states.map { state in
            let source = state.normed
            let token = source.tokens - 1
            for feature in 0..<source.features { state.last[feature, 0] = source[feature, token] }
            let (head, last, output) = (head, state.last, state.logits)
            pool.run { worker in
                head.apply(last, into: output, part: worker, of: pool.threads)
            }
            let stride = output.column(of: 0).stride
            return (0..<head.rows).map { output.address[$0 * stride] }
        }
    }

    private func nextTokenLogits(
        _ states: [DecoderState], _ head: any SingleTokenOperator, pool: ThreadPool
    ) -> [[Float]] {
        let memories = states.map(\.singleToken)
        for (state, memory) in zip(states, memories) {
            let (source, last) = (state.normed, memory.embedding.address)
            let column = source.column(of: source.tokens - 1)
            for feature in 0..<source.features {
                last[feature] = source.address[column.offset + feature * column.stride]
            }
            memory.parts[0].quantized.set(last, count: source.features)
        }
        pool.run { worker in
            head.apply(
                memories.map { ($0.parts[0].quantized, $0.logits.address) },
                rows: head.singleTokenRows(ofPart: worker, of: pool.threads))
        }
        return memories.map {
            Array(UnsafeBufferPointer(start: $0.logits.address, count: head.rows))
        }
    }

    /// Memory for passes of a workload.
    public func memory(for workload: Workload, threads: Int) -> DecoderState {
        state(capacity: workload.tokens + 1, passTokens: workload.tokens, threads: threads)
    }

    /// Runs one pass on made-up tokens: a whole sequence and the logits after it, or one token that follows
    /// others. Sequences of a batch come one after the other.
    public func pass(_ workload: Workload, _ memory: DecoderState, pool: ThreadPool, times: LayerTimes?) {
        let count = workload.phase == .prefill ? workload.tokens : 1
        for _ in 0..<workload.batch {
            memory.position = workload.phase == .prefill ? 0 : workload.tokens
            forward(repeatElement(Int32(0), count: count), memory, pool: pool, times: times)
            _ = nextTokenLogits(memory, pool: pool)
        }
    }

    /// Runs over sequences, each by itself, and shows the input of every linear layer.
    public func observeInputs(
        of sequences: [[Int32]], pool: ThreadPool, progress: (Double) -> Void,
        observer: @escaping InputObserver
    ) {
        let longest = sequences.map(\.count).max() ?? 0
        let state = state(capacity: longest, threads: pool.threads)
        for (number, sequence) in sequences.enumerated() {
            progress(Double(number) / Double(sequences.count))
            state.position = 0
            forward(sequence, state, pool: pool, observer: observer)
        }
    }
}

/// One pass through all blocks.
private struct DecoderPass {
    let model: Decoder
    let state: DecoderState
    let pool: ThreadPool
    let observer: Decoder.InputObserver?
    let times: LayerTimes?

    private var configuration: DecoderConfiguration { model.configuration }

    func run(_ tokens: [Int32]) {
        precondition(state.position + tokens.count <= state.capacity, "a text holds \(state.capacity) tokens")
        state.reshape(tokens: tokens.count)
        embed(tokens)
        setAngles()
        normalize(model.blocks[0].attentionNorm, adding: nil)
        for (number, block) in model.blocks.enumerated() {
            apply(block.attentionInputs, to: state.normed, into: state.attentionInputs)
            storeKeysAndValues(number, block.headNorms)
            attend(number)
            apply([block.attentionOutput], to: state.context, into: [state.projected])
            normalize(block.feedForwardNorm, adding: state.projected)
            apply(block.feedForwardInputs, to: state.normed, into: state.feedForwardInputs)
            activate()
            apply([block.feedForwardOutput], to: state.feedForwardInputs[0], into: [state.projected])
            let next =
                number + 1 < model.blocks.count ? model.blocks[number + 1].attentionNorm : model.finalNorm
            normalize(next, adding: state.projected)
        }
        state.position += tokens.count
    }

    private func embed(_ tokens: [Int32]) {
        let (model, hidden, position, pool) = (model, state.hidden, state.position, pool)
        pool.run { worker in
            for token in pool.share(of: tokens.count, worker: worker) {
                let column = hidden.column(of: token)
                model.readEmbedding(
                    tokens[token], position: position + token, into: hidden.address + column.offset,
                    stride: column.stride)
            }
        }
    }

    private func setAngles() {
        guard let angles = RotaryAngles(configuration) else { return }
        let (cosines, sines, position, pool) = (state.cosines, state.sines, state.position, pool)
        pool.run { worker in
            for token in pool.share(of: cosines.tokens, worker: worker) {
                let column = cosines.column(of: token)
                angles.write(
                    position: position + token, cosines.address + column.offset,
                    sines.address + column.offset,
                    stride: column.stride)
            }
        }
    }

    /// hidden ← hidden + added, normed ← norm(hidden).
    private func normalize(_ norm: any Normalization, adding added: PanelMatrix?) {
        let (hidden, normed, pool) = (state.hidden, state.normed, pool)
        pool.run { worker in
            let strips = pool.share(of: hidden.strips, worker: worker)
            if let added {
                InstructionSet.best.languageKernels.pointee.add(
                    added.address, hidden.address, hidden.features, hidden.tokens, strips.lowerBound,
                    strips.upperBound)
            }
            norm.apply(hidden, into: normed, strips: strips)
        }
    }

    private func apply(_ linears: [NamedLinear], to input: PanelMatrix, into outputs: [PanelMatrix]) {
        observer?(linears.map(\.name), input)
        let (times, pool) = (times, pool)
        pool.run { worker in
            for (linear, output) in zip(linears, outputs) {
                LayerTimes.measure(times, worker, linear.name, "", "") {
                    linear.operation.apply(input, into: output, part: worker, of: pool.threads)
                }
            }
        }
    }

    /// Where queries, keys and values start: the matrix and its first feature.
    private var attentionInputs:
        (query: (PanelMatrix, Int), key: (PanelMatrix, Int), value: (PanelMatrix, Int))
    {
        let inputs = state.attentionInputs
        guard inputs.count == 1 else { return ((inputs[0], 0), (inputs[1], 0), (inputs[2], 0)) }
        let query = configuration.heads * configuration.headSize
        let keyValue = configuration.keyValueHeads * configuration.headSize
        return ((inputs[0], 0), (inputs[0], query), (inputs[0], query + keyValue))
    }

    /// Normalizes and rotates queries and keys, and appends keys and values to the cache.
    private func storeKeysAndValues(_ block: Int, _ norms: Decoder.HeadNorms?) {
        let (heads, keyValueHeads, size) = (
            configuration.heads, configuration.keyValueHeads, configuration.headSize
        )
        let (query, key, value) = attentionInputs
        let (stride, position, cosines, sines) = (
            state.cache.stride, state.position, state.cosines, state.sines
        )
        let rotates = configuration.rotates(block: block)
        @Sendable func rotate(_ matrix: PanelMatrix, _ first: Int) {
            guard rotates else { return }
            InstructionSet.best.languageKernels.pointee.rotate(
                matrix.address, matrix.features, first, size, matrix.tokens, cosines.address, sines.address)
        }
        @Sendable func store(_ matrix: PanelMatrix, _ first: Int, _ rows: UnsafeMutablePointer<Float>) {
            InstructionSet.best.languageKernels.pointee.store_rows(
                matrix.address, matrix.features, first, size, matrix.tokens, rows + position * stride, stride)
        }
        let (unchecked, pool) = (UncheckedCache(state.cache), pool)
        pool.run { worker in
            for item in Swift.stride(from: worker, to: heads + 2 * keyValueHeads, by: pool.threads) {
                if item < heads {
                    norms?.query.apply(toHead: query.1 + item * size, of: query.0)
                    rotate(query.0, query.1 + item * size)
                } else if item < heads + keyValueHeads {
                    let head = item - heads
                    norms?.key.apply(toHead: key.1 + head * size, of: key.0)
                    rotate(key.0, key.1 + head * size)
                    store(key.0, key.1 + head * size, unchecked.cache.keys(block: block, head: head))
                } else {
                    let head = item - heads - keyValueHeads
                    store(value.0, value.1 + head * size, unchecked.cache.values(block: block, head: head))
                }
            }
        }
    }

    private func attend(_ block: Int) {
        let (heads, size) = (configuration.heads, configuration.headSize)
        let group = heads / configuration.keyValueHeads
        let (query, first) = attentionInputs.query
        let (context, scratch, position) = (state.context, state.scratch, state.position)
        let tiles = (query.strips + Int(SECATEUR_QUERY_STRIPS) - 1) / Int(SECATEUR_QUERY_STRIPS)
        let (unchecked, pool) = (UncheckedCache(state.cache), pool)
        let scale = 1 / Float(size).squareRoot()
        pool.run { worker in
            // Later queries see more keys: the tiles are dealt out in turn.
            for item in stride(from: worker, to: tiles * heads, by: pool.threads) {
                let (tile, head) = (item / heads, item % heads)
                var cached = secateur_head(
                    keys: unchecked.cache.keys(block: block, head: head / group),
                    values: unchecked.cache.values(block: block, head: head / group),
                    stride: unchecked.cache.stride, dimensions: size, scale: scale)
                let kernels = InstructionSet.best.languageKernels
                if query.tokens == 1 {
                    kernels.pointee.attend_one(
                        &cached, query.address, first + head * size, context.address, head * size, position,
                        scratch[worker].address)
                } else {
                    let strips = tile * Int(SECATEUR_QUERY_STRIPS)
                    kernels.pointee.attend(
                        &cached, query.address, query.features, first + head * size, context.address,
                        context.features, head * size, position, query.tokens, strips,
                        min(strips + Int(SECATEUR_QUERY_STRIPS), query.strips), scratch[worker].address)
                }
            }
        }
    }

    private func activate() {
        let inputs = state.feedForwardInputs
        let (gate, pool, activation) = (inputs[0], pool, model.activation)
        pool.run { worker in
            let kernels = InstructionSet.best.languageKernels
            let rows = pool.share(of: gate.features, worker: worker)
            switch activation {
            case .gatedSiLU:
                kernels.pointee.silu_multiply(
                    gate.address, inputs[1].address, gate.features, gate.tokens, rows.lowerBound,
                    rows.upperBound)
            case .gelu:
                kernels.pointee.gelu_tanh(
                    gate.address, gate.features, gate.tokens, rows.lowerBound, rows.upperBound)
            }
        }
    }
}
