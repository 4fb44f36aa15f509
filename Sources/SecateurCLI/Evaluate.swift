import ArgumentParser
import Evaluation
import Search
import Tensors

/// `secateur evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a model on a task.",
        discussion: """
            sts: Spearman between cosines and the scores of sentence pairs. fidelity: Pearson between all
            pairwise cosines of the model and those of the dense model, which --against names. lm: perplexity
            over windows of a text; with --against also the KL divergence from another model's next-token
            distributions, and how often both find the same token likeliest.
              secateur evaluate models/minilm --task sts --data stsb/dev.tsv --json
              secateur evaluate models/smollm2 --task lm --data text.txt --context 512 --windows 40
            """)

    @Argument(help: "A model folder, or a run folder.")
    var model: String

    @Option(help: "sts, fidelity or lm.")
    var task: SearchOptions.Task

    @Option(help: "The file with the pairs, the sentences or the text.")
    var data: String

    @Option(help: "For lm: tokens of a window.")
    var context = SearchOptions.windowTokens

    @Option(help: "For lm: how many windows, from the start of the text; all unless given.")
    var windows: Int?

    @Option(help: "The dense model: needed by fidelity, and compared with by lm.")
    var against: String?

    @Option(
        help: """
            For lm: how weights are kept: float, or 8bit, which reads the text token by token as decoding \
            does, with 8-bit activations.
            """)
    var weights = WeightPrecision.float

    @Option(help: "Threads to compute with; all processors unless given.")
    var threads = MachineOptions.processors

    @Flag(help: "Print one JSON object: metric, value, count; for lm also secondHalf.")
    var json = false

    private struct Output: Encodable {
        let metric: String
        let value: Double
        let count: Int
        var secondHalf: Double?
        var divergence: Double?
        var agreement: Double?
    }

    func validate() throws {
        if task == .fidelity, against == nil {
            throw ValidationError("--against: fidelity needs the dense model's folder")
        }
        guard context >= 2 else { throw ValidationError("--context: found \(context), allowed 2 or more") }
        if weights == .eightBit, task != .lm || against != nil {
            throw ValidationError("--weights: 8bit is for --task lm without --against")
        }
        if let windows, windows < 1 {
            throw ValidationError("--windows: found \(windows), allowed 1 or more")
        }
    }

    func run() throws {
        let pool = ThreadPool(threads: max(threads, 1))
        if task == .lm { return try show(language(pool: pool)) }
        let encoder = try ModelArgument.load(model)
        let reference = try against.map(ModelArgument.load) ?? encoder
        let scored = try TaskFile(task: task, path: data).task(for: encoder, dense: reference, pool: pool)
        let output = Output(
            metric: scored.metric, value: scored.score(encoder.encoder, pool: pool), count: scored.count)
        try show(output)
    }

    private func language(pool: ThreadPool) throws -> Output {
        let model = try ModelArgument.loadDecoder(model, phase: weights.phase)
        guard context <= model.maximumTokens else {
            throw SearchFailure("--context: found \(context), allowed \(model.maximumTokens) at most")
        }
        let all = try model.windows(ofText: data, context: context)
        let chosen = Array(all.prefix(windows ?? all.count))
        let line = ProgressLine()
        let scored = PerplexityTask(windows: chosen)
        func show(_ fraction: Double) { line.show("evaluating", fraction) }
        let result =
            weights == .float
            ? scored.evaluate(model.network, pool: pool, progress: show)
            : scored.evaluateDecoding(model.network, pool: pool, progress: show)
        line.finish()
        var output = Output(
            metric: "perplexity", value: result.value, count: result.count, secondHalf: result.secondHalf)
        if let against {
            let dense = try ModelArgument.loadDecoder(against)
            let compared = DivergenceTask(windows: chosen, dense: dense.network, pool: pool)
                .evaluate(model.network, pool: pool)
            output.divergence = compared.divergence
            output.agreement = compared.agreement
        }
        return output
    }

    private func show(_ output: Output) throws {
        if json { return try Terminal.printJSON(output) }
        print("\(output.metric) \(Terminal.decimal(output.value, 4)) over \(output.count)")
        if let secondHalf = output.secondHalf { print("second halves \(Terminal.decimal(secondHalf, 4))") }
        if let divergence = output.divergence, let agreement = output.agreement {
            print(
                "KL \(Terminal.decimal(divergence, 5)), the same token likeliest in "
                    + "\(Terminal.decimal(100 * agreement, 2)) %")
        }
    }
}
