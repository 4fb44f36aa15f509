import ArgumentParser
import Evaluation
import Models
import Runs
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
            retrieval: nDCG@10, recall@100 and MRR@10 of documents found by queries, as in BEIR: documents.tsv (id, \
            title, text), queries.tsv (id, query) and relevance.tsv (query, document, grade) in the folder --data, or \
            each by an option of its own. --index embeds the documents by another model: does an index that the dense \
            model built still work?
            classification: the metric of the classes with the highest logits, for a folder of a \
            …ForSequenceClassification and a file with the columns sentence, or sentence1 and sentence2, and label.

              secateur evaluate models/minilm --task sts --data stsb/dev.tsv --json
              secateur evaluate checkpoints/minilm-half --task fidelity \\
                  --data text.txt --against models/minilm
              secateur evaluate checkpoints/minilm-half --task retrieval \\
                  --data cranfield --index models/minilm
              secateur evaluate models/smollm2 --task lm --data text.txt \\
                  --context 512 --windows 40
              secateur evaluate models/cola --task classification \\
                  --data cola/dev.tsv --metric matthews
            """)

    @Argument(help: "A model folder, or a run folder.", completion: .file())
    var model: String

    @Option(
        help: "What it is scored on: \(SearchTasks.standard.all.map(\.help).joined(separator: "; ")).",
        completion: .list(SearchTasks.standard.names), transform: taskName)
    var task: String

    @Option(
        help: "The file with the pairs, the sentences, the examples or the text; for retrieval a folder.",
        completion: .file())
    var data: String?

    @Option(help: "For retrieval: the file of the documents.", completion: .file())
    var documents: String?

    @Option(help: "For retrieval: the file of the queries.", completion: .file())
    var queries: String?

    @Option(help: "For retrieval: the file that grades documents.", completion: .file())
    var relevance: String?

    @Option(
        help: "For retrieval: the model that documents are embedded by. Default: the same.",
        completion: .file())
    var index: String?

    @Option(help: "For classification: accuracy, f1 of class 1, or matthews. Default: accuracy.")
    var metric: ClassificationMetric?

    @Option(help: "For lm: tokens of a window.")
    var context = DecoderModel.windowTokens

    @Option(help: "For lm: how many windows, from the start of the text. Default: all.")
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

    func validate() throws {
        let separate = [documents, queries, relevance].compactMap(\.self)
        guard data != nil ? separate.isEmpty : separate.count == 3 else {
            throw ValidationError(
                "--data: found \(data ?? "none") with \(separate.count) of --documents, --queries and "
                    + "--relevance, allowed --data alone, or all three")
        }
        if index != nil || !separate.isEmpty, task != RetrievalSearchTask().name {
            throw ValidationError(
                "--index, --documents, --queries and --relevance: found with --task \(task), "
                    + "allowed with retrieval")
        }
        if task == AgreementTask().name, against == nil {
            throw ValidationError("--against: fidelity needs the dense model's folder")
        }
        if metric != nil, task != ClassesTask().name {
            throw ValidationError("--metric: found with --task \(task), allowed with classification")
        }
        guard context >= 2 else { throw ValidationError("--context: found \(context), allowed 2 or more") }
        if weights == .eightBit, task != LanguageTask().name || against != nil {
            throw ValidationError("--weights: 8bit is for --task lm without --against")
        }
        if let windows, windows < 1 {
            throw ValidationError("--windows: found \(windows), allowed 1 or more")
        }
    }

    func run() throws {
        let line = ProgressLine()
        var request = try EvaluationRequest(
            model: ModelArgument.folder(model), data: data ?? "", pool: ThreadPool(threads: threading.threads)
        )
        request.against = against.map(ModelArgument.folder)
        if let documents, let queries, let relevance {
            request.retrieval = (documents, queries, relevance)
        }
        request.index = index.map(ModelArgument.folder)
        request.metric = metric ?? .accuracy
        request.context = context
        request.windows = windows
        request.precision = weights.precision
        request.progress = { line.show("evaluating", $0) }
        let result = try SearchTasks.standard.task(named: task).evaluate(request)
        line.finish()
        try show(result)
    }

    private func show(_ result: EvaluationResult) throws {
        if json { return try Terminal.printJSON(result) }
        print("\(result.metric) \(Terminal.decimal(result.value, 4)) over \(result.count)")
        for figure in result.further where figure.name != result.metric {
            print("\(figure.label) \(Terminal.decimal(figure.value, 4))")
        }
    }
}

extension ClassificationMetric: ExpressibleByArgument {}
