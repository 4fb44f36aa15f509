import ArgumentParser
import Evaluation
import Foundation
import Levels
import Models
import Search
import SparseKernels
import Tensors
import Transformers

/// How well the latency table predicts whole forward passes.
struct LatencyPrediction: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Predicted against measured latency of random policies that the table was not fitted to.")

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(help: "Policies to measure.")
    var policies = 20

    @Option(help: "Tokens of a sequence.")
    var tokens = 128

    @Option(
        help: """
            A text instead: predict means over its lengths, by a table over all of them, over fewer, and of their mean \
            alone.
            """)
    var lengths: String?

    @Option(help: "Levels of the policies.")
    var levels = LevelSet.standard.map(\.description).joined(separator: ",")

    @Option(help: "Threads to compute with.")
    var threads = UsableProcessors.count()

    func run() throws {
        let pool = try ThreadPool(threads: threads)
        let loaded = try EncoderModel(folder: model)
        let dense = loaded.encoder
        let variants = try LevelVariants(of: dense, levels: LevelSet(levels))
        let workloads = try workloads(loaded)
        let tables = workloads.map { Profiler(of: dense, variants: variants, $0, pool: pool).measure() }
        print("\(tables[0].fingerprint), \(threads) threads; measured: \(workloads[0])")
        for (workload, table) in zip(workloads, tables) {
            print(
                "table of \(name(workload)): scale \(decimal(table.fit.scale)), median error "
                    + percent(table.fit.medianError))
        }
        var random = CounterBasedRandom(seed: 3)
        let benchmark = EndToEndBenchmark(workloads[0], pool: pool)
        var errors = tables.map { _ in [Double]() }
        for _ in 0..<policies {
            let actions = variants.randomPolicy(using: &random)
            let measured = 1 / benchmark.measure(variants.model(actions), against: dense).speedup
            let predicted = tables.map { predictedMs(actions, $0, variants) / $0.dense.medianMs }
            for (index, value) in predicted.enumerated() {
                errors[index].append(abs(value - measured) / measured)
            }
            let all = predicted.map(decimal).joined(separator: ", ")
            print("predicted \(all)  measured \(decimal(measured)) of dense")
        }
        for (workload, errors) in zip(workloads, errors) {
            print("median absolute error of \(name(workload)): \(percent(Percentiles(errors).median))")
        }
    }

    /// What is measured, and what else tables are made of.
    private func workloads(_ model: EncoderModel) throws -> [Workload] {
        guard let lengths else { return [Workload(tokens: tokens)] }
        let texts = model.sentences.encode(try Datasets.sentences(path: lengths)).map(\.count)
        let all = Workload(ofTexts: texts)
        return [all, Workload(ofTexts: texts, passes: 5), Workload(tokens: all.tokens)]
    }

    private func name(_ workload: Workload) -> String {
        workload.lengths.map { "\($0.count.counted("length"))" } ?? "\(workload)"
    }

    private func predictedMs(_ actions: [Int], _ table: LatencyTable, _ variants: LevelVariants<Encoder>)
        -> Double
    {
        zip(variants.dense.layerShapes, actions).reduce(table.fit.overheadMs) { sum, choice in
            sum + (table.latencyMs(choice.0, variants.levels[choice.1]) ?? .nan)
        }
    }

    private func decimal(_ value: Double) -> String { String(format: "%.3f", value) }
    private func percent(_ value: Double) -> String { String(format: "%.1f %%", 100 * value) }
}
