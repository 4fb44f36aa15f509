import ArgumentParser
import Foundation
import Search
import SparseKernels
import Tensors

/// `secateur benchmark`
struct Benchmark: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Measure end-to-end latency, in turn with the dense model in one run.",
        discussion: "Example: secateur benchmark checkpoints/minilm-half --threads 1 --json")

    @Argument(help: "A model folder, or a run folder.")
    var model: String

    @Option(help: "The model to compare with; the one that the run searched unless given.")
    var against: String?

    @OptionGroup var machine: MachineOptions

    @Option(help: "Sequences at a time.")
    var batch = 1

    @Option(help: "Rounds to measure, each model in turn.")
    var rounds = 40

    @Option(help: "Scatter zeros over every layer at a level, such as 4x1@0.8, to measure its speed alone.")
    var level: Level?

    @Flag(help: "Show where the time goes, by operation.")
    var breakdown = false

    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Output: Encodable {
        let medianMs, p95Ms, spreadMs: Double
        let denseMedianMs, denseP95Ms, denseSpreadMs: Double
        let speedup: Double
        let tokens, threads, batch: Int
        let isa: String
        let sizeBytes, denseSizeBytes: Int
        let breakdown, denseBreakdown: Breakdown?
    }

    func validate() throws {
        guard batch >= 1, rounds >= 1 else {
            throw ValidationError("--batch and --rounds: found \(batch) and \(rounds), allowed 1 or more")
        }
    }

    func run() throws {
        let pruned = try ModelArgument.load(model)
        let dense = try ModelArgument.load(try against ?? SearchSession.searchedModel(run: model) ?? model)
        guard machine.tokens <= pruned.encoder.dimensions.maximumTokens else {
            throw SearchFailure(
                "--tokens: found \(machine.tokens), allowed \(pruned.encoder.dimensions.maximumTokens) at most"
            )
        }
        let encoder = level.map(pruned.encoder.withScatteredZeros) ?? pruned.encoder
        let line = ProgressLine()
        var benchmark = EndToEndBenchmark(tokens: machine.tokens, pool: ThreadPool(threads: machine.threads))
        benchmark.batch = batch
        benchmark.rounds = rounds
        let result = benchmark.measure(encoder, against: dense.encoder) { line.show("measuring", $0) }
        line.finish()
        let output = Output(
            medianMs: result.model.medianMs, p95Ms: result.model.p95Ms, spreadMs: result.model.spreadMs,
            denseMedianMs: result.reference.medianMs, denseP95Ms: result.reference.p95Ms,
            denseSpreadMs: result.reference.spreadMs, speedup: result.speedup, tokens: machine.tokens,
            threads: machine.threads, batch: batch, isa: InstructionSet.best.rawValue,
            sizeBytes: pruned.sizeBytes(of: encoder), denseSizeBytes: dense.sizeBytes,
            breakdown: breakdown ? benchmark.breakdown(encoder) : nil,
            denseBreakdown: breakdown ? benchmark.breakdown(dense.encoder) : nil)
        if json { return try Terminal.printJSON(output) }
        let decimal = Terminal.decimal
        print("\(output.tokens) tokens, batch \(batch), \(output.threads) threads, \(output.isa)")
        print("dense   \(decimal(output.denseMedianMs, 3)) ms, p95 \(decimal(output.denseP95Ms, 3)) ms")
        print("model   \(decimal(output.medianMs, 3)) ms, p95 \(decimal(output.p95Ms, 3)) ms")
        print("speed-up \(decimal(output.speedup, 2))x")
        print(
            "size    \(Terminal.megabytes(output.sizeBytes)), dense \(Terminal.megabytes(output.denseSizeBytes))"
        )
        output.denseBreakdown.map { show($0, of: "dense") }
        output.breakdown.map { show($0, of: "model") }
    }

    private func show(_ breakdown: Breakdown, of name: String) {
        print("\(name), by operation")
        for entry in breakdown.entries {
            let percent = Terminal.decimal(100 * entry.share, 1)
            print("  \(entry.operation)  \(Terminal.decimal(entry.ms, 3)) ms  \(percent) %")
        }
    }
}

extension Level: ExpressibleByArgument {
    /// Reads `unstructured@0.7`.
    public init?(argument: String) { self.init(argument) }
}
