import Levels

/// The names of a decoder's modules in Hugging Face checkpoints.
struct DecoderNames: Sendable {
    let embedding: String
    /// Learnt positions, where there are any.
    let positions: String?
    /// What block numbers follow.
    let block: String
    let attentionNorm: String
    /// Queries, keys and values: one layer each, or one for all.
    let attentionInputs: [String]
    let attentionOutput: String
    let feedForwardNorm: String
    /// Gate and values, or values alone.
    let feedForwardInputs: [String]
    let feedForwardOutput: String
    let finalNorm: String
    let head: String

    /// What each linear layer of a block does, in the order of computation.
    var roles: [LayerRole] {
        (attentionInputs.count == 1 ? [.queryKeyValue] : [.query, .key, .value]) + [.attentionOutput]
            + (feedForwardInputs.count == 1 ? [.feedForwardUp] : [.feedForwardGate, .feedForwardUp])
            + [.feedForwardDown]
    }

    /// The name in GGUF files: `blk.0.attn_q.weight` for `model.layers.0.self_attn.q_proj.weight`.
    ///
    /// - Parameter modules: the GGUF names of a block's modules.
    func inGGUF(_ name: String, _ modules: [String: String]) -> String {
        let dot = name.lastIndex(of: ".") ?? name.endIndex
        let (module, kind) = (String(name[..<dot]), name[dot...])
        var outer = [embedding: "token_embd", finalNorm: "output_norm", head: "output"]
        if let positions { outer[positions] = "position_embd" }
        if let known = outer[module] { return "\(known)\(kind)" }
        guard module.hasPrefix("\(block).") else { return name }
        let rest = module.dropFirst(block.count + 1)
        guard let end = rest.firstIndex(of: "."), let known = modules[String(rest[rest.index(after: end)...])]
        else {
            return name
        }
        return "blk.\(rest[..<end]).\(known)\(kind)"
    }
}
