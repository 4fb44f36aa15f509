import ArgumentParser
import Evaluation
import Search
import Tensors

/// `secateur evaluate`
struct Evaluate: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Score a model on a task.",
        discussion: """
            sts: Spearman and Pearson between cosines and the scores of sentence pairs.
            fidelity: Pearson between all pairwise cosines of the model and those of the dense model, which --against \
            names.
            lm: perplexity over windows of a text; with --against also the KL divergence from another model's \
            next-token distributions, and how often both find the same token likeliest.
            classification: the metric of the classes with the highest logits, for a BertForSequenceClassification \
            folder and a file with the columns sentence, or sentence1 and sentence2, and label.

              secateur evaluate models/minilm --task sts --data stsb/dev.tsv --json
              secateur evaluate checkpoints/minilm-half --task fidelity \\
                  --data text.txt --against models/minilm
              secateur evaluate models/smollm2 --task lm --data text.txt \\
                  --context 512 --windows 40
              secateur evaluate models/cola --task classification \\
                  --data cola/dev.tsv --metric matthews
            """)

    @Argument(help: "A model folder, or a run folder.", completion: .file())
    var model: String

    @Option(help: "sts, fidelity, lm or classification.")
    var task: EvaluationTask

    @Option(
        help: "The file with the pairs, the sentences, the examples or the text.", completion: .file())
    var data: String

    @Option(help: "For classification: accuracy, f1 of class 1, or matthews; accuracy unless given.")
    var metric: ClassificationMetric?

    @Option(help: "For lm: tokens of a window.")
    var context = SearchOptions.windowTokens

    @Option(help: "For lm: how many windows, from the start of the text; all unless given.")
    var windows: Int?

    @Option(
        help: "The dense model: needed by fidelity, and compared with by lm.", completion: .file())
    var against: String?

    @Option(
        help: """
            For lm: how weights are kept: float, or 8bit, which reads the text token by token as decoding \
            does, with 8-bit activations.
            """)
    var weights = WeightPrecision.float

    @OptionGroup var threading: ThreadOptions

    @Flag(
        help: """
            Print one JSON object: metric, value, count; for sts also pearson, for lm secondHalf, for classification accuracy.
            """)
    var json = false

    private struct Output: Encodable {
        let metric: String
        let value: Double
        let count: Int
        var secondHalf: Double?
        var divergence: Double?
        var agreement: Double?
        var accuracy: Double?
        var pearson: Double?
    }

    func validate() throws {
        if task == .fidelity, against == nil {
            throw ValidationError("--against: fidelity needs the dense model's folder")
        }
        if metric != nil, task != .classification {
            throw ValidationError("--metric: found with --task \(task.rawValue), allowed with classification")
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
        let pool = ThreadPool(threads: threading.threads)
        switch task {
        case .sts: try show(embedding(.sts, pool: pool))
        case .fidelity: try show(embedding(.fidelity, pool: pool))
        case .lm: try show(language(pool: pool))
        case .classification: try show(classification(pool: pool))
        }
    }

    private func embedding(_ task: SearchOptions.Task, pool: ThreadPool) throws -> Output {
        let encoder = try ModelArgument.load(model)
        let reference = try against.map { try ModelArgument.load($0) } ?? encoder
        let scored = try TaskFile(task: task, path: data).task(for: encoder, dense: reference, pool: pool)
        guard let pairs = scored as? STSTask else {
            return Output(
                metric: scored.metric, value: scored.score(encoder.encoder, pool: pool), count: scored.count)
        }
        let embeddings = encoder.encoder.embed(pairs.sequences, pool: pool)
        return Output(
            metric: pairs.metric, value: pairs.score(embeddings), count: pairs.count,
            pearson: pairs.pearson(embeddings))
    }

    private func classification(pool: ThreadPool) throws -> Output {
        let model = try ModelArgument.loadClassifier(model)
        let task = try model.task(ofFile: data, metric: metric ?? .accuracy)
        let predictions = task.predictions(of: model.classifier, pool: pool)
        return Output(
            metric: task.metric, value: task.score(predictions: predictions), count: task.count,
            accuracy: ClassificationMetric.accuracy.score(predictions: predictions, labels: task.labels))
    }

    private func language(pool: ThreadPool) throws -> Output {
        let model = try ModelArgument.loadDecoder(model, precision: weights.precision)
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
        if let accuracy = output.accuracy, output.metric != ClassificationMetric.accuracy.rawValue {
            print("accuracy \(Terminal.decimal(accuracy, 4))")
        }
        if let pearson = output.pearson { print("pearson \(Terminal.decimal(pearson, 4))") }
        if let secondHalf = output.secondHalf { print("second halves \(Terminal.decimal(secondHalf, 4))") }
        if let divergence = output.divergence, let agreement = output.agreement {
            print(
                "KL \(Terminal.decimal(divergence, 5)), the same token likeliest in "
                    + "\(Terminal.decimal(100 * agreement, 2)) %")
        }
    }
}

/// What a model can be scored on.
enum EvaluationTask: String, CaseIterable, ExpressibleByArgument {
    /// Spearman on labelled sentence pairs.
    case sts
    /// Agreement with the dense model, without labels.
    case fidelity
    /// Perplexity on plain text.
    case lm
    /// A metric of predicted classes.
    case classification
}

extension ClassificationMetric: ExpressibleByArgument {}
