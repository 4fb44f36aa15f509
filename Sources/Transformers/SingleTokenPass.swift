import CKernels
import Foundation
import Tensors

/// A pass of one token of each of some texts through all blocks, on 8-bit weights and activations.
///
/// All workers go through it together, from barrier to barrier: each computes its rows of every product, its
/// share of the keys of every head, and for itself what is too little to share. Texts have nothing to do with
/// each other but that weights are fetched once for all of them: what one gets does not depend on the others.
struct SingleTokenPass: Sendable {
    /// A text that gets one more token.
    struct Text: Sendable {
        let memory: SingleTokenMemory
        let cache: UncheckedCache
        /// Scratch of each worker for attention.
        let scratch: [AlignedScratch]
        let position: Int

        init(_ state: DecoderState) {
            (memory, cache) = (state.singleToken, UncheckedCache(state.cache))
            (scratch, position) = (state.scratch, state.position)
        }
    }

    let blocks: [SingleTokenBlock]
    let finalNorm: any Normalization
    let activation: DecoderDescription.Activation
    let configuration: DecoderConfiguration
    let texts: [Text]
    let pool: ThreadPool
    let times: LayerTimes?

    private var kernels: UnsafePointer<secateur_language_kernels> { InstructionSet.best.languageKernels }

    /// From the embedding in each text's memory to the normalized hidden state of each worker.
    func run() {
        pool.run { worker in
            for text in texts {
                text.memory.parts[worker].hidden.address.update(
                    from: text.memory.embedding.address, count: configuration.hidden)
            }
            for (number, block) in blocks.enumerated() {
                attend(block, number, worker)
                feedForward(block, worker)
            }
            for part in parts(of: worker) {
                finalNorm.apply(one: part.hidden.address, into: part.normed.address)
            }
        }
    }

    /// What a worker has to itself of each text.
    private func parts(of worker: Int) -> [SingleTokenMemory.Part] {
        texts.map { $0.memory.parts[worker] }
    }

    private func attend(_ block: SingleTokenBlock, _ number: Int, _ worker: Int) {
        quantizeNormed(block.attentionNorm, worker)
        var first = 0
        for linear in block.attentionInputs {
            apply(linear, worker) { $0.attentionInputs.address + first }
            first += linear.operation.rows
        }
        pool.barrier()
        for text in texts {
            rotateQueries(text, number, block.headNorms?.query, worker)
            // The worker with the last keys sees those of the present token, and so is the one that adds them.
            if worker == pool.threads - 1 { storeKeyAndValue(text, number, block.headNorms?.key) }
            attendKeys(text, number, worker)
        }
        pool.barrier()
        for text in texts {
            let part = text.memory.parts[worker]
            mergeContexts(text, into: part)
            part.quantized.set(part.context.address, count: configuration.heads * configuration.headSize)
        }
        project(block.attentionOutput, worker)
    }

    private func feedForward(_ block: SingleTokenBlock, _ worker: Int) {
        quantizeNormed(block.feedForwardNorm, worker)
        for (number, linear) in block.feedForwardInputs.enumerated() {
            apply(linear, worker) { $0.feedForwardInputs[number].address }
        }
        for text in texts { activate(block.feedForwardInputs[0].operation, text.memory, worker) }
        pool.barrier()
        for text in texts {
            text.memory.parts[worker].quantized.set(
                text.memory.feedForwardInputs[0].address, count: block.feedForwardOutput.operation.columns)
        }
        project(block.feedForwardOutput, worker)
    }

    private func quantizeNormed(_ norm: any Normalization, _ worker: Int) {
        for part in parts(of: worker) {
            norm.apply(one: part.hidden.address, into: part.normed.address)
            part.quantized.set(part.normed.address, count: configuration.hidden)
        }
    }

    /// A worker's rows of W·input + b for every text.
    private func apply(
        _ linear: SingleTokenBlock.Linear, _ worker: Int,
        into output: (SingleTokenMemory) -> UnsafeMutablePointer<Float>
    ) {
        let products = texts.map { ($0.memory.parts[worker].quantized, output($0.memory)) }
        LayerTimes.measure(times, worker, linear.name, "", "") {
            linear.operation.apply(
                products, rows: linear.operation.singleTokenRows(ofPart: worker, of: pool.threads))
        }
    }

    /// hidden ← hidden + W·input + b, on every worker.
    private func project(_ linear: SingleTokenBlock.Linear, _ worker: Int) {
        apply(linear, worker) { $0.projected.address }
        pool.barrier()
        for text in texts {
            let (hidden, projected) = (
                text.memory.parts[worker].hidden.address, text.memory.projected.address
            )
            for feature in 0..<configuration.hidden { hidden[feature] += projected[feature] }
        }
    }

