import ModelFiles
import Tensors

/// What the encoder needs to know of a family.
public struct EncoderDescription: Sendable {
    /// The names of fields in `config.json` that pruning changes or that errors name.
    public struct SizeFields: Sendable {
        /// Width of the hidden states.
        public let hidden: String
        /// Attention heads.
        public let heads: String
        /// Transformer blocks.
        public let blocks: String
        /// Neurons of the feed-forward layer.
        public let intermediate: String

        /// Names the fields.
        public init(hidden: String, heads: String, blocks: String, intermediate: String) {
            self.hidden = hidden
            self.heads = heads
            self.blocks = blocks
            self.intermediate = intermediate
        }
    }

    /// The class of transformers without a head: `BertModel`.
    public let className: String
    /// The head that classifies sequences.
    public let classifier: ClassifierDescription
    /// Reads the sizes, with the defaults of transformers' configuration class, and refuses what is not
    /// computed.
    public let dimensions: @Sendable (ModelConfiguration) throws -> EncoderDimensions
    /// The names of the sizes.
    public let sizeFields: SizeFields

    /// Describes a family.
    public init(
        className: String, classifier: ClassifierDescription,
        dimensions: @escaping @Sendable (ModelConfiguration) throws -> EncoderDimensions,
        sizeFields: SizeFields
    ) {
        self.className = className
        self.classifier = classifier
        self.dimensions = dimensions
        self.sizeFields = sizeFields
    }

    /// The fields of `config.json` that say which model is left after pruning or training.
    ///
    /// - Parameters:
    ///   - isClassifier: whether the head that classifies is on it.
    ///   - intermediate: neurons of the widest block.
    ///   - heads: of each block.
    ///   - all: how many each had.
    public func changedFields(
        isClassifier: Bool, blocks: Int, intermediate: Int, heads: [Int], of all: Int
    ) -> [String: Any] {
        [
            "architectures": [isClassifier ? classifier.className : className],
            sizeFields.blocks: blocks, "torch_dtype": "float32",
        ]
        .merging(widthFields(intermediate: intermediate, heads: heads, of: all)) { _, new in new }
    }

    /// The fields that say what is left of the blocks. Which heads are gone matters to no one once their rows are: the
    /// first ones are named.
    ///
    /// - Parameters:
    ///   - intermediate: neurons of the widest block.
    ///   - heads: of each block.
    ///   - all: how many each had.
    public func widthFields(intermediate: Int, heads: [Int], of all: Int) -> [String: Any] {
        let pruned = heads.enumerated().filter { $0.element < all }.map {
            ("\($0.offset)", Array(0..<all - $0.element))
        }
        return [
            sizeFields.intermediate: intermediate, "pruned_heads": Dictionary(uniqueKeysWithValues: pruned),
        ]
    }
}

/// What a family puts on the first token of a sequence, [CLS], to classify it: logits = C·f(P·h + p) + c,
/// with the pooler P [hidden × hidden] and the classifier C [classes × hidden].
public struct ClassifierDescription: Sendable {
    /// f
    public enum Activation: Sendable {
        /// The hyperbolic tangent.
        case tanh
        /// max(0, x)
        case relu
    }

    /// The class of transformers: `BertForSequenceClassification`.
    public let className: String
    /// The name of P.
    public let pooler: String
    /// Whether P belongs to the inner model, whose names checkpoints put a prefix before.
    public let isPoolerInEncoder: Bool
    /// f
    public let activation: Activation
    /// The name of C.
    public let classifier: String

    /// Describes a head.
    public init(
        className: String, pooler: String, isPoolerInEncoder: Bool, activation: Activation,
        classifier: String = "classifier"
    ) {
        self.classifier = classifier
        self.className = className
        self.pooler = pooler
        self.isPoolerInEncoder = isPoolerInEncoder
        self.activation = activation
    }

    /// Whether a parameter belongs to the head and not to the inner model.
    public func isOutside(_ parameter: String) -> Bool {
        parameter.hasPrefix("\(classifier).")
            || (!isPoolerInEncoder && parameter.hasPrefix("\(pooler)."))
    }
}

/// What an encoder's feed-forward layers compute between them.
public enum EncoderActivation: Sendable, Equatable, CaseIterable {
    /// x·Φ(x) with the normal distribution's Φ (Hendrycks and Gimpel, 2016).
    case gelu
    /// The same by the hyperbolic tangent.
    case tanhGELU
    /// max(0, x)
    case relu

    /// What `config.json` calls it; the first is transformers' own.
    private var names: [String] {
        switch self {
        case .gelu: ["gelu", "gelu_python"]
        case .tanhGELU: ["gelu_new", "gelu_pytorch_tanh", "gelu_fast", "gelu_accurate", "gelu_python_tanh"]
        case .relu: ["relu"]
        }
    }

    /// Reads a field.
    /// - Throws: `Issue` for one that is not computed.
    public init(_ json: ModelConfiguration, field: String) throws {
        let name = try json.string(field, default: "gelu")
        guard let known = Self.allCases.first(where: { $0.names.contains(name) }) else {
            let allowed = Self.allCases.flatMap(\.names).map { "'\($0)'" }.joined(separator: ", ")
            throw json.wrong(field, allowed, .unsupported)
        }
        self = known
    }
}

/// Sizes of an encoder.
public struct EncoderDimensions: Sendable, Equatable {
    /// Width of the hidden states.
    public let hidden: Int
    /// Width between the two feed-forward layers of the widest block.
    public internal(set) var intermediate: Int
    /// Transformer blocks.
    public let blocks: Int
    /// Attention heads of a block that none was removed from.
    public let heads: Int
    /// Rows of the word embedding.
    public let vocabulary: Int
    /// The longest sequence, in tokens.
    public let maximumTokens: Int
    /// Rows of the token type embedding; 0 where there is none.
    public let tokenTypes: Int
    /// What layer normalization adds to the variance.
    public let epsilon: Double
    /// What feed-forward layers compute between them.
    public let activation: EncoderActivation
    /// Rows of the position embedding before the first token's.
    public let positionsBefore: Int

    /// Whether the second sentence of a pair is of another type than the first.
    public let separatesSentences: Bool

    /// Rows of the position embedding.
    public var positionRows: Int { maximumTokens + positionsBefore }

    /// Takes the sizes.
    public init(
        hidden: Int, intermediate: Int, blocks: Int, heads: Int, vocabulary: Int, maximumTokens: Int,
        tokenTypes: Int, epsilon: Double, activation: EncoderActivation = .gelu, positionsBefore: Int = 0,
        separatesSentences: Bool = true
    ) {
        self.hidden = hidden
        self.intermediate = intermediate
        self.blocks = blocks
        self.heads = heads
        self.vocabulary = vocabulary
        self.maximumTokens = maximumTokens
        self.tokenTypes = tokenTypes
        self.epsilon = epsilon
        self.activation = activation
        self.positionsBefore = positionsBefore
        self.separatesSentences = separatesSentences
    }

    /// Features of one attention head.
    public var headSize: Int { hidden / heads }
}
