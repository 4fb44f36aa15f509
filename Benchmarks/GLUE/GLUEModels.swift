import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Search
import Secateur
import SparseKernels
import Tensors
import Training

/// Makes the models of the case study, each once, and measures them.
struct GLUEModels {
    /// The folder of the model that all are made of.
    let model: String
    let data: String
    let output: String
    /// Latencies of the dense model's layers; nil to measure.
    let latencyTable: String?
    /// How long what the agent made of the dense model is trained.
    let recovery: RecoveryLength
    let pool: ThreadPool

    /// The row of a case, which is made and measured where it is not there.
    func row(_ task: GLUETask, _ kind: GLUE.Case) throws -> GLUERow {
        let file = "\(folder(task, kind)).json"
        // A row of an earlier version, which lacks something, is measured again.
        if let data = FileManager.default.contents(atPath: file),
            let row = try? JSONDecoder().decode(GLUERow.self, from: data)
        {
            return row
        }
        try make(task, kind)
        let row = try measured(task, kind)
        try AtomicFile.write(try JSONEncoder().encode(row), to: file)
        return row
    }

    private func folder(_ task: GLUETask, _ kind: GLUE.Case) -> String { "\(output)/\(task.name)-\(kind)" }

    private func measured(_ task: GLUETask, _ kind: GLUE.Case) throws -> GLUERow {
        let path = ModelLocation.folder(folder(task, kind))
        let (small, dense) = (
            try EncoderModel(folder: path), try EncoderModel(folder: folder(task, .dense))
        )
        let speed = EndToEndBenchmark(Workload(tokens: 128), pool: pool).measure(
            small.encoder, against: dense.encoder)
        return GLUERow(
            task: task.name, kind: kind, metric: task.task.metricName(task.metric),
            score: try task.score(of: path, data: data, pool),
            encoderWeights: small.encoder.weights.values.reduce(0) { $0 + $1.elements.count - $1.zeroCount },
            encoderBytes: small.encoder.operators.values.reduce(0) { $0 + $1.sizeBytes },
            bytes: small.sizeBytes, speedup: speed.speedup)
    }

    private func make(_ task: GLUETask, _ kind: GLUE.Case) throws {
        let (folder, dense) = (folder(task, kind), folder(task, .dense))
        switch kind {
        // A search may have more to do in a folder that is there.
        case .mixed: try searchEverything(task, of: dense, to: folder)
        case _ where FileManager.default.fileExists(atPath: folder): break
        case .dense: try tune(task, from: start(task), teacher: nil, by: task.dense, to: folder)
        case .integers: try putInIntegers(task, dense, to: folder)
        case .removal: try remove(task, from: dense, to: folder)
        case .agent: try letAgentPrune(task, dense: dense, to: folder)
        }
    }

    // MARK: Training

    private func tune(
        _ task: GLUETask, from start: String, teacher: String?, by plan: TrainingPlan, to folder: String
    ) throws {
        var options = FineTuning.Options(
            model: start, task: task.task, train: task.file("train", in: data),
            validation: task.file("dev", in: data))
        options.metric = task.metric
        options.teacher = teacher
        options.plan = plan
        try tune(options, to: folder)
    }

    private func tune(_ options: FineTuning.Options, to folder: String) throws {
        let tuning = try FineTuning(options, output: folder, pool: pool, progress: { _, _ in })
        _ = try tuning.run(note: { FileHandle.standardError.write(Data("\(folder): \($0)\n".utf8)) })
        try tuning.write(to: folder)
    }

    /// The model that is fine-tuned for a task: for tasks with few pairs, one that has seen others.
    private func start(_ task: GLUETask) throws -> String {
        guard task.startsFromRelatedPairs else { return model }
        let folder = "\(output)/pairs"
        if FileManager.default.fileExists(atPath: folder) { return folder }
        let judged = GLUETask.all.filter { $0.task.head == .classes }.map { $0.file("dev", in: data) }
        for part in ["train", "dev"] {
            try RelatedPairs.write(
                "\(data)/stsb/\(part).tsv", withoutSentencesOf: judged, to: "\(folder)-\(part).tsv")
        }
        var options = FineTuning.Options(
            model: model, task: .classification, train: "\(folder)-train.tsv",
            validation: "\(folder)-dev.tsv")
        options.plan = GLUETask.relatedPairs
        try tune(options, to: folder)
        return folder
    }

