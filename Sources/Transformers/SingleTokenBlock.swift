/// A block all of whose linear layers compute one token from 8-bit activations.
struct SingleTokenBlock: Sendable {
    /// A linear layer and its name in the checkpoint.
    struct Linear: Sendable {
        let name: String
        let operation: any SingleTokenOperator
    }

    let attentionNorm: any Normalization
    let headNorms: Decoder.HeadNorms?
    let attentionInputs: [Linear]
    let attentionOutput: Linear
    let feedForwardNorm: any Normalization
    let feedForwardInputs: [Linear]
    let feedForwardOutput: Linear

    /// nil when a layer cannot.
    init?(_ block: Decoder.Block) {
        let linears = block.linears.compactMap { linear in
            linear.operation.singleToken.map { Linear(name: linear.name, operation: $0) }
        }
        guard linears.count == block.linears.count else { return nil }
        let inputs = block.attentionInputs.count
        attentionNorm = block.attentionNorm
        headNorms = block.headNorms
        attentionInputs = Array(linears[..<inputs])
        attentionOutput = linears[inputs]
        feedForwardNorm = block.feedForwardNorm
        feedForwardInputs = Array(linears[(inputs + 1)...].dropLast())
        feedForwardOutput = linears[linears.count - 1]
    }

    /// All blocks of a model; nil when a layer of one cannot.
    static func all(_ blocks: [Decoder.Block]) -> [SingleTokenBlock]? {
        let result = blocks.compactMap(SingleTokenBlock.init)
        return result.count == blocks.count ? result : nil
    }
}
