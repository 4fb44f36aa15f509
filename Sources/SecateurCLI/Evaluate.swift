import ArgumentParser
import Search
import Tensors

/// `secateur evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a model on a task.",
        discussion: """
            sts: Spearman between cosines and the scores of sentence pairs. fidelity: Pearson between all
            pairwise cosines of the model and those of the dense model, which --against names.
              secateur evaluate models/minilm --task sts --data stsb/dev.tsv --json
            """)

    @Argument(help: "A model folder, or a run folder.")
    var model: String

    @Option(help: "sts or fidelity.")
    var task: SearchOptions.Task

    @Option(help: "The file with the pairs or sentences.")
    var data: String

    @Option(help: "For fidelity: the dense model's folder.")
    var against: String?

    @Option(help: "Threads to compute with; all processors unless given.")
    var threads = MachineOptions.processors

    @Flag(help: "Print one JSON object: metric, value, count.")
    var json = false

    private struct Output: Encodable {
        let metric: String
        let value: Double
        let count: Int
    }

    func validate() throws {
        if task == .fidelity, against == nil {
            throw ValidationError("--against: fidelity needs the dense model's folder")
        }
    }

    func run() throws {
        let pool = ThreadPool(threads: max(threads, 1))
        let encoder = try ModelArgument.load(model)
        let reference = try against.map(ModelArgument.load) ?? encoder
        let scored = try TaskFile(task: task, path: data).task(for: encoder, dense: reference, pool: pool)
        let output = Output(
            metric: scored.metric, value: scored.score(encoder.encoder, pool: pool), count: scored.count)
        if json {
            try Terminal.printJSON(output)
        } else {
            print("\(output.metric) \(Terminal.decimal(output.value, 4)) over \(output.count)")
        }
    }
}
