import Evaluation
import Levels
import ModelFiles
import SparseKernels
import Transformers

/// A model folder with a classifier, loaded.
public struct ClassifierModel: Sendable {
    /// The encoder and its tokenizer.
    public private(set) var base: EncoderModel
    /// The encoder with its head.
    public private(set) var classifier: SequenceClassifier
    /// What its classes are called, in their order; transformers' names of nothing where the folder has none.
    public let labels: [String]
    /// Whether a text may be of several classes.
    public let isMultiLabel: Bool

    /// Loads a folder.
    /// - Throws: `Issue` for what is missing, malformed or of another architecture.
    public init(
        folder: String, architectures: Architectures = .standard, precision: Precision = .float32,
        formats: LevelFormats = .standard
    ) throws {
        base = try EncoderModel(
            folder: folder, architectures: architectures, embeds: false, precision: precision,
            formats: formats)
        classifier = try SequenceClassifier(folder: folder, encoder: base.encoder)
        let configuration = try ModelConfiguration(folder: folder)
        let names = try configuration.labels
        isMultiLabel = try configuration.isMultiLabel
        labels = names ?? (0..<classifier.classes).map { "LABEL_\($0)" }
    }

    /// The same model with word embeddings in 8 bits.
    public func roundingWords() -> ClassifierModel {
        var model = self
        (model.base, model.classifier) = (base.roundingWords(), classifier.roundingWords())
        return model
    }

    /// Whether a folder holds an encoder with a classifier on it, by its configuration.
    public static func isAt(_ folder: String) -> Bool {
        guard let architectures = try? ModelConfiguration(folder: folder).architectures else { return false }
        return architectures.contains { $0.hasSuffix("ForSequenceClassification") }
    }

    /// The task of a file of examples.
    /// - Throws: `Issue` for a malformed file or a label that is none of the model's classes;
    ///   `Issue` for a model that does not classify, or a metric that is not of its classes.
    public func task(ofFile path: String, metric: ClassificationMetric) throws -> ClassificationTask {
        let classes = classifier.classes
        guard classes >= 2 else {
            throw Issue(
                .mismatch, .path(base.folder), found: "a classifier of one class", allowed: "2 or more")
        }
        guard !isMultiLabel else {
            throw Issue(
                .unsupported, .path(base.folder), found: "a classifier by several labels a text",
                allowed: "one label a text")
        }
        guard metric != .f1 || classes == 2 else {
            throw Issue(
                .mismatch, .path(base.folder), found: "\(classes) classes",
                allowed: "2 for the metric f1; others are accuracy, matthews")
        }
        return ClassificationTask(
            examples: try Datasets.labelled(path: path, classes: ClassLabels(names: labels)),
            tokenizer: base.tokenizer, maximumTokens: base.maximumTokens, metric: metric)
    }
}
