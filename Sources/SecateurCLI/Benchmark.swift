import ArgumentParser
import Foundation
import Levels
import Models
import Runs
import Search
import SparseKernels
import Tensors
import Transformers

/// `secateur benchmark`
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure end-to-end latency, alternating with the dense model in one run.",
        discussion: """
            For a language model also tokens per second, of prefill and of decoding, which starts after --tokens \
            tokens.

              secateur benchmark checkpoints/minilm-half --threads 1 --json
              secateur benchmark pruned --against models/minilm --breakdown
              secateur benchmark models/minilm --level 4x1@0.8
              secateur benchmark checkpoints/minilm-half --lengths text.txt
            """)

    @Argument(help: "A model folder, or a run folder.", completion: .file())
    var model: String

    @Option(
        help: "The model to compare with. Default: the one that the run searched.",
        completion: .file())
    var against: String?

    @OptionGroup var machine: MachineOptions

    @Option(help: "Sequences at a time.")
    var batch = 1

    @Option(
        help: """
            Measure over the lengths that texts have, at 20 quantiles, and show medians, means and 95th percentiles: a \
            text file, a sentence a line; a table with columns of sentences; or a folder of documents and queries. \
            Encoders only, instead of --tokens.
            """, completion: .file())
    var lengths: String?

    @Option(help: "Rounds to measure, models alternating.")
    var rounds = 40

    @Option(help: "For language models, how weights are kept for decoding: float or 8bit.")
    var weights = WeightPrecision.eightBit

    @Option(
        help: "Scatter zeros over every layer at a level, such as 4x1@0.8, to measure its speed alone.",
        completion: .list(LevelSet.standard.filter { !$0.keepsAll }.map(\.description)),
        transform: levelOfLayers)
    var level: Level?

    @Flag(help: "Show where the time goes, by operation.")
    var breakdown = false

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Output: Encodable {
        let medianMs, meanMs, p95Ms, spreadMs: Double
        let denseMedianMs, denseMeanMs, denseP95Ms, denseSpreadMs: Double
        let speedup: Double
        var lengths: TextLengths?
        var speedups: Speedups?
        let tokens, threads, batch: Int
        let isa: String
        let sizeBytes, denseSizeBytes: Int
        var prefillTokensPerSecond, densePrefillTokensPerSecond: Double?
        var decodeTokensPerSecond, denseDecodeTokensPerSecond: Double?
        var decodeSpeedup: Double?
        let prunedLayers: Int
        let denseLayers: [String]
        var decodeDenseLayers: [String]?
        var breakdown, denseBreakdown: Breakdown?
    }

    /// Times of the dense model over those of the other.
    private struct Speedups: Encodable {
        let median, mean, p95: Double

        init(_ measured: EndToEndBenchmark.Result) {
            median = measured.reference.medianMs / measured.model.medianMs
            // By rounds, as what slows the machine down for a while slows both.
            mean = measured.speedup
            p95 = measured.reference.p95Ms / measured.model.p95Ms
        }
    }

    func validate() throws {
        guard batch >= 1, rounds >= 1 else {
            throw ValidationError("--batch and --rounds: found \(batch) and \(rounds), allowed 1 or more")
        }
        guard batch <= 4096 else { throw ValidationError("--batch: found \(batch), allowed 1 to 4096") }
        guard lengths == nil || machine.tokens == nil else {
            throw ValidationError("--lengths: found with --tokens, allowed one of the two")
        }
    }

    func run() throws {
        try measure(ModelArgument.loadAny(model, precision: precision(of: model)))
    }

    /// Of layers that no level is asked for. Decoding with 8-bit weights leaves prefill as it is: one model
    /// serves both.
    private func precision(of path: String) -> Precision {
        ModelArgument.isDecoder(path) ? weights.precision : .float32
    }

    /// The level as it is asked for, in the precision of the weights where it names none.
    private var wholeLevel: Level? {
        level.map { $0.precision == .float32 ? $0.with(precision(of: model)) : $0 }
    }

    private func measure<Model: SearchableModel>(_ pruned: Model) throws {
        let reference = try against ?? RunFiles(folder: model).searchedModel() ?? model
        guard let dense = try ModelArgument.loadAny(reference, precision: precision(of: reference)) as? Model
        else {
            throw Issue(
                .mismatch, .path(reference), found: "another kind of model", allowed: "the kind of \(model)")
        }
        let texts = try lengths.map { try TextLengths(file: $0, of: pruned) }
        let prefillWorkload =
            try texts.map { Workload(ofTexts: $0.tokens, batch: batch) }
            ?? Workload(tokens: machine.tokens(for: pruned), batch: batch)
        let tokens = prefillWorkload.tokens
        func workload(_ phase: Workload.Phase) -> Workload {
            phase == .prefill ? prefillWorkload : Workload(phase: phase, tokens: tokens, batch: batch)
        }
        machine.noteBusyProcessors()
        let pool = try ThreadPool(threads: machine.threads)
        let line = ProgressLine()
        let network =
            try wholeLevel.map { try pruned.network.withScatteredZeros($0) }
            ?? pruned.network
        func benchmark(_ phase: Workload.Phase) -> EndToEndBenchmark {
            var benchmark = EndToEndBenchmark(workload(phase), pool: pool)
            benchmark.rounds = rounds
            return benchmark
        }
        func choice(_ network: Model.Network, _ phase: Workload.Phase) -> KernelChoice<Model.Network> {
            line.show("choosing kernels", 0)
            return KernelChoice(for: network, workload(phase), pool: pool)
        }
        func result(
            _ phase: Workload.Phase, _ network: Model.Network, against reference: Model.Network
        ) -> EndToEndBenchmark.Result {
            benchmark(phase).measure(network, against: reference) {
                line.show("measuring \(phase.rawValue)", $0)
            }
        }
        let chosen = choice(network, .prefill)
        let denseNetwork = choice(dense.network, .prefill).model
        let prefill = result(.prefill, chosen.model, against: denseNetwork)
        var output = Output(
            medianMs: prefill.model.medianMs, meanMs: prefill.model.meanMs, p95Ms: prefill.model.p95Ms,
            spreadMs: prefill.model.spreadMs, denseMedianMs: prefill.reference.medianMs,
            denseMeanMs: prefill.reference.meanMs, denseP95Ms: prefill.reference.p95Ms,
            denseSpreadMs: prefill.reference.spreadMs, speedup: prefill.speedup, lengths: texts,
            speedups: texts.map { _ in Speedups(prefill) }, tokens: tokens,
            threads: machine.threads, batch: batch, isa: InstructionSet.best.rawValue,
            sizeBytes: network.sizeBytes, denseSizeBytes: dense.sizeBytes,
            prunedLayers: chosen.prunedLayers, denseLayers: chosen.denseLayers)
        if pruned is DecoderModel {
            let chosen = choice(network, .decode)
            let decode = result(.decode, chosen.model, against: choice(dense.network, .decode).model)
            if weights == .float { output.decodeDenseLayers = chosen.denseLayers }
            let thousands = 1000 * Double(batch)
            output.prefillTokensPerSecond = thousands * Double(tokens) / prefill.model.medianMs
            output.densePrefillTokensPerSecond = thousands * Double(tokens) / prefill.reference.medianMs
            output.decodeTokensPerSecond = thousands / decode.model.medianMs
            output.denseDecodeTokensPerSecond = thousands / decode.reference.medianMs
            output.decodeSpeedup = decode.speedup
        }
        if breakdown {
            let breakdowns = benchmark(.prefill).breakdowns(chosen.model, against: denseNetwork)
            (output.breakdown, output.denseBreakdown) = (breakdowns.model, breakdowns.reference)
        }
        line.finish()
        try show(output)
    }

    private func show(_ output: Output) throws {
        if json { return try Terminal.printJSON(output) }
        let decimal = Terminal.decimal
        let what = output.lengths.map { "\($0)" } ?? output.tokens.counted("token")
        print("\(what), batch \(output.batch), \(output.threads.counted("thread")), \(output.isa)")
        func latency(_ name: String, _ medianMs: Double, _ meanMs: Double, _ p95Ms: Double) {
            let mean = output.lengths == nil ? "" : "mean \(decimal(meanMs, 3)) ms, "
            print("\(name)   \(decimal(medianMs, 3)) ms, \(mean)p95 \(decimal(p95Ms, 3)) ms")
        }
        latency("dense", output.denseMedianMs, output.denseMeanMs, output.denseP95Ms)
        latency("model", output.medianMs, output.meanMs, output.p95Ms)
        if let speedups = output.speedups {
            print(
                "speed-up \(decimal(speedups.median, 2))x, of means \(decimal(speedups.mean, 2))x, "
                    + "of p95 \(decimal(speedups.p95, 2))x")
        } else {
            print("speed-up \(decimal(output.speedup, 2))x")
        }
        showRates(output)
        print(
            "size    \(Terminal.megabytes(output.sizeBytes)), dense \(Terminal.megabytes(output.denseSizeBytes))"
        )
        showDenseLayers(output)
        output.denseBreakdown.map { show($0, of: "dense") }
        output.breakdown.map { show($0, of: "model") }
    }

    private func showDenseLayers(_ output: Output) {
        func show(_ layers: [String], _ tokens: Int) {
            guard !layers.isEmpty else { return }
            print(
                "\(layers.count) of \(output.prunedLayers) pruned layers run dense: faster "
                    + (output.lengths == nil ? "at \(tokens.counted("token"))" : "over these lengths"))
        }
        show(output.denseLayers, output.tokens * output.batch)
        show(output.decodeDenseLayers ?? [], output.batch)
    }

    private func show(_ breakdown: Breakdown, of name: String) {
        print("\(name), by operation")
        for entry in breakdown.entries {
            let percent = Terminal.decimal(100 * entry.share, 1)
            print("  \(entry.operation)  \(Terminal.decimal(entry.ms, 3)) ms  \(percent) %")
        }
    }

    private func showRates(_ output: Output) {
        guard let prefill = output.prefillTokensPerSecond,
            let densePrefill = output.densePrefillTokensPerSecond,
            let decode = output.decodeTokensPerSecond, let denseDecode = output.denseDecodeTokensPerSecond
        else { return }
        let decimal = Terminal.decimal
        print("prefill \(decimal(prefill, 1)) tokens/s, dense \(decimal(densePrefill, 1))")
        print(
            "decode  \(decimal(decode, 1)) tokens/s, dense \(decimal(denseDecode, 1)) (\(weights.rawValue) weights)"
        )
    }
}

/// How weights are kept for decoding.
enum WeightPrecision: String, CaseIterable, ExpressibleByArgument {
    /// As they are for prefill: exact.
    case float
    /// 8 bits, with a scale for every 64: less to fetch from memory for each token.
    case eightBit = "8bit"
    /// 4 bits, with a scale for each row and a multiplier for every 32: half of those 8.
    case fourBit = "4bit"

    /// The precision of levels.
    var precision: Precision {
        switch self {
        case .float: .float32
        case .eightBit: .int8
        case .fourBit: .int4
        }
    }
}
