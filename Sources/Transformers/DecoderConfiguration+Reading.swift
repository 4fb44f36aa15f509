import ModelFiles

extension DecoderConfiguration {
    /// What the configuration class of a family like Llama has where `config.json` does not say.
    public struct Defaults: Sendable {
        let hidden: Int
        let intermediate: Int
        let blocks: Int
        let heads: Int
        let keyValueHeads: Int?
        let vocabulary: Int
        let maximumTokens: Int

        /// Takes the defaults.
        ///
        /// - Parameter keyValueHeads: as many as there are heads when nil.
        public init(
            hidden: Int, intermediate: Int, blocks: Int, heads: Int, keyValueHeads: Int?, vocabulary: Int,
            maximumTokens: Int
        ) {
            self.hidden = hidden
            self.intermediate = intermediate
            self.blocks = blocks
            self.heads = heads
            self.keyValueHeads = keyValueHeads
            self.vocabulary = vocabulary
            self.maximumTokens = maximumTokens
        }
    }

    /// The base of rotary positions where files do not say.
    private static let usualRotaryBase = 10_000.0

    /// Reads the `config.json` of a family with rotary positions and a SiLU gate, by the names that Llama's
    /// configuration class gives the fields.
    /// - Throws: `Issue` for a field out of range, or another activation.
    public init(_ json: ModelConfiguration, defaults: Defaults) throws {
        guard try json.string("hidden_act", default: "silu") == "silu" else {
            throw json.wrong("hidden_act", "'silu'", .unsupported)
        }
        let hidden = try json.integer("hidden_size", in: SizeRange.hidden, default: defaults.hidden)
        let heads = try json.integer("num_attention_heads", in: SizeRange.heads, default: defaults.heads)
        guard json.has("head_dim") || hidden % heads == 0 else {
            throw json.wrong("num_attention_heads", "a divisor of hidden_size, which is \(hidden)", .mismatch)
        }
        self.init(
            hidden: hidden,
            intermediate: try json.integer(
                "intermediate_size", in: SizeRange.intermediate, default: defaults.intermediate),
            blocks: try json.integer("num_hidden_layers", in: SizeRange.blocks, default: defaults.blocks),
            heads: heads,
            keyValueHeads: try json.integer(
                "num_key_value_heads", in: 1...heads, default: defaults.keyValueHeads ?? heads),
            headSize: try json.integer("head_dim", in: 1...65_536, default: hidden / heads),
            vocabulary: try json.integer(
                "vocab_size", in: SizeRange.vocabulary, default: defaults.vocabulary),
            maximumTokens: try json.integer(
                "max_position_embeddings", in: SizeRange.tokens, default: defaults.maximumTokens),
            epsilon: try json.number("rms_norm_eps", in: SizeRange.epsilon, default: 1e-6),
            rotaryBase: try json.rotaryBase ?? Self.usualRotaryBase,
            tiesEmbeddings: try json.boolean("tie_word_embeddings", default: false))
    }

    /// The fields of `config.json` that ``init(_:defaults:)`` reads.
    public var rotaryFields: [String: Any] {
        [
            "hidden_size": hidden, "intermediate_size": intermediate, "num_hidden_layers": blocks,
            "num_attention_heads": heads, "num_key_value_heads": keyValueHeads, "head_dim": headSize,
            "max_position_embeddings": maximumTokens, "hidden_act": "silu", "rms_norm_eps": epsilon,
            "rope_theta": rotaryBase ?? Self.usualRotaryBase,
        ]
    }

    /// Reads the metadata of a GGUF file by the keys that llama.cpp gives all families.
    ///
    /// - Parameter rotaryBase: where the file does not say; nil for a family with learned positions.
    /// - Throws: `Issue` for a key that is missing or out of range, or positions that are scaled.
    public init(_ gguf: GGUFFile, _ description: GGUFDescription, rotaryBase: Double?) throws {
        func size(_ key: String, in range: ClosedRange<Int>, default usual: Int? = nil) throws -> Int {
            let key = description.key(key)
            if let usual, gguf.value(key) == nil { return usual }
            return try gguf.integer(key, in: range)
        }
        let hidden = try size("embedding_length", in: SizeRange.hidden)
        let heads = try size("attention.head_count", in: SizeRange.heads)
        let headSize = try size("attention.key_length", in: 1...65_536, default: hidden / heads)
        guard gguf.value(description.key("attention.key_length")) != nil || hidden % heads == 0 else {
            throw gguf.wrong(description.key("attention.head_count"), "a divisor of \(hidden)", .mismatch)
        }
        guard try size("rope.dimension_count", in: 1...65_536, default: headSize) == headSize else {
            throw gguf.wrong(description.key("rope.dimension_count"), "\(headSize)", .unsupported)
        }
        guard gguf.value(description.key("rope.scaling.type")) == nil else {
            throw gguf.wrong(description.key("rope.scaling.type"), "nothing", .unsupported)
        }
        let base = description.key("rope.freq_base")
        self.init(
            hidden: hidden,
            intermediate: try size("feed_forward_length", in: SizeRange.intermediate),
            blocks: try size("block_count", in: SizeRange.blocks), heads: heads,
            keyValueHeads: try size("attention.head_count_kv", in: 1...heads, default: heads),
            headSize: headSize, vocabulary: try gguf.tensor("token_embd.weight").rowCount,
            maximumTokens: try size("context_length", in: SizeRange.tokens),
            epsilon: try gguf.number(description.key(description.epsilonKey), in: SizeRange.epsilon),
            rotaryBase: rotaryBase == nil || gguf.value(base) == nil
                ? rotaryBase : try gguf.number(base, in: SizeRange.rotaryBase),
            tiesEmbeddings: gguf.tensors["output.weight"] == nil)
    }
}
