import ModelFiles

extension Architecture {
    /// Qwen2 (Yang et al., 2024) and Qwen2.5: Llama's blocks with biases of queries, keys and values. GGUF
    /// files hold the rows of heads as folders do. Windows of attention are not computed.
    public static let qwen2 = Architecture(
        modelType: "qwen2",
        modules: .llama(attentionBiases: true, ggufLayout: .plain),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    try json.requireFalse("use_sliding_window")
                    // What a window would be.
                    json.passOver("sliding_window", "max_window_layers")
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
