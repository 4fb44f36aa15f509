import ArgumentParser
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

    @Option(help: "Threads to compute with.")
    var threads = UsableProcessors.count()

    func run() throws {
        let pool = try ThreadPool(threads: threads)
        let dense = try EncoderModel(folder: model).encoder
        let variants = try LevelVariants(of: dense, levels: .standard)
        let workload = Workload(tokens: tokens)
        let table = Profiler(of: dense, variants: variants, workload, pool: pool).measure()
        print("\(table.fingerprint), \(tokens) tokens, \(threads) threads")
        print("fit: scale \(decimal(table.fit.scale)), median error \(percent(table.fit.medianError))")
        var random = CounterBasedRandom(seed: 3)
        let benchmark = EndToEndBenchmark(workload, pool: pool)
        var errors: [Double] = []
        for _ in 0..<policies {
            let actions = variants.randomPolicy(using: &random)
            let measured = 1 / benchmark.measure(variants.model(actions), against: dense).speedup
            let predicted = predictedMs(actions, table, variants) / table.dense.medianMs
            errors.append(abs(predicted - measured) / measured)
            print("predicted \(decimal(predicted))  measured \(decimal(measured)) of dense")
        }
        print("median absolute error \(percent(Percentiles(errors).median))")
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
