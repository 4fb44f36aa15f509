import ArgumentParser
import Foundation
import Levels
import SparseKernels
import Tensors

/// The case study: an encoder fine-tuned for five tasks of GLUE, then made small in several ways.
///
/// Each step leaves a folder and a JSON file, and is left out when it is there, so that the command continues
/// where it was.
struct GLUE: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "glue",
        abstract: "Fine-tune for five tasks, make the models small in several ways, and compare.",
        discussion: """
            integers: every layer of the dense model in 8 bits, untrained.
            removal: (a) heads and neurons removed by OBS, until the encoder is 40 % smaller.
            agent: (b) the agent chooses the zeros of every layer of what is left, in floating point, at 0.38 of \
            the dense latency.
            mixed: (c) the agent chooses heads, neurons, zeros and precision of the dense model, at 0.16 of its \
            latency.
            (a), (b) and (c) are trained afterwards with distillation from the dense model. onnxruntime's int8 of the \
            same dense models: scripts/glue-peers.py.
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
        help: """
            Latencies to search case mixed with, as a run of `search` on the dense model leaves them in latency.h5. \
            Default: measured.
            """)
    var latencyTable: String?

    @Option(help: "How long case mixed is trained: \(RecoveryLength.form).")
    var recover = RecoveryLength.seconds(600)

    /// In the order in which they are done: all need the dense one, the agent what removal leaves.
    enum Case: String, CaseIterable, Codable, ExpressibleByArgument {
        case dense, integers, removal, agent, mixed
    }

    func validate() throws {
        try GLUETask.requireAll(tasks, option: "--tasks")
    }

    func run() throws {
        try FileManager.default.createDirectory(atPath: output, withIntermediateDirectories: true)
        let models = GLUEModels(
            model: model, data: data, output: output, latencyTable: latencyTable,
            recovery: recover, pool: try ThreadPool(threads: threads))
        var rows: [GLUERow] = []
        for task in GLUETask.chosen(tasks) {
            for kind in Case.allCases where cases.contains(kind) {
                let row = try models.row(task, kind)
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

    private func line(_ row: GLUERow, dense: GLUERow?) -> String {
        let drop = dense.map { String(format: "%+.2f", 100 * (row.score - $0.score)) } ?? ""
        return [
            row.task, row.kind.rawValue, row.metric, String(format: "%.2f", 100 * row.score), drop,
            String(format: "%.2fM", Double(row.encoderWeights) / 1e6),
            String(format: "%.1f MB", Double(row.encoderBytes) / 1e6),
            String(format: "%.1f MB", Double(row.bytes) / 1e6), String(format: "%.2fx", row.speedup),
        ].joined(separator: "  ")
    }
}

extension RecoveryLength: ExpressibleByArgument {
    public init?(argument: String) { self.init(argument) }
}
