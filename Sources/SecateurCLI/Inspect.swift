import ArgumentParser
import Search
import Transformers

/// `secateur inspect`
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a model's architecture and its prunable layers.",
        discussion: "Example: secateur inspect models/minilm --json")

    @Argument(help: "A model folder, or a run folder.")
    var model: String

    @Flag(help: "Print one JSON object: architecture, parameters, prunableParameters, layers.")
    var json = false

    private struct Output: Encodable {
        let architecture: String
        let parameters: Int
        let prunableParameters: Int
        let layers: [LayerShape]
    }

    func run() throws {
        let encoder = try ModelArgument.load(model).encoder
        let prunable = encoder.layerShapes.reduce(0) { $0 + $1.weightCount }
        if json {
            try Terminal.printJSON(
                Output(
                    architecture: "bert", parameters: encoder.parameterCount, prunableParameters: prunable,
                    layers: encoder.layerShapes))
            return
        }
        print("bert: \(encoder.parameterCount) parameters, \(prunable) of them prunable")
        for layer in encoder.layerShapes {
            let sparsity = encoder.weights[layer.name]?.sparsity ?? 0
            let pruned = sparsity > 0 ? "  sparsity \(Terminal.decimal(sparsity, 3))" : ""
            print("  \(layer.name)  \(layer.rows)x\(layer.cols)\(pruned)")
        }
    }
}
