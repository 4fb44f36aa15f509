import Foundation

/// The `config.json` of a model folder.
///
///     let configuration = try ModelConfiguration(folder: "models/minilm")
///     let hiddenSize = try configuration.hiddenSize
///
/// A field is checked when it is asked for, so that a model of another architecture, which has other
/// fields, can be opened too. The ranges are far beyond any real model and keep a forged file from
/// making a loader allocate without bound.
public struct ModelConfiguration: Sendable {
    /// The path of the `config.json`.
    public let path: String
    /// The file's bytes, unchanged, for writing beside a pruned model.
    public let json: Data
    let fields: JSONFields

    /// Reads `folder/config.json`.
    /// - Throws: ``ModelFileError`` when the file is missing or not a JSON object.
    public init(folder: String) throws {
        path = "\(folder)/config.json"
        json = try JSONFields.read(path)
        fields = try JSONFields(contentsOf: path, data: json)
    }

    /// Such as `bert`.
    public var modelType: String { get throws { try fields.string("model_type") } }

    /// Such as `["BertModel"]`; empty when the file names none.
    public var architectures: [String] {
        get throws {
            guard fields.value("architectures") != nil else { return [] }
            return try fields.array("architectures").map { element in
                guard case .string(let name) = element else {
                    throw fields.wrong("architectures", "a list of strings")
                }
                return name
            }
        }
    }

    /// Width of the hidden states; a multiple of ``attentionHeadCount``.
    public var hiddenSize: Int { get throws { try heads().hiddenSize } }

    /// Attention heads per layer; a divisor of ``hiddenSize``.
    public var attentionHeadCount: Int { get throws { try heads().count } }

    /// Transformer blocks.
    public var layerCount: Int { get throws { try integer("num_hidden_layers", in: 1...4_096) } }

    /// Width of the feed-forward layer.
    public var intermediateSize: Int { get throws { try integer("intermediate_size", in: 1...1_048_576) } }

    /// Rows of the word embedding.
    public var vocabularySize: Int { get throws { try integer("vocab_size", in: 1...8_388_608) } }

    /// Rows of the position embedding, the longest input in tokens.
    public var maximumPositions: Int {
        get throws { try integer("max_position_embeddings", in: 1...8_388_608) }
    }

    /// Rows of the token type embedding.
    public var typeVocabularySize: Int { get throws { try integer("type_vocab_size", in: 1...1_024) } }

    /// What layer normalisation adds to the variance.
    public var layerNormEpsilon: Double {
        get throws { try fields.number("layer_norm_eps", in: Double.leastNormalMagnitude...1) }
    }

    /// Such as `gelu`.
    public var hiddenActivation: String { get throws { try fields.string("hidden_act") } }

    /// An integer field that has no accessor here.
    /// - Throws: ``ModelFileError`` when it is missing, not an integer or outside `range`.
    public func integer(_ key: String, in range: ClosedRange<Int>) throws -> Int {
        try fields.integer(key, in: range)
    }

    /// A number field that has no accessor here.
    /// - Throws: ``ModelFileError`` when it is missing, not a number or outside `range`.
    public func number(_ key: String, in range: ClosedRange<Double>) throws -> Double {
        try fields.number(key, in: range)
    }

    /// A text field that has no accessor here.
    /// - Throws: ``ModelFileError`` when it is missing or not a string.
    public func string(_ key: String) throws -> String {
        try fields.string(key)
    }

    /// Whether a field is there and not null.
    public func has(_ key: String) -> Bool {
        fields.value(key) != nil
    }

    /// A true-or-false field, or what is usual where it is missing.
    /// - Throws: ``ModelFileError`` when it is something else.
    public func boolean(_ key: String, default usual: Bool) throws -> Bool {
        has(key) ? try fields.boolean(key) : usual
    }

    /// The base of rotary positions, which newer files have in `rope_parameters`; nil where there is none.
    /// - Throws: ``ModelFileError`` when it is no number, or positions are scaled, as no model here does.
    public var rotaryBase: Double? {
        get throws {
            let inner = has("rope_parameters") ? try self.fields.fields("rope_parameters") : fields
            if inner.value("rope_type") != nil, try inner.string("rope_type") != "default" {
                throw inner.wrong("rope_type", "'default'")
            }
            if has("rope_scaling") { throw fields.wrong("rope_scaling", "null") }
            return inner.value("rope_theta") == nil ? nil : try inner.number("rope_theta", in: 1...1e12)
        }
    }

    private func heads() throws -> (hiddenSize: Int, count: Int) {
        let hiddenSize = try integer("hidden_size", in: 1...131_072)
        let count = try integer("num_attention_heads", in: 1...4_096)
        guard hiddenSize % count == 0 else {
            throw fields.wrong("num_attention_heads", "a divisor of hidden_size, which is \(hiddenSize)")
        }
        return (hiddenSize, count)
    }
}
