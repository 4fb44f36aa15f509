import ArgumentParser
import Dispatch
import Evaluation
import Foundation
import Levels
import Models
import Search
import SparseKernels
import Tensors

/// How long it takes to evaluate one policy.
struct EvaluationTime: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Median time to embed sentences with a pruned model and score their similarities.")

    @Argument(help: "The dense model's folder.")
    var model = "models/minilm"

    @Option(help: "The sentences.")
    var data = "data/fortunes.txt"

    @Option(help: "Sentences to evaluate on.")
    var sentences = 160

    @Option(help: "The level of every layer.")
    var level = "4x1@0.700"

    @Option(help: "Threads to compute with.")
    var threads = UsableProcessors.count()

    func run() throws {
        guard let level = Level(level) else { throw ValidationError("--level: found '\(level)'") }
        let pool = try ThreadPool(threads: threads)
        let dense = try EncoderModel(folder: model)
        let text = try Datasets.sentences(path: data).prefix(sentences)
        let sequences = dense.sentences.encode(Array(text))
        let task = FidelityTask(
            sequences: sequences, denseEmbeddings: dense.encoder.embed(sequences, pool: pool))
        let variants = try LevelVariants(of: dense.encoder, levels: LevelSet([.dense, level]))
        for (level, model) in zip(variants.levels, variants.models) {
            let times = (0..<15).map { _ in
                let start = DispatchTime.now().uptimeNanoseconds
                _ = task.score(model, pool: pool)
                return Double(DispatchTime.now().uptimeNanoseconds - start) / 1e9
            }
            print(
                String(
                    format: "%@: %.3f s for %d sentences, %d tokens, %d threads", level.description,
                    Percentiles(times).median, sequences.count,
                    sequences.reduce(0) { $0 + $1.count }, threads))
        }
    }
}
