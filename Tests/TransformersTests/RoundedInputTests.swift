import Levels
import SparseKernels
import Tensors
import Testing

@testable import Transformers

/// An input that is rounded once for several layers gives what each layer's own rounding gives.
@Suite struct RoundedInputTests {
    /// A layer that rounds its input for itself.
    private final class Alone: LinearOperator {
        private let base: any LinearOperator

        init(_ base: any LinearOperator) { self.base = base }

        var rows: Int { base.rows }
        var columns: Int { base.columns }
        var sizeBytes: Int { base.sizeBytes }

        func rows(ofPart part: Int, of parts: Int) -> Range<Int> { base.rows(ofPart: part, of: parts) }

        func apply(_ input: PanelMatrix, into output: PanelMatrix, part: Int, of parts: Int) {
            base.apply(input, into: output, part: part, of: parts)
        }
    }

    private func hidden(
        _ levels: [String: String], threads: Int, isShared: Bool
    ) throws -> Matrix {
        try RandomBERT(seed: 4).inFolder { folder in
            let dense = try Encoder(folder: folder)
            var operators: [String: any LinearOperator] = [:]
            for layer in dense.layerShapes {
                guard let text = levels.first(where: { layer.name.hasSuffix($0.key) })?.value else {
                    continue
                }
                let packed = try LevelFormats.standard.pack(
                    try #require(Level(text)), weight: dense.weight(of: layer.name),
                    bias: dense.bias(of: layer.name))
                operators[layer.name] = isShared ? packed : Alone(packed)
            }
            let model = dense.replacing(operators)
            let batch = TokenBatch([[1, 5, 3], Array(repeating: 7, count: 33), [2]])
            let workspace = EncoderWorkspace(
                model.dimensions, tokens: batch.tokens, threads: threads, longest: 33)
            model.forward(batch, workspace: workspace, pool: try ThreadPool(threads: threads))
            return workspace.hidden.matrix
        }
    }

    /// Of the layers of a block some in bfloat16, some in whole numbers, some in floats.
    @Test(arguments: [1, 3]) func formsMix(threads: Int) throws {
        let levels = [
            "query": "bfloat16", "key": "int8", "attention.output.dense": "bfloat16",
            "\(1).output.dense": "bfloat16", "2.output.dense": "int8",
        ]
        let shared = try hidden(levels, threads: threads, isShared: true)
        #expect(try shared == hidden(levels, threads: threads, isShared: false))
        #expect(try shared != hidden([:], threads: threads, isShared: true))
    }

    /// GELU after a product in bfloat16, before one that needs the maxima that only whole numbers note.
    @Test(arguments: ["bfloat16", "int8", "float32"]) func geluIsApplied(down: String) throws {
        let levels = ["intermediate.dense": "bfloat16", "output.dense": "dense:\(down)"]
        let found = try hidden(levels, threads: 2, isShared: true)
        let expected = try hidden(levels, threads: 2, isShared: false)
        let difference = zip(found.elements, expected.elements).map { abs($0 - $1) }.max() ?? .infinity
        // GELU is within 6e-5, and may fall on another step of what is rounded next.
        #expect(difference < 0.02 && difference > 0)
    }
}
