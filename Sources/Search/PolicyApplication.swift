import Foundation
import Levels
import ModelFiles
import Pruning
import Runs
import SparseKernels
import Tensors
import Transformers

/// Prunes a model with a policy that was learned before, here or on another machine.
///
/// A run folder says how its policy's model was calibrated; for a policy alone the options say it. Only what
/// pruning needs is read and computed: no reward, no latency.
public struct PolicyApplication {
    /// What calibrates, with the number of threads.
    public let options: SearchOptions
    private let choice: Choice
    private let path: String
    /// Whether the model must be the very one that was searched.
    private let isRun: Bool

    private enum Choice: Sendable {
        case policy(Policy)
        /// The same for every layer.
        case level(Level)
    }

    /// Takes the policy of a run, to be applied as the run did.
    ///
    /// - Parameter train: a file to calibrate on instead of the run's.
    /// - Throws: `Issue` when the run has no policy.
    public init(run: String, train: String?, threads: Int) throws {
        let files = RunFiles(folder: run)
        var options = try files.options()
        choice = .policy(try files.policy())
        path = files.path(.policy)
        if let train { options.train = train }
        options.validation = nil
        options.threads = threads
        self.options = options
        isRun = true
    }

    /// Takes a policy alone.
    ///
    /// - Parameter options: the task, the file to calibrate on, how much of it, the solver and the seed.
    public init(_ policy: Policy, path: String, options: SearchOptions) {
        choice = .policy(policy)
        self.path = path
        self.options = options
        isRun = false
    }

    /// Takes one level for every layer.
    ///
    /// - Parameter options: the task, the file to calibrate on, how much of it, the solver and the seed.
    public init(_ level: Level, options: SearchOptions) throws {
        choice = .level(level)
        path = level.description
        var options = options
        options.levels = try LevelSet(level == .dense ? [.dense] : [.dense, level])
        self.options = options
        isRun = false
    }

    /// Writes the pruned model as a Hugging Face folder, or with a GGUF file in it if the model is one.
    ///
    /// - Parameters:
    ///   - cache: folder of level databases; one that fits is read instead of pruning again.
    ///   - note: is told what a person should know, a line each.
    /// - Throws: `Issue` for layers that are not the model's, or for another model
    ///   than the run searched.
    public func apply(
        to model: String, cache: String, output: String, tasks: SearchTasks = .standard,
        progress: StageProgress = { _, _ in }, note: (String) -> Void = { _ in }
    ) throws {
        try OutputPath(output).require(.newFolder)
        try apply(tasks.task(named: options.task), model, cache, output, progress, note)
    }

    private func apply<Task: SearchTask>(
        _ task: Task, _ path: String, _ cache: String, _ output: String, _ progress: StageProgress,
        _ note: (String) -> Void
    ) throws {
        progress("reading the model and the data", 0)
        var model = try Task.Model(path: path, precision: .float32)
        let digest = try model.digest()
        if case .policy(let policy) = choice, let learned = policy.modelDigest, learned != digest {
            let found = "SHA-256 \(digest.prefix(12))…, allowed \(learned.prefix(12))…"
            guard !isRun else {
                throw Issue(
                    .mismatch, .path(path), found: "another model than the run searched: \(found)")
            }
            note("\(path): other weights than the policy was learned on: \(digest.prefix(12))…")
        }
        let shapes = model.network.layerShapes
        let levels =
            switch choice {
            case .policy(let policy): try policy.levels(for: shapes, path: self.path)
            case .level(let level): shapes.map { _ in level }
            }
        try LevelFormats.standard.require(levels)
        if let narrow = levels.first(where: \.isNarrow), !Task.Model.Network.supportsStructure {
            throw Issue(
                .unsupported, .path(self.path), found: "level \(narrow) for a language model",
                allowed: "levels of all heads and neurons")
        }
        // As the search had it.
        if options.levels.hasIntegers || levels.contains(where: \.precision.isInteger) {
            model = model.roundingWords()
        }
        let weights = try weights(task, of: model, digest, levels, cache: cache, progress: progress)
        let named = Dictionary(uniqueKeysWithValues: zip(shapes.map(\.name), levels))
        try model.write(weights, levels: named, to: output)
    }

    private func grid(_ level: Level) throws -> WeightGrid? {
        try LevelFormats.standard.grid(of: level, for: options.latencyOf)
    }

    private func weights<Task: SearchTask>(
        _ task: Task, of model: Task.Model, _ digest: String, _ levels: [Level], cache: String,
        progress: StageProgress
    ) throws -> [String: PrunedWeight] {
        let (network, pool) = (model.network, try ThreadPool(threads: options.threads))
        let shapes = network.layerShapes
        let sequences = try calibrationData(task, model)
        let key = Task.Model.databaseKey(
            digest: digest, calibration: sequences, score: options.solver,
            stored: try LevelWeights.stored(for: options.levels, grid: grid))
        let folder = LevelDatabase.folder(cache: cache, key: key)
        if let database = try LevelDatabase.open(folder: folder, key: key), database.layers == shapes,
            try levels.filter({ !$0.isRemoved })
                .allSatisfy({ try database.levels.contains($0.stored(on: grid($0))) })
        {
            return try database.weights(levels)
        }
        return try withoutActuallyEscaping(progress) { progress in
            let calibration = StreamedCalibration(model: network, sequences: sequences, pool: pool) {
                progress("calibrating", $0)
            }
            return try PolicyPruning.prune(
                layers: shapes, to: levels, weight: network.weight(of:),
                covariance: { options.solver.evidence == .nothing ? nil : calibration.covariance(of: $0) },
                score: options.solver, grid: grid, pool: pool
            ) { progress("pruning", $0) }
        }
    }

    /// What the search calibrated on, which tells its database from others; magnitude can do without.
    private func calibrationData<Task: SearchTask>(
        _ task: Task, _ model: Task.Model
    ) throws -> [[Int32]] {
        let isThere = FileManager.default.fileExists(atPath: options.train)
        return options.solver.evidence == .nothing && !isThere
            ? [] : try task.calibration(options, for: model)
    }
}
