import ModelFiles

extension Architecture {
    /// BERT (Devlin et al., 2018): post-norm blocks with exact GELU; word, position and token type
    /// embeddings.
    public static let bert = Architecture(
        modelType: "bert",
        modules: ModuleTree(
            prefix: "bert.", words: "embeddings.word_embeddings",
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
            ]),
        network: .encoder(
            EncoderDescription(
                className: "BertModel",
                classifier: ClassifierDescription(
                    className: "BertForSequenceClassification", pooler: "pooler.dense",
                    isPoolerInEncoder: true, activation: .tanh),
                dimensions: { json in
                    for (key, allowed) in [("hidden_act", "gelu"), ("position_embedding_type", "absolute")]
                    where try json.string(key, default: allowed) != allowed {
                        throw json.wrong(key, "'\(allowed)'", .unsupported)
                    }
                    return try EncoderDimensions(
                        hidden: json.integer("hidden_size", in: SizeRange.hidden, default: 768),
                        intermediate: json.integer(
                            "intermediate_size", in: SizeRange.intermediate, default: 3072),
                        blocks: json.integer("num_hidden_layers", in: SizeRange.blocks, default: 12),
                        heads: json.integer("num_attention_heads", in: SizeRange.heads, default: 12),
                        vocabulary: json.integer("vocab_size", in: SizeRange.vocabulary, default: 30_522),
                        maximumTokens: json.integer(
                            "max_position_embeddings", in: SizeRange.tokens, default: 512),
                        tokenTypes: json.integer("type_vocab_size", in: SizeRange.tokenTypes, default: 2),
                        epsilon: json.number("layer_norm_eps", in: SizeRange.epsilon, default: 1e-12))
                },
                sizeFields: .init(
                    hidden: "hidden_size", heads: "num_attention_heads", blocks: "num_hidden_layers",
                    intermediate: "intermediate_size"))))
}
