import ModelFiles

extension DecoderConfiguration {
    /// What the configuration class of a family like Llama has where `config.json` does not say.
    public struct Defaults: Sendable {
        let hidden: Int
        let intermediate: Int
        let blocks: Int
        let heads: Int
        let keyValueHeads: Int?
        let headSize: Int?
        let vocabulary: Int
        let maximumTokens: Int

        /// Takes the defaults.
        ///
        /// - Parameters:
        ///   - keyValueHeads: as many as there are heads when nil.
        ///   - headSize: the hidden size shared by the heads when nil.
        public init(
            hidden: Int, intermediate: Int, blocks: Int, heads: Int, keyValueHeads: Int?,
            headSize: Int? = nil,
            vocabulary: Int, maximumTokens: Int
        ) {
            self.hidden = hidden
            self.intermediate = intermediate
            self.blocks = blocks
            self.heads = heads
            self.keyValueHeads = keyValueHeads
            self.headSize = headSize
            self.vocabulary = vocabulary
            self.maximumTokens = maximumTokens
        }
    }

    /// Reads the `config.json` of a family with rotary positions and a SiLU gate, by the names that Llama's
    /// configuration class gives the fields.
    ///
    /// - Parameters:
    ///   - hasWindow: whether texts are no longer than the window that some layers look at.
    ///   - unrotated: blocks whose queries and keys are not rotated, of as many as there are.
    /// - Throws: `Issue` for a field out of range, or another activation.
    public init(
        _ json: ModelConfiguration, defaults: Defaults, hasWindow: Bool = false,
        unrotated: (_ blocks: Int) throws -> Set<Int> = { _ in [] }
    ) throws {
        guard try json.string("hidden_act", default: "silu") == "silu" else {
            throw json.wrong("hidden_act", "'silu'", .unsupported)
        }
        let kinds = json.has("layer_types") ? try json.strings("layer_types") : []
        let known = ["full_attention"] + (hasWindow ? ["sliding_attention"] : [])
        guard kinds.allSatisfy(known.contains) else {
            throw json.wrong("layer_types", "'\(known.joined(separator: "' or '"))'", .unsupported)
        }
        let hidden = try json.integer("hidden_size", in: SizeRange.hidden, default: defaults.hidden)
        let heads = try json.integer("num_attention_heads", in: SizeRange.heads, default: defaults.heads)
        guard json.has("head_dim") || defaults.headSize != nil || hidden % heads == 0 else {
            throw json.wrong("num_attention_heads", "a divisor of hidden_size, which is \(hidden)", .mismatch)
        }
        let headSize = try json.integer(
            "head_dim", in: 1...65_536, default: defaults.headSize ?? hidden / heads)
        let blocks = try json.integer("num_hidden_layers", in: SizeRange.blocks, default: defaults.blocks)
        self.init(
            hidden: hidden,
            intermediate: try json.integer(
                "intermediate_size", in: SizeRange.intermediate, default: defaults.intermediate),
            blocks: blocks,
            heads: heads,
            keyValueHeads: try json.integer(
                "num_key_value_heads", in: 1...heads, default: defaults.keyValueHeads ?? heads),
            headSize: headSize,
            vocabulary: try json.integer(
                "vocab_size", in: SizeRange.vocabulary, default: defaults.vocabulary),
            maximumTokens: try json.integer(
                "max_position_embeddings", in: SizeRange.tokens, default: defaults.maximumTokens),
            epsilon: try json.number("rms_norm_eps", in: SizeRange.epsilon, default: 1e-6),
            rotary: try RotaryPositions(json, headSize: headSize),
            unrotatedBlocks: try unrotated(blocks),
            tiesEmbeddings: try json.boolean("tie_word_embeddings", default: false))
    }

    /// The fields of `config.json` that ``init(_:defaults:)`` reads.
    public var rotaryFields: [String: Any] {
        [
            "hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": blocks,
            "num_attention_heads": heads, "num_key_value_heads": keyValueHeads, "head_dim": headSize,
            "max_position_embeddings": maximumTokens, "hidden_act": "silu", "rms_norm_eps": epsilon,
        ]
        .merging(rotary?.fields ?? [:]) { own, _ in own }
    }

    /// The keys of a family's own that are honoured, or that change nothing.
    private static let ggufKeys: Set<String> = [
        "attention.head_count", "attention.head_count_kv", "attention.key_length", "attention.sliding_window",
        "attention.value_length", "block_count", "context_length", "embedding_length", "feed_forward_length",
        "rope.dimension_count", "rope.freq_base", "rope.scale_linear", "rope.scaling.attn_factor",
        "rope.scaling.factor", "rope.scaling.finetuned", "rope.scaling.original_context_length",
        "rope.scaling.type", "tensor_data_layout", "vocab_size",
    ]

    /// Reads the metadata of a GGUF file by the keys that llama.cpp gives all families.
    ///
    /// - Parameters:
    ///   - rotaryBase: where the file does not say; nil for a family with learned positions.
    ///   - unrotated: blocks whose queries and keys are not rotated, of as many as there are.
    /// - Throws: `Issue` for a key that is missing or out of range, or scaled in another way than those known.
    public init(
        _ gguf: GGUFFile, _ description: GGUFDescription, rotaryBase: Double?,
        unrotated: (_ blocks: Int) -> Set<Int> = { _ in [] }
    ) throws {
        func size(_ key: String, in range: ClosedRange<Int>, default usual: Int? = nil) throws -> Int {
            let key = description.key(key)
            if let usual, gguf.value(key) == nil { return usual }
            return try gguf.integer(key, in: range)
        }
        try gguf.requireNoOthers(
            prefix: description.key(""), known: Self.ggufKeys.union([description.epsilonKey]))
        let hidden = try size("embedding_length", in: SizeRange.hidden)
        let heads = try size("attention.head_count", in: SizeRange.heads)
        let headSize = try size("attention.key_length", in: 1...65_536, default: hidden / heads)
        guard gguf.value(description.key("attention.key_length")) != nil || hidden % heads == 0 else {
            throw gguf.wrong(description.key("attention.head_count"), "a divisor of \(hidden)", .mismatch)
        }
        guard try size("attention.value_length", in: 1...65_536, default: headSize) == headSize else {
            throw gguf.wrong(description.key("attention.value_length"), "\(headSize)", .unsupported)
        }
        let window = description.key("attention.sliding_window")
        let longest =
            gguf.value(window) == nil
            ? SizeRange.tokens.upperBound
            : try gguf.integer(window, in: SizeRange.tokens)
        guard try size("rope.dimension_count", in: 1...65_536, default: headSize) == headSize else {
            throw gguf.wrong(description.key("rope.dimension_count"), "\(headSize)", .unsupported)
        }
        let blocks = try size("block_count", in: SizeRange.blocks)
        self.init(
            hidden: hidden,
            intermediate: try size("feed_forward_length", in: SizeRange.intermediate),
            blocks: blocks, heads: heads,
            keyValueHeads: try size("attention.head_count_kv", in: 1...heads, default: heads),
            headSize: headSize, vocabulary: try gguf.tensor("token_embd.weight").rowCount,
            maximumTokens: min(try size("context_length", in: SizeRange.tokens), longest),
            epsilon: try gguf.number(description.key(description.epsilonKey), in: SizeRange.epsilon),
            rotary: try rotaryBase.map {
                try RotaryPositions(gguf, description, headSize: headSize, usualBase: $0)
            }, unrotatedBlocks: unrotated(blocks),
            tiesEmbeddings: gguf.tensors["output.weight"] == nil)
    }
}
