import ModelFiles

/// Llama (Touvron et al., 2023) as its checkpoints name it: pre-norm blocks with root-mean-square
/// normalisation, rotary positions, grouped-query attention and a SiLU-gated feed-forward network.
/// SmolLM2 is one.
enum Llama {
    static func configuration(_ json: ModelConfiguration) throws -> DecoderConfiguration {
        let heads = try json.attentionHeadCount
        let hidden = try json.hiddenSize
        try require(json, "hidden_act", try json.hiddenActivation == "silu", "'silu'")
        try require(json, "attention_bias", try !json.boolean("attention_bias", default: false), "false")
        try require(json, "mlp_bias", try !json.boolean("mlp_bias", default: false), "false")
        let base = try json.rotaryBase ?? usualRotaryBase
        return DecoderConfiguration(
            architecture: .llama, hidden: hidden, intermediate: try json.intermediateSize,
            blocks: try json.layerCount, heads: heads,
            keyValueHeads: json.has("num_key_value_heads")
                ? try json.integer("num_key_value_heads", in: 1...heads) : heads,
            headSize: json.has("head_dim") ? try json.integer("head_dim", in: 1...65_536) : hidden / heads,
            vocabulary: try json.vocabularySize, maximumTokens: try json.maximumPositions,
            epsilon: try json.number("rms_norm_eps", in: Double.leastNormalMagnitude...1), rotaryBase: base,
            tiesEmbeddings: try json.boolean("tie_word_embeddings", default: false))
    }

    private static let usualRotaryBase = 10_000.0

    private static func require(_ json: ModelConfiguration, _ key: String, _ holds: Bool, _ allowed: String)
        throws
    {
        guard holds else {
            throw ModelFileError(file: json.path, message: "\(key): found another value, allowed \(allowed)")
        }
    }

    static func configuration(_ gguf: GGUFFile) throws -> DecoderConfiguration {
        let heads = try gguf.integer("llama.attention.head_count", in: 1...4_096)
        let hidden = try gguf.integer("llama.embedding_length", in: 1...131_072)
        let usual = hidden / heads
        func size(_ key: String, default usual: Int, in range: ClosedRange<Int>) throws -> Int {
            gguf.value(key) == nil ? usual : try gguf.integer(key, in: range)
        }
        let headSize = try size("llama.attention.key_length", default: usual, in: 1...65_536)
        let rotated = try size("llama.rope.dimension_count", default: headSize, in: 1...65_536)
        guard rotated == headSize else { throw gguf.wrong("llama.rope.dimension_count", "\(headSize)") }
        guard gguf.value("llama.rope.scaling.type") == nil else {
            throw gguf.wrong("llama.rope.scaling.type", "nothing")
        }
        return DecoderConfiguration(
            architecture: .llama, hidden: hidden,
            intermediate: try gguf.integer("llama.feed_forward_length", in: 1...1_048_576),
            blocks: try gguf.integer("llama.block_count", in: 1...4_096), heads: heads,
            keyValueHeads: try size("llama.attention.head_count_kv", default: heads, in: 1...heads),
            headSize: headSize, vocabulary: try gguf.tensor("token_embd.weight").rowCount,
            maximumTokens: try gguf.integer("llama.context_length", in: 1...8_388_608),
            epsilon: try gguf.number(
                "llama.attention.\(DecoderArchitecture.llama.ggufEpsilonKey)",
                in: Double.leastNormalMagnitude...1),
            rotaryBase: gguf.value("llama.rope.freq_base") == nil
                ? usualRotaryBase : try gguf.number("llama.rope.freq_base", in: 1...1e12),
            tiesEmbeddings: gguf.tensors["output.weight"] == nil)
    }

    static let names = DecoderNames(
        embedding: "model.embed_tokens", positions: nil, block: "model.layers",
        attentionNorm: "input_layernorm",
        attentionInputs: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"],
        attentionOutput: "self_attn.o_proj", feedForwardNorm: "post_attention_layernorm",
        feedForwardInputs: ["mlp.gate_proj", "mlp.up_proj"], feedForwardOutput: "mlp.down_proj",
        finalNorm: "model.norm", head: "lm_head")

    private static let ggufNames = [
        "input_layernorm": "attn_norm", "self_attn.q_proj": "attn_q", "self_attn.k_proj": "attn_k",
        "self_attn.v_proj": "attn_v", "self_attn.o_proj": "attn_output",
        "post_attention_layernorm": "ffn_norm",
        "mlp.gate_proj": "ffn_gate", "mlp.up_proj": "ffn_up", "mlp.down_proj": "ffn_down",
    ]

    static func inGGUF(_ name: String, _ configuration: DecoderConfiguration) -> StoredParameter {
        var stored = StoredParameter(name: names.inGGUF(name, ggufNames))
        if name.hasSuffix("q_proj.weight") { stored.layout = .interleaved(heads: configuration.heads) }
        if name.hasSuffix("k_proj.weight") {
            stored.layout = .interleaved(heads: configuration.keyValueHeads)
        }
        return stored
    }
}
