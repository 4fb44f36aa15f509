import ArgumentParser
import Evaluation
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Search
import SparseKernels
import Tensors
import Training
import Transformers

/// The case study: an encoder fine-tuned for five tasks of GLUE, then made smaller in two ways.
///
/// Each step leaves a folder and a JSON file, and is left out when it is there, so that the command continues
/// where it was.
struct GLUE: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glue",
        abstract:
            "Fine-tune for five tasks, prune heads and neurons, prune by the agent, recover, and compare.",
        discussion: """
            (a) removes heads and neurons by OBS, until the encoder is 40 % smaller;
            (b) lets the agent choose a level for every layer of what is left, at 0.38 of the dense latency.
            Both are trained afterwards with distillation from the dense model.
            """)

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(help: "The folder with sst2, mrpc, cola, rte and stsb, each with train.tsv and dev.tsv.")
    var data = "../shared/data"

    @Option(help: "Where every step leaves its model.")
    var output = "checkpoints/glue"

    @Option(parsing: .upToNextOption, help: "Tasks. Default: all.")
    var tasks = GLUETask.all.map(\.name)

    @Option(parsing: .upToNextOption, help: "Cases. Default: all.")
    var cases = Case.allCases

    @Option(help: "Threads to compute with. Default: all processors.")
    var threads = UsableProcessors.count()

    @Option(
        help:
            "Latencies to search with, as a run of `search` leaves them in latency.h5. Default: measured."
    )
    var latencyTable: String?

    /// In the order in which they are done: each needs those before it.
    enum Case: String, CaseIterable, Codable, ExpressibleByArgument {
        case dense, removal, agent
    }

    /// A row of the table; one JSON file each.
    private struct Row: Codable {
        let task: String
        let kind: Case
        let metric: String
        let score: Double
        let encoderWeights: Int
        let bytes: Int
        let speedup: Double
    }

    func validate() throws {
        try GLUETask.requireAll(tasks, option: "--tasks")
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let pool = try ThreadPool(threads: threads)
        var rows: [Row] = []
        for task in GLUETask.chosen(tasks) {
            for kind in Case.allCases where cases.contains(kind) {
                let row = try row(task, kind, pool)
                rows.append(row)
                print(line(row, dense: rows.first { $0.task == row.task && $0.kind == .dense }))
            }
        }
        for kind in Case.allCases where cases.contains(kind) {
            let drops = rows.filter { $0.kind == kind }.compactMap { row in
                rows.first { $0.task == row.task && $0.kind == .dense }.map { 100 * ($0.score - row.score) }
            }
            let mean = drops.reduce(0, +) / Double(max(drops.count, 1))
            print("\(kind): mean drop \(String(format: "%.2f", mean)) over \(drops.count) tasks")
        }
    }

    private func line(_ row: Row, dense: Row?) -> String {
        let drop = dense.map { String(format: "%+.2f", 100 * (row.score - $0.score)) } ?? ""
        return [
            row.task, row.kind.rawValue, row.metric, String(format: "%.2f", 100 * row.score), drop,
            String(format: "%.2fM", Double(row.encoderWeights) / 1e6),
            String(format: "%.1f MB", Double(row.bytes) / 1e6), String(format: "%.2fx", row.speedup),
        ].joined(separator: "  ")
    }

    private func row(_ task: GLUETask, _ kind: Case, _ pool: ThreadPool) throws -> Row {
        let folder = "\(output)/\(task.name)-\(kind)"
        let file = "\(folder).json"
        if let data = FileManager.default.contents(atPath: file) {
            return try JSONDecoder().decode(Row.self, from: data)
        }
        let dense = "\(output)/\(task.name)-dense"
        if !FileManager.default.fileExists(atPath: folder) {
            switch kind {
            case .dense:
                try tune(task, from: start(task, pool), teacher: nil, by: task.dense, to: folder, pool)
            case .removal: try remove(task, from: dense, to: folder, pool)
            case .agent: try letAgentPrune(task, dense: dense, to: folder, pool)
            }
        }
        let row = try measure(task, kind, folder, dense, pool)
        try AtomicFile.write(try JSONEncoder().encode(row), to: file)
        return row
    }

    private func tune(
        _ task: GLUETask, from start: String, teacher: String?, by plan: TrainingPlan, to folder: String,
        _ pool: ThreadPool
    ) throws {
        var options = FineTuning.Options(
            model: start, task: task.task, train: task.file("train", in: data),
            validation: task.file("dev", in: data))
        options.metric = task.metric
        options.teacher = teacher
        options.plan = plan
        try tune(options, to: folder, pool)
    }

    private func tune(_ options: FineTuning.Options, to folder: String, _ pool: ThreadPool) throws {
        let tuning = try FineTuning(options, output: folder, pool: pool, progress: { _, _ in })
        _ = try tuning.run(note: { FileHandle.standardError.write(Data("\(folder): \($0)\n".utf8)) })
        try tuning.write(to: folder)
    }

    /// The model that is fine-tuned for a task: for tasks with few pairs, one that has seen others.
    private func start(_ task: GLUETask, _ pool: ThreadPool) throws -> String {
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
        try tune(options, to: folder, pool)
        return folder
    }

    /// A third of the heads and 43 % of the neurons: 40 % of the encoder's linear weights.
    private func remove(_ task: GLUETask, from dense: String, to folder: String, _ pool: ThreadPool) throws {
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
        try tune(task, from: start, teacher: dense, by: task.recovery, to: folder, pool)
        for pattern in [Pattern.heads, .neurons] {
            try FileManager.default.removeItem(atPath: "\(folder).\(pattern)")
        }
    }

    /// Sparsity on top of removal: heads and neurons that can go cost less than as many weights elsewhere,
    /// and what is left of every layer need not be that sparse.
    private func letAgentPrune(
        _ task: GLUETask, dense: String, to folder: String, _ pool: ThreadPool
    ) throws {
        let found = "\(folder).run/model"
        if !FileManager.default.fileExists(atPath: found) {
            try search(task, run: "\(folder).run", pool)
        }
        try tune(task, from: found, teacher: dense, by: task.recovery, to: folder, pool)
    }

    private func search(_ task: GLUETask, run folder: String, _ pool: ThreadPool) throws {
        let (dense, removal) = (try row(task, .dense, pool), try row(task, .removal, pool))
        var options = SearchOptions(
            model: "\(output)/\(task.name)-removal", task: AgreementTask().name,
            train: task.file("train", in: data),
            targetLatency: .fraction(min((380 * removal.speedup).rounded() / 1000, 1)), threads: threads)
        options.levels = .standard
        // Embeddings are half of the file and stay: 0.4 of the encoder.
        options.targetSize = min(0.72 * Double(dense.bytes) / Double(removal.bytes), 1)
        let session = try SearchSession<EncoderModel>.start(
            options, task: AgreementTask(), folder: folder, cache: "\(output)/cache",
            latencyTable: latencyTable)
        _ = try session.finish()
    }

    private func measure(
        _ task: GLUETask, _ kind: Case, _ folder: String, _ dense: String, _ pool: ThreadPool
    ) throws -> Row {
        let (pruned, reference) = (try EncoderModel(folder: folder), try EncoderModel(folder: dense))
        let score = try task.score(of: folder, data: data, pool)
        let speed = EndToEndBenchmark(Workload(tokens: 128), pool: pool).measure(
            pruned.encoder, against: reference.encoder)
        return Row(
            task: task.name, kind: kind, metric: task.task.metricName(task.metric), score: score,
            encoderWeights: pruned.encoder.weights.values.reduce(0) { $0 + $1.elements.count - $1.zeroCount },
            bytes: pruned.sizeBytes, speedup: speed.speedup)
    }
}
