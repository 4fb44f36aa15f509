import Evaluation
import Foundation
import Levels
import ModelFiles
import Tensors
import Tokenizers
import Transformers

/// An encoder folder, loaded for training: parameters by their names without the checkpoint's prefix, the
/// graph over them, the tokenizer, and the head that a task needs.
public final class EncoderTraining {
    /// The folder that it was read from.
    public let folder: String
    /// What it is trained for; nil when it is not, and keeps whatever head it has.
    public let task: FineTuningTask?
    /// What its `config.json` says.
    public let configuration: EncoderConfiguration
    /// Its parameters, the head's included.
    public let parameters: ParameterSet
    /// Makes token ids of sentences to embed.
    public let sentences: SentenceTokenizer
    /// The tokenizer beneath.
    public var tokenizer: Tokenizer { sentences.words }
    /// What makes embeddings of hidden states, unless it is trained to classify.
    public let modules: SentenceModules
    /// Classes of a classification: of the classifier that was read, else of the data; 0 else.
    public let labels: ClassLabels
    public var classes: Int { labels.count }
    /// Whether the folder has a classifier, rather than that one is begun here.
    public let hasClassifier: Bool
    /// The longest input, in tokens.
    public var maximumTokens: Int { sentences.maximumTokens }
    /// The encoder over the present parameters.
    public private(set) var graph: EncoderGraph
    private let seed: UInt64
    /// How many heads and neurons each block had, and how many blocks there were, when the folder was read.
    var unitsRead: (heads: [Int], neurons: [Int], blocks: Int)

    /// Loads a folder.
    ///
    /// - Parameters:
    ///   - architectures: those that it may be of.
    ///   - classes: of a classification, where the folder has no classifier.
    /// - Throws: `Issue` for what is missing, malformed or of another architecture.
    public init(
        folder: String, architectures: Architectures = .standard, task: FineTuningTask?, classes: ClassLabels,
        maximumTokens: Int, seed: UInt64
    ) throws {
        self.folder = folder
        self.task = task
        self.seed = seed
        guard !GGUFFile.isAt(folder) else {
            throw Issue(
                .unsupported, .path(folder), found: "a GGUF file", allowed: "an encoder's folder",
                advice: "decoders are pruned by search only")
        }
        let json = try ModelConfiguration(folder: folder)
        guard try architectures.named(json.modelType)?.decoder == nil else {
            throw Issue(
                .unsupported, .path(json.path), field: "model_type", found: "'\(try json.modelType)'",
                allowed: "an encoder's", advice: "decoders are pruned by search only")
        }
        configuration = try EncoderConfiguration(folder: folder, architectures: architectures)
        sentences = try SentenceTokenizer(
            folder: folder, maximumTokens: min(maximumTokens, configuration.dimensions.maximumTokens))
        modules =
            task?.head == .embeddings
            ? try Self.modules(
                folder: folder, hidden: configuration.dimensions.hidden, promptTokens: sentences.promptTokens)
            : .standard
        parameters = try ParameterSet(folder: folder, prefix: configuration.modules.prefix ?? "")
        graph = try EncoderGraph(parameters: parameters, configuration: configuration)
        unitsRead = (graph.headCounts, graph.widths, graph.blockCount)
        let classifier = "\(configuration.description.classifier.classifier).weight"
        hasClassifier = parameters.contains(classifier)
        let rows = try hasClassifier ? parameters.parameter(classifier).value.rows : classes.count
        let own = try configuration.json.labels.map(ClassLabels.init(names:)) ?? ClassLabels(count: rows)
        // What a folder calls its classes counts, where it calls them something.
        labels = hasClassifier && (own.areNamed || classes.count != rows) ? own : classes
        if task?.head == .classes {
            guard try !configuration.json.isMultiLabel else {
                throw configuration.json.wrong(
                    "problem_type", "'single_label_classification'", .unsupported)
            }
            _ = try head()
        }
    }

    /// Reads labelled data; sentences where there is no task.
    public func examples(path: String) throws -> [TrainingExample] {
        guard let task else {
            return sentences.encode(try Datasets.sentences(path: path)).map {
                TrainingExample(sequences: [$0], firsts: [$0.count])
            }
        }
        return try task.examples(path: path, classes: labels, tokenizer: sentences)
    }

    /// The modules of a folder, for training by cosines of embeddings.
    ///
    /// - Parameters:
    ///   - hidden: features of a token.
    ///   - promptTokens: first tokens of every sentence that are a prompt's.
    /// - Throws: `Issue` for modules that are not known, or that gradients do not pass.
    public static func modules(folder: String, hidden: Int, promptTokens: Int = 0) throws -> SentenceModules {
        let modules = try SentenceModules(folder: folder, hidden: hidden, promptTokens: promptTokens)
        guard modules.keepsDirection else {
            throw Issue(
                .unsupported, .path("\(folder)/modules.json"), found: "Dense",
                allowed: "Transformer, Pooling and Normalize",
                advice: "embeddings of others cannot be trained")
        }
        return modules
    }

    /// How sentences become token ids and embeddings, as a text that differs where they do.
    var readingIdentity: String { "\(modules.identity); \(sentences.identity)" }

    /// Refuses F1 for more than two classes.
    func require(_ metric: ClassificationMetric) throws {
        guard metric != .f1 || classes <= 2 else {
            throw Issue(
                .mismatch, .option("metric"), found: "f1 for \(classes) classes",
                allowed: "accuracy, matthews")
        }
    }

    /// The classes that the labels of a file tell apart; none for similarities.
    public static func classes(of path: String, task: FineTuningTask?) throws -> ClassLabels {
        task?.head == .classes ? try Datasets.classes(path: path) : 0
    }

    /// A trainer of the present parameters by a plan, with new moments.
    ///
    /// - Parameters:
    ///   - quantization: weights that are stored in fewer bits.
    ///   - fixesWords: whether word embeddings stay as they are.
    public func trainer(
        _ plan: TrainingPlan = .init(), teacher: Teacher? = nil, quantization: FakeQuantization? = nil,
        fixesWords: Bool = false, pool: ThreadPool
    ) throws -> Trainer {
        let words = "\(configuration.modules.words.name).weight"
        return Trainer(
            graph: graph, parameters: parameters, objective: try objective(plan.distillation),
            settings: plan.optimizer, distillation: plan.distillation, dropout: (plan.dropout, plan.seed),
            teacher: teacher, quantization: quantization, isFixed: { fixesWords && $0 == words }, pool: pool)
    }

    /// The model as it is, to distil from.
    public func teacher() throws -> Teacher {
        Teacher(graph: graph, objective: try objective(Distillation()))
    }

    /// Makes the graph again when parameters have been removed or have other shapes.
    public func rebuildGraph() throws {
        graph = try EncoderGraph(parameters: parameters, configuration: configuration)
    }

    /// Keeps the zeros of pruned layers: of all linear layers where more than 1 % are zero.
    public func holdZeros() {
        for parameter in graph.prunable where parameter.value.sparsity > 0.01 { parameter.holdZeros() }
    }

    private func head() throws -> ClassificationHead {
        try ClassificationHead(
            parameters: parameters, configuration: configuration, classes: classes, seed: seed)
    }

    private func objective(_ distillation: Distillation) throws -> any TrainingObjective {
        switch task?.head {
        case .embeddings, nil: SimilarityObjective(pooling: modules.pooling, distillation: distillation)
        case .classes: ClassificationObjective(head: try head(), distillation: distillation)
        }
    }
}
