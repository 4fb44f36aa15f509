import Agents
import Evaluation
import Levels
import ModelFiles
import Models
import Runs
import SparseKernels
import Tensors

/// What a search reads before it computes anything: whatever is missing or malformed shows here, while an
/// earlier run in the same folder is still untouched.
public struct SearchInputs<Model: SearchableModel> {
    public private(set) var options: SearchOptions
    /// The dense model.
    public let model: Model
    /// What policies are applied to: the dense model, with word embeddings in 8 bits where levels of whole numbers are
    /// offered.
    public private(set) var base: Model
    /// SHA-256 of its weights.
    public let modelDigest: String
    /// What it can be made of.
    public let components: SearchComponents
    public let pool: ThreadPool
    let data: SearchData<Model.Network>
    let validation: (any ModelTask<Model.Network>)?
    /// SHA-256 of the validation file.
    let validationDigest: String?

    /// Reads the model and the files that the options name.
    /// - Throws: errors that name the file, and what was found and is allowed.
    public init<Task: SearchTask>(
        _ options: SearchOptions, task: Task, components: SearchComponents = .standard
    ) throws where Task.Model == Model {
        self.options = options
        self.components = components
        guard Model.computes(options.latencyOf) else {
            throw Issue(
                .unsupported, .path(options.model),
                found: "a model that does not \(options.latencyOf.rawValue)", allowed: "prefill")
        }
        guard options.weights.space == 0 || task.hasSpace else {
            throw Issue(
                .unsupported, .option("spaceWeight"),
                found: "\(options.weights.space) with task \(task.name)",
                allowed: "0, as nothing of it is embedded")
        }
        let levels = options.levels
        guard options.latencyOf == .decode || levels.contains(.dense) else {
            throw Issue(
                .mismatch, .option("levels"), found: levels.map(\.description).joined(separator: ","),
                allowed: "dense among them, which latency and quality are compared with")
        }
        try components.capabilities.formats.require(levels)
        model = try Model(
            path: options.model, precision: levels[levels.dense].precision, components.capabilities)
        guard options.awaitsLengths || options.tokens <= model.maximumTokens else {
            let isOfTokens = options.workloadChoice == .fixed(tokens: options.tokens, batch: 1)
            throw Issue(
                .outOfRange, .option(isOfTokens ? "tokens" : "workload"),
                found: isOfTokens ? "\(options.tokens)" : "\(options.workloadChoice)",
                allowed: "\(model.maximumTokens) at most, the longest sequence of \(options.model)")
        }
        if options.awaitsLengths {
            self.options.follow(lengthsOfTexts: try task.lengths(options, for: model))
        }
        base = levels.hasIntegers ? model.roundingWords() : model
        pool = try ThreadPool(threads: options.threads)
        modelDigest = try model.digest()
        data = try task.data(options, for: model, pool: pool)
        let (model, pool) = (model, pool)
        validationDigest = try options.validation.map(Self.digest(ofValidation:))
        validation = try options.validation.map {
            try task.validation(options, file: $0, of: model, dense: model, pool: pool)
        }
    }

    /// The same with what was selected of its levels.
    func choosing(_ levels: LevelSet) -> SearchInputs {
        var inputs = self
        inputs.options.levels = levels
        inputs.base = levels.hasIntegers ? model.roundingWords() : model
        return inputs
    }

    private static func digest(ofValidation path: String) throws -> String {
        guard RetrievalData.isAt(path) else { return try FileDigest.sha256(path: path) }
        let files = [
            RetrievalData.files.documents, RetrievalData.files.queries, RetrievalData.files.relevance,
        ]
        return FileDigest.sha256(lines: try files.map { try FileDigest.sha256(path: "\(path)/\($0)") })
    }

    /// The numbers that the weights of a level are rounded to; nil where they are not.
    func grid(_ level: Level) throws -> WeightGrid? {
        try components.capabilities.formats.grid(of: level, for: options.latencyOf)
    }

    /// What a search over these is about, for telling runs apart.
    var identity: [String: String] {
        var identity = [
            "model": modelDigest, "calibration": data.digest, "task": options.task,
            "solver": options.solver.rawValue,
        ]
        identity["outputs"] = model.outputIdentity
        if options.weights.space > 0 { identity["spaceWeight"] = "\(options.weights.space)" }
        return identity
    }
}