    // MARK: Making small

    private func putInIntegers(_ task: GLUETask, _ dense: String, to folder: String) throws {
        try PolicyApplication(Level.dense.with(.int8), options: options(task, dense, target: 1)).apply(
            to: dense, cache: "\(output)/cache", output: folder)
    }

    /// A third of the heads and 43 % of the neurons: 40 % of the encoder's linear weights.
    private func remove(_ task: GLUETask, from dense: String, to folder: String) throws {
        var start = dense
        for (pattern, sparsity) in [(Pattern.heads, 1.0 / 3), (.neurons, 0.433)] {
            let next = "\(folder).\(pattern)"
            try? FileManager.default.removeItem(atPath: next)
            var options = ModelPruning.Options(
                model: start, choice: PruningChoice(pattern: pattern, score: .obs, scope: .global),
                sparsity: sparsity)
            options.task = task.task
            options.train = task.file("train", in: data)
            options.metric = task.metric
            options.plan.epochs = 0
            let pruning = try ModelPruning(options, pool: pool, progress: { _, _ in })
            _ = try pruning.run()
            try pruning.write(to: next)
            start = next
        }
        try tune(task, from: start, teacher: dense, by: task.recovery, to: folder)
        for pattern in [Pattern.heads, .neurons] {
            try FileManager.default.removeItem(atPath: "\(folder).\(pattern)")
        }
    }

    /// Sparsity on top of removal: heads and neurons that can go cost less than as many weights elsewhere,
    /// and what is left of every layer need not be that sparse.
    private func letAgentPrune(_ task: GLUETask, dense: String, to folder: String) throws {
        let run = "\(folder).run"
        if !FileManager.default.fileExists(atPath: "\(run)/model") {
            let (whole, removal) = (try row(task, .dense), try row(task, .removal))
            var options = SearchOptions(
                model: self.folder(task, .removal), task: AgreementTask().name,
                train: task.file("train", in: data),
                targetLatency: .fraction(min((380 * removal.speedup).rounded() / 1000, 1)),
                threads: pool.threads)
            options.levels = .standard
            // Embeddings are half of the file and stay: 0.4 of the encoder.
            options.targetSize = min(0.72 * Double(whole.bytes) / Double(removal.bytes), 1)
            try search(options, run: run, latencyTable: nil)
        }
        try tune(task, from: "\(run)/model", teacher: dense, by: task.recovery, to: folder)
    }

    private func searchEverything(_ task: GLUETask, of dense: String, to run: String) throws {
        var options = options(task, dense, target: 0.16)
        // As for the other cases, the dev file tells whether what was trained is kept.
        options.validation = task.file("dev", in: data)
        options.recover = recovery
        try search(options, run: run, latencyTable: latencyTable)
    }

    private func options(_ task: GLUETask, _ dense: String, target: Double) -> SearchOptions {
        var options = SearchOptions(
            model: dense, task: task.task.head == .classes ? ClassesTask().name : SimilarityTask().name,
            train: task.file("train", in: data), targetLatency: .fraction(target), threads: pool.threads)
        if task.task.head == .classes { options.metric = task.metric }
        return options
    }

    /// Searches, or continues where a search or the training after it was stopped.
    private func search(_ options: SearchOptions, run folder: String, latencyTable: String?) throws {
        var search = Search(options, output: folder, cache: "\(output)/cache")
        search.latencyTable = latencyTable
        if RunFiles(folder: folder).holdsRun {
            _ = try search.resume(shouldStop: { false }, onEvent: { _ in })
        } else {
            _ = try search.run(shouldStop: { false }, onEvent: { _ in })
        }
    }
}
