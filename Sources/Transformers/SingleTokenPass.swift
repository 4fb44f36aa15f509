import CKernels
import Foundation
import Tensors

/// A pass of one token through all blocks, on 8-bit weights and activations.
///
/// All workers go through it together, from barrier to barrier: each computes its rows of every product, its
/// share of the keys of every head, and for itself what is too little to share.
struct SingleTokenPass: Sendable {
    let blocks: [SingleTokenBlock]
    let finalNorm: any Normalization
    let activation: DecoderDescription.Activation
    let configuration: DecoderConfiguration
    let memory: SingleTokenMemory
    let cache: UncheckedCache
    /// Scratch of each worker for attention.
    let scratch: [AlignedScratch]
    let position: Int
    let pool: ThreadPool
    let times: LayerTimes?

    private var kernels: UnsafePointer<secateur_language_kernels> { InstructionSet.best.languageKernels }

    /// From the embedding in the memory to the normalized hidden state of each worker.
    func run() {
        pool.run { worker in
            let part = memory.parts[worker]
            part.hidden.address.update(from: memory.embedding.address, count: configuration.hidden)
            for (number, block) in blocks.enumerated() {
                attend(block, number, worker)
                feedForward(block, worker)
            }
            finalNorm.apply(one: part.hidden.address, into: part.normed.address)
        }
    }

    private func attend(_ block: SingleTokenBlock, _ number: Int, _ worker: Int) {
        let part = memory.parts[worker]
        quantizeNormed(block.attentionNorm, part)
        var output = memory.attentionInputs.address
        for linear in block.attentionInputs {
            apply(linear, part.quantized, into: output, worker)
            output += linear.operation.rows
        }
        pool.barrier()
        rotateQueries(part)
        // The worker with the last keys sees those of the present token, and so is the one that adds them.
        if worker == pool.threads - 1 { storeKeyAndValue(number) }
        attendKeys(number, worker)
        pool.barrier()
        mergeContexts(into: part)
        part.quantized.set(part.context.address, count: configuration.heads * configuration.headSize)
        project(block.attentionOutput, worker)
    }

    private func feedForward(_ block: SingleTokenBlock, _ worker: Int) {
        let part = memory.parts[worker]
        quantizeNormed(block.feedForwardNorm, part)
        for (linear, output) in zip(block.feedForwardInputs, memory.feedForwardInputs) {
            apply(linear, part.quantized, into: output.address, worker)
        }
        activate(block.feedForwardInputs[0].operation, worker)
        pool.barrier()
        part.quantized.set(
            memory.feedForwardInputs[0].address, count: block.feedForwardOutput.operation.columns)
        project(block.feedForwardOutput, worker)
    }

    private func quantizeNormed(_ norm: any Normalization, _ part: SingleTokenMemory.Part) {
        norm.apply(one: part.hidden.address, into: part.normed.address)
        part.quantized.set(part.normed.address, count: configuration.hidden)
    }

    private func apply(
        _ linear: SingleTokenBlock.Linear, _ input: QuantizedVector, into output: UnsafeMutablePointer<Float>,
        _ worker: Int
    ) {
        let rows = linear.operation.singleTokenRows(ofPart: worker, of: pool.threads)
        LayerTimes.measure(times, worker, linear.name, "", "") {
            linear.operation.apply(input, into: output, rows: rows)
        }
    }

    /// hidden ← hidden + W·input + b, on every worker.
    private func project(_ linear: SingleTokenBlock.Linear, _ worker: Int) {
        let part = memory.parts[worker]
        apply(linear, part.quantized, into: memory.projected.address, worker)
        pool.barrier()
        let (hidden, projected) = (part.hidden.address, memory.projected.address)
        for feature in 0..<configuration.hidden { hidden[feature] += projected[feature] }
    }

    private func rotateQueries(_ part: SingleTokenMemory.Part) {
        let size = configuration.headSize
        for head in 0..<configuration.heads {
            rotate(memory.attentionInputs.address + head * size, into: part.queries.address + head * size)
        }
    }

    private func rotate(_ features: UnsafePointer<Float>, into target: UnsafeMutablePointer<Float>) {
        guard configuration.rotaryBase != nil else {
            return target.update(from: features, count: configuration.headSize)
        }
        kernels.pointee.rotate_one(
            features, configuration.headSize, memory.cosines.address, memory.sines.address, target)
    }

    private func storeKeyAndValue(_ block: Int) {
        let (size, heads) = (configuration.headSize, configuration.keyValueHeads)
        let (cache, row) = (cache.cache, position * cache.cache.stride)
        let key = memory.attentionInputs.address + configuration.heads * size
        for head in 0..<heads {
            rotate(key + head * size, into: cache.keys(block: block, head: head) + row)
            (cache.values(block: block, head: head) + row).update(
                from: key + (heads + head) * size, count: size)
        }
    }

    /// The keys that fall to a worker; the last worker's are never none.
    private func keys(of worker: Int) -> Range<Int> {
        let (step, count) = (16, position + 1)
        let steps = pool.share(of: (count + step - 1) / step, worker: worker)
        return min(steps.lowerBound * step, count)..<min(steps.upperBound * step, count)
    }

    private func attendKeys(_ block: Int, _ worker: Int) {
        let (part, keys) = (memory.parts[worker], keys(of: worker))
        guard !keys.isEmpty else { return }
        let (size, cache) = (configuration.headSize, cache.cache)
        let group = configuration.heads / configuration.keyValueHeads
        for head in 0..<configuration.keyValueHeads {
            var cached = secateur_head(
                keys: cache.keys(block: block, head: head), values: cache.values(block: block, head: head),
                stride: cache.stride, dimensions: size, scale: 1 / Float(size).squareRoot())
            let first = head * group
            var attention = secateur_attention_part(
                queries: part.queries.address + first * size, queryCount: group, keyBegin: keys.lowerBound,
                keyEnd: keys.upperBound, top: part.tops.address + first, total: part.totals.address + first,
                context: part.weighted.address + first * cache.stride, scratch: scratch[worker].address)
            kernels.pointee.attend_part(&cached, &attention)
        }
    }

    /// Softmax over all keys from that over each worker's (Dao, "FlashAttention", 2022, section 3.1): of two
    /// parts with tops m₁, m₂, the sums of the second count e^(m₂ − m₁) times.
    private func mergeContexts(into own: SingleTokenMemory.Part) {
        let size = configuration.headSize
        let filled = memory.parts.indices.filter { !keys(of: $0).isEmpty }.map { memory.parts[$0] }
        for head in 0..<configuration.heads {
            let context = own.context.address + head * size
            let top = filled.reduce(-Float.infinity) { max($0, $1.tops.address[head]) }
            context.update(repeating: 0, count: size)
            var total: Float = 0
            for part in filled {
                let factor = exp(part.tops.address[head] - top)
                let weighted = part.weighted.address + head * cache.cache.stride
                total += factor * part.totals.address[head]
                for feature in 0..<size { context[feature] += factor * weighted[feature] }
            }
            for feature in 0..<size { context[feature] /= total }
        }
    }

    private func activate(_ gate: any SingleTokenOperator, _ worker: Int) {
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
