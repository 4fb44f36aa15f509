import ArgumentParser
import Foundation
import Levels
import ModelFiles
import Models
import Pruning
import Runs
import Search
import SparseKernels
import Tensors
import Transformers

/// Writes a language model with every layer at one level: what a searched policy is compared with.
struct UniformModel: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Prune every layer of a language model to one level and write it as a GGUF file.")

    @Argument(help: "The dense model.")
    var model = "models/smollm2"

    @Option(help: "The text to calibrate on.")
    var train: String

    @Option(help: "The level, such as 4x1@0.800.")
    var level: String

    @Option(help: "How layers are pruned.")
    var solver = PruningScore.obs

    @Option(help: "Windows of text to calibrate on.")
    var windows = 64

    @Option(help: "The folder to write; it must not exist.")
    var output: String

    func run() throws {
        guard let level = Level(level) else {
            throw ValidationError("--level: found '\(level)', allowed such as 4x1@0.800")
        }
        let pool = try ThreadPool(threads: UsableProcessors.count())
        let dense = try DecoderModel(path: model, precision: .float32)
        let text = try dense.windows(ofText: train, context: DecoderModel.windowTokens)
        let calibration = Calibration(
            model: dense.network, sequences: Array(text.prefix(windows)), pool: pool)
        let shapes = dense.network.layerShapes
        let pruned = try PolicyPruning.prune(
            layers: shapes, to: shapes.map { _ in level }, weight: dense.network.weight(of:),
            covariance: { calibration.covariances[$0.name] }, score: solver, pool: pool)
        try dense.write(pruned, levels: [:], to: output)
        print("\(level) in \(output)")
    }
}
