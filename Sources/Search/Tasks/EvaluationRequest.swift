import Evaluation
import Levels
import Models
import Tensors

/// What is to be scored, and how.
public struct EvaluationRequest {
    /// The model's folder or file.
    public var model: String
    /// The file with the data.
    public var data: String
    /// Documents, queries and relevance, where they are not in a folder.
    public var retrieval: (documents: String, queries: String, relevance: String)?
    /// The model that documents are embedded by; nil for the same.
    public var index: String?
    /// The dense model to agree with; nil for none.
    public var against: String?
    /// The metric of classes.
    public var metric = ClassificationMetric.accuracy
    /// Tokens of a window of text.
    public var context = DecoderModel.windowTokens
    /// How many windows, from the start of the text; nil for all.
    public var windows: Int?
    /// What weights are kept in.
    public var precision = Precision.float32
    public var pool: ThreadPool
    /// Is told the fraction done.
    public var progress: (Double) -> Void = { _ in }

    /// Sets what has no default.
    public init(model: String, data: String, pool: ThreadPool) {
        self.model = model
        self.data = data
        self.pool = pool
    }
}

/// The score of a model on a file.
public struct EvaluationResult: Sendable, Equatable {
    /// A further figure.
    public struct Figure: Sendable, Equatable {
        /// Its name for programs: `secondHalf`.
        public let name: String
        /// Its name for people: `second halves`.
        public let label: String
        /// The figure.
        public let value: Double

        /// Names a figure.
        public init(_ name: String, label: String? = nil, _ value: Double) {
            self.name = name
            self.label = label ?? name
            self.value = value
        }
    }

    /// The name of the score.
    public let metric: String
    /// The score.
    public let value: Double
    /// How many items it is over.
    public let count: Int
    /// What else was computed.
    public var further: [Figure]

    /// Puts a result together.
    public init(metric: String, value: Double, count: Int, further: [Figure] = []) {
        self.metric = metric
        self.value = value
        self.count = count
        self.further = further
    }
}

extension EvaluationResult: Encodable {
    private struct Key: CodingKey {
        let stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// `metric`, `value`, `count`, and the further figures by their names.
    public func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: Key.self)
        try fields.encode(metric, forKey: Key(stringValue: "metric"))
        try fields.encode(value, forKey: Key(stringValue: "value"))
        try fields.encode(count, forKey: Key(stringValue: "count"))
        for figure in further { try fields.encode(figure.value, forKey: Key(stringValue: figure.name)) }
    }
}
