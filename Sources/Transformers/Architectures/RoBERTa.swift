import ModelFiles

extension Architecture {
    /// RoBERTa (Liu et al., 2019): BERT's blocks, positions that are counted from 2, and a classifier with a layer of its
    /// own before it.
    public static let roberta = robertaLike("roberta", className: "Roberta", vocabulary: 50_265)
    /// XLM-RoBERTa (Conneau et al., 2020): RoBERTa on the text of a hundred languages.
    public static let xlmRoberta = robertaLike(
        "xlm-roberta", className: "XLMRoberta", vocabulary: 30_522)
    /// CamemBERT (Martin et al., 2020): RoBERTa on French text.
    public static let camembert = robertaLike("camembert", className: "Camembert", vocabulary: 30_522)

    /// Positions before the first token's: those of padding, and one that fairseq left out.
    private static let positionsBefore = 2

    private static func robertaLike(
        _ modelType: String, className: String, vocabulary: Int
    ) -> Architecture {
        Architecture(
            modelType: modelType, modules: .bert(prefix: "roberta."),
            network: .encoder(
                EncoderDescription(
                    className: "\(className)Model",
                    classifier: ClassifierDescription(
                        className: "\(className)ForSequenceClassification", pooler: "classifier.dense",
                        isPoolerInEncoder: false, activation: .tanh, classifier: "classifier.out_proj"),
                    dimensions: { json in
                        guard try json.integer("pad_token_id", in: 0...1_000_000, default: 1) == 1 else {
                            throw json.wrong(
                                "pad_token_id", "1, which positions are counted after", .unsupported)
                        }
                        return try EncoderDimensions(
                            bert: json, vocabulary: vocabulary, tokenTypes: 2, epsilon: 1e-12,
                            positionsBefore: positionsBefore, separatesSentences: false)
                    }, sizeFields: .bert)))
    }
}
