import ModelFiles

extension Architecture {
    /// GPT-2 (Radford et al., 2019): pre-norm blocks with layer normalization, learned positions, queries,
    /// keys and values by one fused layer, and a GELU feed-forward network. Folders hold the layers
    /// transposed; the inner model is published without its output layer too, and then without the prefix.
    public static let gpt2 = Architecture(
        modelType: "gpt2",
        modules: ModuleTree(
            prefix: "transformer.", words: .init("transformer.wte", gguf: "token_embd"),
            positions: .init("transformer.wpe", gguf: "position_embd"),
            block: .init("transformer.h", gguf: "blk"), attentionNorm: .init("ln_1", gguf: "attn_norm"),
            feedForwardNorm: .init("ln_2", gguf: "ffn_norm"),
            linears: [
                .init(.queryKeyValue, .init("attn.c_attn", gguf: "attn_qkv"), layout: .transposed),
                .init(.attentionOutput, .init("attn.c_proj", gguf: "attn_output"), layout: .transposed),
                .init(.feedForwardUp, .init("mlp.c_fc", gguf: "ffn_up"), layout: .transposed),
                .init(.feedForwardDown, .init("mlp.c_proj", gguf: "ffn_down"), layout: .transposed),
            ],
            finalNorm: .init("transformer.ln_f", gguf: "output_norm"),
            output: .init("lm_head", gguf: "output")),
        network: .decoder(
            DecoderDescription(
                activation: .gelu, configuration: gpt2Configuration,
                fields: { configuration in
                    [
                        "architectures": ["GPT2LMHeadModel"], "n_embd": configuration.hidden,
                        "n_inner": configuration.intermediate, "n_layer": configuration.blocks,
                        "n_head": configuration.heads, "n_positions": configuration.maximumTokens,
                        "layer_norm_epsilon": configuration.epsilon, "activation_function": "gelu_new",
                    ]
                },
                gguf: GGUFDescription(name: "gpt2", epsilonKey: "attention.layer_norm_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: nil)
                })))

    @Sendable
    private static func gpt2Configuration(_ json: ModelConfiguration) throws -> DecoderConfiguration {
        let hidden = try json.integer("n_embd", in: SizeRange.hidden, default: 768)
        let heads = try json.integer("n_head", in: SizeRange.heads, default: 12)
        guard hidden % heads == 0 else {
            throw json.wrong("n_head", "a divisor of n_embd, which is \(hidden)", .mismatch)
        }
        guard
            ["gelu_new", "gelu_pytorch_tanh"].contains(
                try json.string("activation_function", default: "gelu_new"))
        else { throw json.wrong("activation_function", "'gelu_new'", .unsupported) }
        guard try json.boolean("scale_attn_weights", default: true) else {
            throw json.wrong("scale_attn_weights", "true", .unsupported)
        }
        guard try !json.boolean("scale_attn_by_inverse_layer_idx", default: false) else {
            throw json.wrong("scale_attn_by_inverse_layer_idx", "false", .unsupported)
        }
        // Another name of the same number.
        json.passOver("n_ctx")
        return DecoderConfiguration(
            hidden: hidden,
            intermediate: try json.integer("n_inner", in: SizeRange.intermediate, default: 4 * hidden),
            blocks: try json.integer("n_layer", in: SizeRange.blocks, default: 12), heads: heads,
            keyValueHeads: heads, headSize: hidden / heads,
            vocabulary: try json.integer("vocab_size", in: SizeRange.vocabulary, default: 50_257),
            maximumTokens: try json.integer("n_positions", in: SizeRange.tokens, default: 1024),
            epsilon: try json.number("layer_norm_epsilon", in: SizeRange.epsilon, default: 1e-5),
            rotary: nil, tiesEmbeddings: try json.boolean("tie_word_embeddings", default: true))
    }
}
