import ModelFiles

extension Architecture {
    /// SmolLM3 (Bakouch et al., 2025): Llama's blocks, of which every fourth has no positions.
    public static let smollm3 = Architecture(
        modelType: "smollm3",
        modules: .llama(attentionBiases: false, ggufLayout: .interleavedHeads),
        network: .decoder(
            DecoderDescription(
                activation: .gatedSiLU,
                configuration: { json in
                    try json.requireFalse("attention_bias", "mlp_bias", "use_sliding_window")
                    json.passOver("sliding_window")
                    let interval = try json.integer(
                        "no_rope_layer_interval", in: SizeRange.blocks, default: unrotatedInterval)
                    return try DecoderConfiguration(
                        json,
                        defaults: .init(
                            hidden: 2048, intermediate: 11_008, blocks: 36, heads: 16, keyValueHeads: 4,
                            vocabulary: 128_256, maximumTokens: 32_768)
                    ) { blocks in
                        guard json.has("no_rope_layers") else { return unrotated(blocks, interval) }
                        // 1 stands for a block that is rotated.
                        let flags = try json.numbers("no_rope_layers")
                        guard flags.count == blocks, flags.allSatisfy({ $0 == 0 || $0 == 1 }) else {
                            throw json.wrong(
                                "no_rope_layers", "0 or 1 for each of \(blocks) blocks", .mismatch)
                        }
                        return Set(flags.indices.filter { flags[$0] == 0 })
                    }
                },
                fields: { configuration in
                    configuration.rotaryFields.merging([
                        "architectures": ["SmolLM3ForCausalLM"], "attention_bias": false, "mlp_bias": false,
                        "use_sliding_window": false,
                        "no_rope_layers": (0..<configuration.blocks).map {
                            configuration.unrotatedBlocks.contains($0) ? 0 : 1
                        },
                    ]) { _, own in own }
                },
                gguf: GGUFDescription(name: "smollm3", epsilonKey: "attention.layer_norm_rms_epsilon") {
                    try DecoderConfiguration($0, $1, rotaryBase: 10_000) { unrotated($0, unrotatedInterval) }
                })))

    private static let unrotatedInterval = 4

    private static func unrotated(_ blocks: Int, _ interval: Int) -> Set<Int> {
        Set((0..<blocks).filter { ($0 + 1) % interval == 0 })
    }
}
