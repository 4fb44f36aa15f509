import Foundation
import Levels
import ModelFiles
import Tensors
import Testing
import Transformers

/// What a package outside of Secateur can do: only public names are used.
@Suite struct ArchitectureTests {
    /// RandomBERT with other names and other fields, as another family could have them.
    private static let renamed = Architecture(
        modelType: "renamed",
        modules: ModuleTree(
            prefix: "inner.", words: "tokens", positions: "places", embeddingNorm: "LayerNorm_0",
            block: "stack", attentionNorm: "LayerNorm_1", feedForwardNorm: "LayerNorm_2",
            linears: [
                .init(.query, "q"), .init(.key, "k", hasBias: false), .init(.value, "v"),
                .init(.attentionOutput, "o"), .init(.feedForwardUp, "wide"),
                .init(.feedForwardDown, "narrow"),
            ]),
        network: .encoder(
            EncoderDescription(
                className: "Renamed",
                classifier: ClassifierDescription(
                    className: "RenamedClassifier", pooler: "pool", isPoolerInEncoder: false,
                    activation: .relu),
                dimensions: { json in
                    try EncoderDimensions(
                        hidden: json.integer("d", in: SizeRange.hidden),
                        intermediate: json.integer("f", in: SizeRange.intermediate, default: 44),
                        blocks: json.integer("n", in: SizeRange.blocks),
                        heads: json.integer("h", in: SizeRange.heads),
                        vocabulary: json.integer("v", in: SizeRange.vocabulary), maximumTokens: 80,
                        tokenTypes: 0, epsilon: 1e-12)
                },
                sizeFields: .init(hidden: "d", heads: "h", blocks: "n", intermediate: "f"))))

    private static let names = [
        ("embeddings.word_embeddings", "tokens"), ("embeddings.position_embeddings", "places"),
        ("embeddings.LayerNorm", "LayerNorm_0"), ("attention.self.query", "q"), ("attention.self.key", "k"),
        ("attention.self.value", "v"), ("attention.output.dense", "o"),
        ("attention.output.LayerNorm", "LayerNorm_1"), ("intermediate.dense", "wide"),
        ("output.dense", "narrow"),
        ("output.LayerNorm", "LayerNorm_2"), ("encoder.layer", "stack"),
    ]

    /// The hidden states of BERT, whose types of tokens and biases of keys are zero, under other names.
    @Test func aRegisteredArchitectureLoadsAndComputes() throws {
        var model = RandomBERT(seed: 21)
        model.fill("embeddings.token_type_embeddings.weight", with: 0)
        for block in 0..<model.blocks {
            model.fill("encoder.layer.\(block).attention.self.key.bias", with: 0)
        }
        let expected = try model.inFolder { try hidden(Encoder(folder: $0)) }
        var other = model
        other.configuration = [
            "model_type": "renamed", "d": RandomBERT.hidden, "h": RandomBERT.heads, "n": model.blocks,
            "v": RandomBERT.vocabulary,
        ]
        other.tensors = [:]
        for (name, tensor) in model.tensors
        where !name.contains("token_type") && !name.hasSuffix("key.bias") {
            other.tensors[Self.names.reduce(name) { $0.replacingOccurrences(of: $1.0, with: $1.1) }] = tensor
        }
        let architectures = Architectures.standard.adding(Self.renamed)
        for prefix in ["", "inner."] {
            try other.inFolder(prefix: prefix) { folder in
                let encoder = try Encoder(folder: folder, architectures: architectures)
                #expect(encoder.layerShapes[8].name == "stack.1.v" && encoder.layerShapes[8].role == .value)
                #expect(try hidden(encoder) == expected)
                let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
                #expect(error?.description.contains("found 'renamed', allowed 'bert'") == true)
            }
        }
        #expect(architectures.place(ofLayer: "inner.stack.2.o")?.role == .attentionOutput)
    }

    private func hidden(_ encoder: Encoder) -> Matrix {
        let batch = TokenBatch([[1, 2, 3, 4], [5, 6]])
        let workspace = EncoderWorkspace(encoder.dimensions, tokens: 6, threads: 1, longest: 4)
        encoder.forward(batch, workspace: workspace, pool: ThreadPool())
        return workspace.hidden.matrix
    }

    @Test(
        arguments: [
            ("encoder.layer.3.attention.self.query", 3, LayerRole.query),
            ("bert.encoder.layer.11.output.dense", 11, .feedForwardDown),
            ("encoder.layer.0.attention.output.dense", 0, .attentionOutput),
            ("model.layers.29.mlp.gate_proj", 29, .feedForwardGate),
            ("transformer.h.5.attn.c_attn", 5, .queryKeyValue),
            ("h.5.mlp.c_fc", 5, .feedForwardUp),
        ])
    func layersHaveAPlace(name: String, block: Int, role: LayerRole) {
        let place = Architectures.place(ofLayer: name)
        #expect(place?.block == block && place?.role == role)
    }

    @Test(arguments: ["encoder.layer.3", "encoder.layer.x.output.dense", "pooler.dense", "lm_head", ""])
    func otherNamesHaveNone(name: String) {
        #expect(Architectures.place(ofLayer: name) == nil)
    }

    /// What transformers' BertConfig has where a file does not say.
    @Test func sizesThatAreLeftOutAreThoseOfTheConfigurationClass() throws {
        var model = RandomBERT(seed: 22)
        for key in ["type_vocab_size", "layer_norm_eps", "hidden_act"] { model.configuration[key] = nil }
        try model.inFolder { folder in
            let sizes = try EncoderConfiguration(folder: folder).dimensions
            #expect(sizes.tokenTypes == 2 && sizes.epsilon == 1e-12)
            _ = try Encoder(folder: folder)
        }
    }

    @Test(
        arguments: [
            ("num_attention_heads", 7, "'num_attention_heads': found 7, allowed a divisor of hidden_size"),
            ("num_attention_heads", 0, "'num_attention_heads': found 0, allowed an integer from 1 to 4096"),
            ("intermediate_size", 1 << 40, "'intermediate_size': found 1099511627776, allowed"),
        ])
    func impossibleSizesAreRefused(key: String, value: Int, says: String) throws {
        var model = RandomBERT(seed: 22)
        model.configuration[key] = value
        try model.inFolder { folder in
            let error = #expect(throws: Levels.Issue.self) { try EncoderConfiguration(folder: folder) }
            #expect(error?.description.contains(says) == true)
        }
    }
}
