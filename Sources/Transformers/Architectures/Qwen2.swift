import ModelFiles

extension Architecture {
    /// Qwen2 (Yang et al., 2024) and Qwen2.5: Llama's blocks with biases of queries, keys and values. GGUF
    /// files hold the rows of heads as folders do. Windows of attention are not computed.
    public static let qwen2 = Architecture(
        modelType: "qwen2",
        modules: ModuleTree(
            words: .init("model.embed_tokens", gguf: "token_embd"), block: .init("model.layers", gguf: "blk"),
            attentionNorm: .init("input_layernorm", gguf: "attn_norm"),
            feedForwardNorm: .init("post_attention_layernorm", gguf: "ffn_norm"),
            linears: [
                .init(.query, .init("self_attn.q_proj", gguf: "attn_q")),
                .init(.key, .init("self_attn.k_proj", gguf: "attn_k")),
                .init(.value, .init("self_attn.v_proj", gguf: "attn_v")),
                .init(.attentionOutput, .init("self_attn.o_proj", gguf: "attn_output"), hasBias: false),
                .init(.feedForwardGate, .init("mlp.gate_proj", gguf: "ffn_gate"), hasBias: false),
                .init(.feedForwardUp, .init("mlp.up_proj", gguf: "ffn_up"), hasBias: false),
                .init(.feedForwardDown, .init("mlp.down_proj", gguf: "ffn_down"), hasBias: false),
            ],
            finalNorm: .init("model.norm", gguf: "output_norm"), output: .init("lm_head", gguf: "output"),
            norm: .rootMeanSquare),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    guard try !json.boolean("use_sliding_window", default: false) else {
                        throw json.wrong("use_sliding_window", "false")
                    }
                    return try DecoderConfiguration(
                        json,
                        defaults: .init(
                            hidden: 4096, intermediate: 22_016, blocks: 32, heads: 32, keyValueHeads: 32,
                            vocabulary: 151_936, maximumTokens: 32_768))
                },
                fields: { configuration in
                    configuration.rotaryFields.merging([
                        "architectures": ["Qwen2ForCausalLM"], "use_sliding_window": false,
                    ]) { _, own in own }
                },
                gguf: GGUFDescription(name: "qwen2", epsilonKey: "attention.layer_norm_rms_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: 10_000)
                })))
}
