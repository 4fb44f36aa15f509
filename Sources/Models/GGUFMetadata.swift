import Levels
import ModelFiles
import Tokenizers
import Transformers

/// The metadata of a GGUF file for a model that was not read from one, by the names that llama.cpp reads.
enum GGUFMetadata {
    /// llama.cpp's numbers for kinds of tokens.
    private enum TokenKind {
        static let normal: Int32 = 1
        static let control: Int32 = 3
        static let unused: Int32 = 5
    }

    static func fileType(_ encoding: GGUFTensor.Encoding) -> UInt32 {
        switch encoding {
        case .f32: 0
        case .f16: 1
        case .q8_0: 7
        case .q4_0: 2
        }
    }

    /// - Throws: `Issue` for a family that GGUF files do not have.
    static func entries(_ checkpoint: DecoderCheckpoint, _ tokenizer: Tokenizer) throws
        -> [GGUFEntry]
    {
        guard let family = checkpoint.architecture.decoder?.gguf else {
            throw Issue(
                .unsupported, .path(checkpoint.path),
                found: "model_type '\(checkpoint.architecture.modelType)'",
                allowed: "one that GGUF files have")
        }
        let configuration = checkpoint.configuration
        guard let parts = tokenizer.byteLevelParts else {
            throw Issue(
                .unsupported, .path(checkpoint.path), field: "tokenizer", found: "another kind",
                allowed: "byte-level BPE that GGUF files have a name for")
        }
        let words = vocabulary(tokenizer, parts, count: configuration.vocabulary)
        return (model(configuration, family) + words).map { GGUFEntry(key: $0, value: $1) }
    }

    private static func model(_ configuration: DecoderConfiguration, _ family: GGUFDescription)
        -> [(String, GGUFValue)]
    {
        func number(_ key: String, _ value: Int) -> (String, GGUFValue) {
            (family.key(key), .uint32(UInt32(value)))
        }
        let rotary: [(String, GGUFValue)] =
            configuration.rotary.map { rotary in
                var entries: [(String, GGUFValue)] = [
                    (family.key("rope.freq_base"), .float32(Float(rotary.base))),
                    number("rope.dimension_count", configuration.headSize),
                ]
                if case .linear(let factor) = rotary.scaling {
                    entries += [
                        (family.key("rope.scaling.type"), .string("linear")),
                        (family.key("rope.scaling.factor"), .float32(Float(factor))),
                    ]
                }
                return entries
            } ?? []
        let isUsual = configuration.headSize * configuration.heads == configuration.hidden
        let heads =
            isUsual
            ? []
            : [
                number("attention.key_length", configuration.headSize),
                number("attention.value_length", configuration.headSize),
            ]
        return [
            ("general.architecture", .string(family.name)),
            number("block_count", configuration.blocks),
            number("context_length", configuration.maximumTokens),
            number("embedding_length", configuration.hidden),
            number("feed_forward_length", configuration.intermediate),
            number("attention.head_count", configuration.heads),
            number("attention.head_count_kv", configuration.keyValueHeads),
            (family.key(family.epsilonKey), .float32(Float(configuration.epsilon))),
            number("vocab_size", configuration.vocabulary),
        ] + heads + rotary
    }

    private static func vocabulary(_ tokenizer: Tokenizer, _ parts: ByteLevelParts, count: Int)
        -> [(String, GGUFValue)]
    {
        let added = Set(parts.addedTokenIDs)
        var tokens: [GGUFValue] = []
        var kinds: [GGUFValue] = []
        for id in 0..<count {
            let token = id < tokenizer.tokens.count ? tokenizer.tokens[id] : ""
            tokens.append(.string(token.isEmpty ? "[PAD\(id)]" : token))
            let kind = added.contains(Int32(id)) ? TokenKind.control : TokenKind.normal
            kinds.append(.int32(token.isEmpty ? TokenKind.unused : kind))
        }
        var entries: [(String, GGUFValue)] = [
            ("tokenizer.ggml.model", .string("gpt2")),
            ("tokenizer.ggml.pre", .string(parts.kind.ggufNames[0])),
            ("tokenizer.ggml.tokens", .array(type: .string, tokens)),
            ("tokenizer.ggml.token_type", .array(type: .int32, kinds)),
            ("tokenizer.ggml.merges", .array(type: .string, parts.merges.map { .string($0) })),
            ("tokenizer.ggml.add_bos_token", .boolean(tokenizer.startID != nil)),
        ]
        if let start = tokenizer.startID ?? tokenizer.id(named: "bos_token") {
            entries.append(("tokenizer.ggml.bos_token_id", .uint32(UInt32(start))))
        }
        if let end = tokenizer.id(named: "eos_token") {
            entries.append(("tokenizer.ggml.eos_token_id", .uint32(UInt32(end))))
        }
        if let template = tokenizer.chatTemplate {
            entries.append(("tokenizer.chat_template", .string(template)))
        }
        return entries
    }
}
