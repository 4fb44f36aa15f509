import ModelFiles

extension Architecture {
    /// Llama (Touvron et al., 2023): pre-norm blocks with root-mean-square normalization, rotary positions,
    /// grouped-query attention and a SiLU-gated feed-forward network. SmolLM2 is one.
    public static let llama = Architecture(
        modelType: "llama",
        modules: .llama(attentionBiases: false, ggufLayout: .interleavedHeads),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    try json.requireFalse("attention_bias", "mlp_bias")
                    return try DecoderConfiguration(
                        json,
                        defaults: .init(
                            hidden: 4096, intermediate: 11_008, blocks: 32, heads: 32, keyValueHeads: nil,
                            vocabulary: 32_000, maximumTokens: 2048))
                },
                fields: { configuration in
                    configuration.rotaryFields.merging([
                        "architectures": ["LlamaForCausalLM"], "attention_bias": false, "mlp_bias": false,
                    ]) { _, own in own }
                },
                gguf: GGUFDescription(name: "llama", epsilonKey: "attention.layer_norm_rms_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: 10_000)
                })))
}

extension ModuleTree {
    /// Llama's modules, which families after it took over.
    ///
    /// - Parameters:
    ///   - attentionBiases: whether queries, keys and values have biases.
    ///   - ggufLayout: how GGUF files hold the rows of queries and keys.
    ///   - normalizesHeads: whether each head's queries and keys are normalized.
    static func llama(
        attentionBiases: Bool, ggufLayout: Layout, normalizesHeads: Bool = false
    ) -> ModuleTree {
        ModuleTree(
            words: .init("model.embed_tokens", gguf: "token_embd"), block: .init("model.layers", gguf: "blk"),
            attentionNorm: .init("input_layernorm", gguf: "attn_norm"),
            feedForwardNorm: .init("post_attention_layernorm", gguf: "ffn_norm"),
            headNorms: normalizesHeads
                ? .init(
                    query: .init("self_attn.q_norm", gguf: "attn_q_norm"),
                    key: .init("self_attn.k_norm", gguf: "attn_k_norm")) : nil,
            linears: [
                .init(
                    .query, .init("self_attn.q_proj", gguf: "attn_q"), hasBias: attentionBiases,
                    ggufLayout: ggufLayout),
                .init(
                    .key, .init("self_attn.k_proj", gguf: "attn_k"), hasBias: attentionBiases,
                    ggufLayout: ggufLayout),
                .init(.value, .init("self_attn.v_proj", gguf: "attn_v"), hasBias: attentionBiases),
                .init(.attentionOutput, .init("self_attn.o_proj", gguf: "attn_output"), hasBias: false),
                .init(.feedForwardGate, .init("mlp.gate_proj", gguf: "ffn_gate"), hasBias: false),
                .init(.feedForwardUp, .init("mlp.up_proj", gguf: "ffn_up"), hasBias: false),
                .init(.feedForwardDown, .init("mlp.down_proj", gguf: "ffn_down"), hasBias: false),
            ],
            finalNorm: .init("model.norm", gguf: "output_norm"), output: .init("lm_head", gguf: "output"),
            norm: .rootMeanSquare)
    }
}
