import ModelFiles

/// GPT-2 (Radford et al., 2019) as its checkpoints name it: pre-norm blocks with layer normalisation, learnt
/// positions, queries, keys and values by one fused layer, and a GELU feed-forward network.
enum GPT2 {
    static func configuration(_ json: ModelConfiguration) throws -> DecoderConfiguration {
        let hidden = try json.integer("n_embd", in: 1...131_072)
        let heads = try json.integer("n_head", in: 1...4_096)
        func require(_ key: String, _ holds: Bool, _ allowed: String) throws {
            guard holds else {
                throw ModelFileError(
                    file: json.path, message: "\(key): found another value, allowed \(allowed)")
            }
        }
        try require("n_head", hidden % heads == 0, "a divisor of n_embd, which is \(hidden)")
        if json.has("activation_function") {
            try require(
                "activation_function",
                ["gelu_new", "gelu_pytorch_tanh"].contains(try json.string("activation_function")),
                "'gelu_new'")
        }
        try require("scale_attn_weights", try json.boolean("scale_attn_weights", default: true), "true")
        try require(
            "scale_attn_by_inverse_layer_idx",
            try !json.boolean("scale_attn_by_inverse_layer_idx", default: false), "false")
        return DecoderConfiguration(
            architecture: .gpt2, hidden: hidden,
            intermediate: json.has("n_inner") ? try json.integer("n_inner", in: 1...1_048_576) : 4 * hidden,
            blocks: try json.integer("n_layer", in: 1...4_096), heads: heads, keyValueHeads: heads,
            headSize: hidden / heads, vocabulary: try json.vocabularySize,
            maximumTokens: try json.integer("n_positions", in: 1...8_388_608),
            epsilon: try json.number("layer_norm_epsilon", in: Double.leastNormalMagnitude...1),
            rotaryBase: nil,
            tiesEmbeddings: try json.boolean("tie_word_embeddings", default: true))
    }

    static func configuration(_ gguf: GGUFFile) throws -> DecoderConfiguration {
        let hidden = try gguf.integer("gpt2.embedding_length", in: 1...131_072)
        let heads = try gguf.integer("gpt2.attention.head_count", in: 1...4_096)
        guard hidden % heads == 0 else {
            throw gguf.wrong("gpt2.attention.head_count", "a divisor of \(hidden)")
        }
        return DecoderConfiguration(
            architecture: .gpt2, hidden: hidden,
            intermediate: try gguf.integer("gpt2.feed_forward_length", in: 1...1_048_576),
            blocks: try gguf.integer("gpt2.block_count", in: 1...4_096), heads: heads, keyValueHeads: heads,
            headSize: hidden / heads, vocabulary: try gguf.tensor("token_embd.weight").rowCount,
            maximumTokens: try gguf.integer("gpt2.context_length", in: 1...8_388_608),
            epsilon: try gguf.number(
                "gpt2.attention.\(DecoderArchitecture.gpt2.ggufEpsilonKey)",
                in: Double.leastNormalMagnitude...1),
            rotaryBase: nil, tiesEmbeddings: gguf.tensors["output.weight"] == nil)
    }

    static let names = DecoderNames(
        embedding: "transformer.wte", positions: "transformer.wpe", block: "transformer.h",
        attentionNorm: "ln_1",
        attentionInputs: ["attn.c_attn"], attentionOutput: "attn.c_proj", feedForwardNorm: "ln_2",
        feedForwardInputs: ["mlp.c_fc"], feedForwardOutput: "mlp.c_proj", finalNorm: "transformer.ln_f",
        head: "lm_head")

    private static let ggufNames = [
        "ln_1": "attn_norm", "attn.c_attn": "attn_qkv", "attn.c_proj": "attn_output", "ln_2": "ffn_norm",
        "mlp.c_fc": "ffn_up", "mlp.c_proj": "ffn_down",
    ]

    /// GGUF files hold the linear layers [outputs × inputs].
    static func inGGUF(_ name: String) -> StoredParameter {
        StoredParameter(name: names.inGGUF(name, ggufNames))
    }

    /// Folders hold them [inputs × outputs].
    static func inFolder(_ name: String) -> StoredParameter {
        let isLinear = name.contains(".c_") && name.hasSuffix(".weight")
        return StoredParameter(name: name, layout: isLinear ? .transposed : .plain)
    }
}