    private func rotateQueries(_ text: Text, _ block: Int, _ norm: RMSNorm?, _ worker: Int) {
        let (size, memory) = (configuration.headSize, text.memory)
        for head in 0..<configuration.heads {
            rotate(
                memory.attentionInputs.address + head * size, block, norm,
                into: memory.parts[worker].queries.address + head * size, memory)
        }
    }

    private func rotate(
        _ features: UnsafePointer<Float>, _ block: Int, _ norm: RMSNorm?,
        into target: UnsafeMutablePointer<Float>,
        _ memory: SingleTokenMemory
    ) {
        if let norm {
            norm.apply(one: features, into: target)
        } else {
            target.update(from: features, count: configuration.headSize)
        }
        guard configuration.rotates(block: block) else { return }
        kernels.pointee.rotate_one(
            target, configuration.headSize, memory.cosines.address, memory.sines.address, target)
    }

    private func storeKeyAndValue(_ text: Text, _ block: Int, _ norm: RMSNorm?) {
        let (size, heads) = (configuration.headSize, configuration.keyValueHeads)
        let cache = text.cache.cache
        let row = text.position * cache.stride
        let key = text.memory.attentionInputs.address + configuration.heads * size
        for head in 0..<heads {
            rotate(
                key + head * size, block, norm, into: cache.keys(block: block, head: head) + row, text.memory)
            (cache.values(block: block, head: head) + row).update(
                from: key + (heads + head) * size, count: size)
        }
    }

    /// The keys that fall to a worker; the last worker's are never none.
    private func keys(of worker: Int, _ text: Text) -> Range<Int> {
        let (step, count) = (16, text.position + 1)
        let steps = pool.share(of: (count + step - 1) / step, worker: worker)
        return min(steps.lowerBound * step, count)..<min(steps.upperBound * step, count)
    }

    private func attendKeys(_ text: Text, _ block: Int, _ worker: Int) {
        let (part, keys) = (text.memory.parts[worker], keys(of: worker, text))
        guard !keys.isEmpty else { return }
        let (size, cache) = (configuration.headSize, text.cache.cache)
        let group = configuration.heads / configuration.keyValueHeads
        for head in 0..<configuration.keyValueHeads {
            var cached = secateur_head(
                keys: cache.keys(block: block, head: head), values: cache.values(block: block, head: head),
                stride: cache.stride, dimensions: size, scale: 1 / Float(size).squareRoot())
            let first = head * group
            var attention = secateur_attention_part(
                queries: part.queries.address + first * size, queryCount: group, keyBegin: keys.lowerBound,
                keyEnd: keys.upperBound, top: part.tops.address + first, total: part.totals.address + first,
                context: part.weighted.address + first * cache.stride, scratch: text.scratch[worker].address)
            kernels.pointee.attend_part(&cached, &attention)
        }
    }

    /// Softmax over all keys from that over each worker's (Dao, "FlashAttention", 2022, section 3.1): of two
    /// parts with tops m₁, m₂, the sums of the second count e^(m₂ − m₁) times.
    private func mergeContexts(_ text: Text, into own: SingleTokenMemory.Part) {
        let (size, parts) = (configuration.headSize, text.memory.parts)
        let filled = parts.indices.filter { !keys(of: $0, text).isEmpty }.map { parts[$0] }
        for head in 0..<configuration.heads {
            let context = own.context.address + head * size
            let top = filled.reduce(-Float.infinity) { max($0, $1.tops.address[head]) }
            context.update(repeating: 0, count: size)
            var total: Float = 0
            for part in filled {
                let factor = exp(part.tops.address[head] - top)
                let weighted = part.weighted.address + head * text.cache.cache.stride
                total += factor * part.totals.address[head]
                for feature in 0..<size { context[feature] += factor * weighted[feature] }
            }
            for feature in 0..<size { context[feature] /= total }
        }
    }

    private func activate(_ gate: any SingleTokenOperator, _ memory: SingleTokenMemory, _ worker: Int) {
        // Sixteen features stand like sixteen tokens of one.
        let rows = gate.singleTokenRows(ofPart: worker, of: pool.threads)
        let (lanes, inputs) = (PanelMatrix.stripTokens, memory.feedForwardInputs)
        let (count, begin, end) = (
            inputs[0].count / lanes, rows.lowerBound / lanes, (rows.upperBound + 15) / lanes
        )
        switch activation {
        case .gatedSiLU:
            kernels.pointee.silu_multiply(inputs[0].address, inputs[1].address, count, lanes, begin, end)
        case .gelu:
            kernels.pointee.gelu_tanh(inputs[0].address, count, lanes, begin, end)
        }
    }
}
