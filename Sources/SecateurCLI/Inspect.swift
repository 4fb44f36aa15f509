import ArgumentParser
import Levels
import Models
import Search
import Transformers

/// `secateur inspect`
struct Inspect: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Show a model's architecture and its prunable layers.",
        discussion: """
              secateur inspect models/minilm
              secateur inspect checkpoints/minilm-half --json
            """)

    @Argument(help: "A model folder, or a run folder.", completion: .file())
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
        try show(ModelArgument.loadAny(model))
    }

    private func show(_ loaded: some SearchableModel) throws {
        let network = loaded.network
        let prunable = network.prunableParameterCount
        if json {
            try Terminal.printJSON(
                Output(
                    architecture: loaded.architecture, parameters: network.parameterCount,
                    prunableParameters: prunable,
                    layers: network.layerShapes))
            return
        }
        print("\(loaded.architecture): \(network.parameterCount) parameters, \(prunable) of them prunable")
        for layer in network.layerShapes {
            let sparsity = try network.weight(of: layer.name).sparsity
            let pruned = sparsity > 0 ? "  sparsity \(Terminal.decimal(sparsity, 3))" : ""
            print("  \(layer.name)  \(layer.rows)x\(layer.cols)\(pruned)")
        }
    }
}
