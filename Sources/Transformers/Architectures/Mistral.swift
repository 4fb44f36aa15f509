import ModelFiles

extension Architecture {
    /// Mistral (Jiang et al., 2023): Llama's blocks. Where attention looks at a window of tokens only, texts are no longer
    /// than the window, so that all of them is seen.
    public static let mistral = Architecture(
        modelType: "mistral",
        modules: .llama(attentionBiases: false, ggufLayout: .interleavedHeads),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    let configuration = try DecoderConfiguration(
                        json,
                        defaults: .init(
                            hidden: 4096, intermediate: 14_336, blocks: 32, heads: 32, keyValueHeads: 8,
                            vocabulary: 32_000, maximumTokens: 131_072), hasWindow: true)
                    // Its class has a window of 4096 where the file does not say.
                    let hasNone = json.isNull("sliding_window")
                    let window = try json.integer("sliding_window", in: SizeRange.tokens, default: 4096)
                    return hasNone ? configuration : configuration.with(maximumTokens: window)
                },
                fields: { configuration in
                    configuration.rotaryFields.merging([
                        "architectures": ["MistralForCausalLM"],
                        "sliding_window": configuration.maximumTokens,
                    ]) { _, own in own }
                },
                // llama.cpp's converter calls it so.
                gguf: GGUFDescription(name: "llama", epsilonKey: "attention.layer_norm_rms_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: 10_000)
                })))
}
