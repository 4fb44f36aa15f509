import ModelFiles

extension Architecture {
    /// BERT (Devlin et al., 2018): post-norm blocks; word, position and token type embeddings.
    public static let bert = Architecture(
        modelType: "bert", modules: .bert(prefix: "bert."),
        network: .encoder(
            EncoderDescription(
                className: "BertModel",
                classifier: ClassifierDescription(
                    className: "BertForSequenceClassification", pooler: "pooler.dense",
                    isPoolerInEncoder: true, activation: .tanh),
                dimensions: {
                    try EncoderDimensions(bert: $0, vocabulary: 30_522, tokenTypes: 2, epsilon: 1e-12)
                }, sizeFields: .bert)))
}

extension ModuleTree {
    /// BERT's modules, which families after it took over.
    static func bert(prefix: String) -> ModuleTree {
        ModuleTree(
            prefix: prefix, words: "embeddings.word_embeddings",
            positions: "embeddings.position_embeddings", tokenTypes: "embeddings.token_type_embeddings",
            embeddingNorm: "embeddings.LayerNorm", block: "encoder.layer",
            attentionNorm: "attention.output.LayerNorm", feedForwardNorm: "output.LayerNorm",
            linears: [
                .init(.query, "attention.self.query"),
                .init(.key, "attention.self.key"),
                .init(.value, "attention.self.value"),
                .init(.attentionOutput, "attention.output.dense"),
                .init(.feedForwardUp, "intermediate.dense"),
                .init(.feedForwardDown, "output.dense"),
            ])
    }
}

extension EncoderDescription.SizeFields {
    /// BERT's names.
    static let bert = EncoderDescription.SizeFields(
        hidden: "hidden_size", heads: "num_attention_heads", blocks: "num_hidden_layers",
        intermediate: "intermediate_size")
}

extension EncoderDimensions {
    /// Reads a configuration of BERT's fields, with the defaults that its class and those after it share.
    ///
    /// - Parameters:
    ///   - positionsBefore: rows of the position embedding before the first token's.
    ///   - separatesSentences: whether the second sentence of a pair is of another type.
    /// - Throws: `Issue` for a field out of range, or what is not computed.
    init(
        bert json: ModelConfiguration, vocabulary: Int, tokenTypes: Int, epsilon: Double,
        positionsBefore: Int = 0, separatesSentences: Bool = true
    ) throws {
        let positions = "position_embedding_type"
        guard try json.string(positions, default: "absolute") == "absolute" else {
            throw json.wrong(positions, "'absolute'", .unsupported)
        }
        let rows = try json.integer("max_position_embeddings", in: SizeRange.tokens, default: 512)
        guard rows > positionsBefore else {
            throw json.wrong("max_position_embeddings", "more than \(positionsBefore)", .outOfRange)
        }
        try self.init(
            hidden: json.integer("hidden_size", in: SizeRange.hidden, default: 768),
            intermediate: json.integer("intermediate_size", in: SizeRange.intermediate, default: 3072),
            blocks: json.integer("num_hidden_layers", in: SizeRange.blocks, default: 12),
            heads: json.integer("num_attention_heads", in: SizeRange.heads, default: 12),
            vocabulary: json.integer("vocab_size", in: SizeRange.vocabulary, default: vocabulary),
            maximumTokens: rows - positionsBefore,
            tokenTypes: json.integer("type_vocab_size", in: SizeRange.tokenTypes, default: tokenTypes),
            epsilon: json.number("layer_norm_eps", in: SizeRange.epsilon, default: epsilon),
            activation: EncoderActivation(json, field: "hidden_act"), positionsBefore: positionsBefore,
            separatesSentences: separatesSentences)
    }
}
