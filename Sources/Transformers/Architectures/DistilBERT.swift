import ModelFiles

extension Architecture {
    /// DistilBERT (Sanh et al., 2019): BERT's blocks under other names, without token types and with a
    /// classifier that has max(0, x) before it. Sinusoidal positions stand in the checkpoint as learned ones
    /// do.
    ///
    /// Versions of transformers that remove heads know `pruned_heads` of DistilBERT as they do of BERT.
    public static let distilbert = Architecture(
        modelType: "distilbert",
        modules: ModuleTree(
            prefix: "distilbert.", words: "embeddings.word_embeddings",
            positions: "embeddings.position_embeddings", embeddingNorm: "embeddings.LayerNorm",
            block: "transformer.layer", attentionNorm: "sa_layer_norm", feedForwardNorm: "output_layer_norm",
            linears: [
                .init(.query, "attention.q_lin"),
                .init(.key, "attention.k_lin"),
                .init(.value, "attention.v_lin"),
                .init(.attentionOutput, "attention.out_lin"),
                .init(.feedForwardUp, "ffn.lin1"),
                .init(.feedForwardDown, "ffn.lin2"),
            ]),
        network: .encoder(
            EncoderDescription(
                className: "DistilBertModel",
                classifier: ClassifierDescription(
                    className: "DistilBertForSequenceClassification", pooler: "pre_classifier",
                    isPoolerInEncoder: false, activation: .relu),
                dimensions: { json in
                    try EncoderDimensions(
                        hidden: json.integer("dim", in: SizeRange.hidden, default: 768),
                        intermediate: json.integer("hidden_dim", in: SizeRange.intermediate, default: 3072),
                        blocks: json.integer("n_layers", in: SizeRange.blocks, default: 6),
                        heads: json.integer("n_heads", in: SizeRange.heads, default: 12),
                        vocabulary: json.integer("vocab_size", in: SizeRange.vocabulary, default: 30_522),
                        maximumTokens: json.integer(
                            "max_position_embeddings", in: SizeRange.tokens, default: 512),
                        tokenTypes: 0, epsilon: 1e-12,
                        activation: EncoderActivation(json, field: "activation"))
                },
                sizeFields: .init(
                    hidden: "dim", heads: "n_heads", blocks: "n_layers", intermediate: "hidden_dim"))))
}
