import ModelFiles

extension Architecture {
    /// Qwen3 (Yang et al., 2025): Llama's blocks with norms of each head's queries and keys.
    public static let qwen3 = Architecture(
        modelType: "qwen3",
        modules: .llama(attentionBiases: false, ggufLayout: .plain, normalizesHeads: true),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    try json.requireFalse("attention_bias", "use_sliding_window")
                    // What a window would be.
                    json.passOver("sliding_window", "max_window_layers")
                    return try DecoderConfiguration(
                        json,
                        defaults: .init(
                            hidden: 4096, intermediate: 22_016, blocks: 32, heads: 32, keyValueHeads: 32,
                            headSize: 128, vocabulary: 151_936, maximumTokens: 32_768))
                },
                fields: { configuration in
                    configuration.rotaryFields.merging([
                        "architectures": ["Qwen3ForCausalLM"], "attention_bias": false,
                        "use_sliding_window": false,
                    ]) { _, own in own }
                },
                gguf: GGUFDescription(name: "qwen3", epsilonKey: "attention.layer_norm_rms_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: 10_000)
                })))
}
