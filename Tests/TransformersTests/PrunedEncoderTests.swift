import Foundation
import Levels
import ModelFiles
import SparseKernels
import Tensors
import Testing

@testable import Transformers

/// Heads, neurons and blocks that are gone from a checkpoint are gone from the computation, and nothing else
/// changes.
@Suite struct PrunedEncoderTests {
    private static let available = InstructionSet.allCases.filter(\.isAvailable)
    private static let lengths = [5, 1, 70, 17]

    private let sequences: [[Int32]] = {
        var random = CounterBasedRandom(seed: 7)
        return lengths.map { length in
            (0..<length).map { _ in Int32.random(in: 0..<Int32(RandomBERT.vocabulary), using: &random) }
        }
    }()

    /// The hidden states [hidden × tokens] of the sequences together.
    private func hidden(
        _ model: RandomBERT, _ instructionSet: InstructionSet = .best, threads: Int = 2,
        batch: TokenBatch? = nil, prefix: String = ""
    ) throws -> Matrix {
        try model.inFolder(prefix: prefix) { folder in
            let bert = try Encoder(folder: folder, instructionSet: instructionSet) { _, weight, bias in
                DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
            }
            let batch = batch ?? TokenBatch(sequences)
            let workspace = EncoderWorkspace(
                bert.dimensions, tokens: batch.tokens, threads: threads, longest: 70)
            let pool = try ThreadPool(threads: threads)
            // Twice, so that the second pass finds the memory as the first one left it.
            for _ in 0..<2 { bert.forward(batch, workspace: workspace, pool: pool) }
            return workspace.hidden.matrix
        }
    }

    private func expectEqual(
        _ found: Matrix, _ expected: Matrix, location: SourceLocation = #_sourceLocation
    ) {
        #expect(found.rows == expected.rows && found.columns == expected.columns, sourceLocation: location)
        let difference = zip(found.elements, expected.elements).map { abs($0 - $1) }.max() ?? .infinity
        #expect(difference < 1e-5, sourceLocation: location)
    }

    @Test(arguments: available) func removedHeadsAreHeadsOfZeros(instructionSet: InstructionSet) throws {
        let dense = RandomBERT(seed: 1)
        var (small, zeroed) = (dense, dense)
        for (block, heads) in [0: Set([1]), 2: Set([0, 2, 3])] {
            small.removeHeads(heads, ofBlock: block)
            zeroed.zeroColumns(
                heads.flatMap(RandomBERT.features), of: "encoder.layer.\(block).attention.output.dense")
        }
        let expected = try hidden(zeroed, instructionSet)
        expectEqual(try hidden(small, instructionSet), expected)
        small.configuration["pruned_heads"] = ["0": [1], "2": [0, 2, 3]]
        expectEqual(try hidden(small, instructionSet, threads: 3, prefix: "bert."), expected)
        #expect(try hidden(dense, instructionSet) != expected)
    }

    @Test(arguments: available) func removedNeuronsAreNeuronsOfZeros(instructionSet: InstructionSet) throws {
        let dense = RandomBERT(seed: 2)
        var (small, zeroed) = (dense, dense)
        for (block, neurons) in [Set([0, 5, 6]), Set(1..<RandomBERT.intermediate)].enumerated() {
            small.removeNeurons(neurons, ofBlock: block)
            zeroed.zeroColumns(Array(neurons), of: "encoder.layer.\(block).output.dense")
        }
        expectEqual(try hidden(small, instructionSet), try hidden(zeroed, instructionSet))
    }

    /// A block that adds nothing, with norms that change nothing, is no block.
    @Test(arguments: available) func aRemovedBlockIsABlockThatDoesNothing(instructionSet: InstructionSet)
        throws
    {
        var identity = RandomBERT(seed: 3)
        for norm in [
            "encoder.layer.0.output", "encoder.layer.1.attention.output", "encoder.layer.1.output",
        ] {
            identity.fill("\(norm).LayerNorm.weight", with: 1)
            identity.fill("\(norm).LayerNorm.bias", with: 0)
        }
        var small = identity
        for layer in ["attention.output.dense", "output.dense"] {
            identity.fill("encoder.layer.1.\(layer).weight", with: 0)
            identity.fill("encoder.layer.1.\(layer).bias", with: 0)
        }
        small.removeBlock(1)
        expectEqual(try hidden(small, instructionSet), try hidden(identity, instructionSet))
    }

    /// A sublayer whose last layer is a constant is not computed, and gives what one of zeros does.
    @Test(arguments: available) func aRemovedSublayerIsOneOfZeros(instructionSet: InstructionSet) throws {
        let removed = ["encoder.layer.0.attention.output.dense", "encoder.layer.2.output.dense"]
        var zeroed = RandomBERT(seed: 5)
        for layer in removed { zeroed.fill("\(layer).weight", with: 0) }
        try zeroed.inFolder { folder in
            func hidden(_ skips: Bool, threads: Int) throws -> (Matrix, LayerTimes) {
                let model = try Encoder(folder: folder, instructionSet: instructionSet) { _, weight, bias in
                    skips && weight.elements.allSatisfy { $0 == 0 }
                        ? try LevelFormats.standard.pack(.removed, weight: weight, bias: bias)
                        : DenseLinear(weight: weight, bias: bias, instructionSet: instructionSet)
                }
                let (batch, times) = (TokenBatch(sequences), LayerTimes())
                let workspace = EncoderWorkspace(
                    model.dimensions, tokens: batch.tokens, threads: threads, longest: 70)
                model.forward(
                    batch, workspace: workspace, pool: try ThreadPool(threads: threads), times: times)
                return (workspace.hidden.matrix, times)
            }
            let (expected, allTimes) = try hidden(false, threads: 2)
            for threads in [1, 3] {
                let (found, times) = try hidden(true, threads: threads)
                expectEqual(found, expected)
                #expect(allTimes.milliseconds.count - times.milliseconds.count == 3 + 1 + 1 + 1)
            }
        }
    }

    @Test func sizesAreThoseOfTheTensors() throws {
        var model = RandomBERT(seed: 4)
        model.removeHeads([3], ofBlock: 1)
        for block in 0..<3 { model.removeNeurons(Set(0...block), ofBlock: block) }
        try model.inFolder { folder in
            let bert = try Encoder(folder: folder)
            #expect(bert.blocks.map { $0.query.operation.rows / bert.dimensions.headSize } == [4, 3, 4])
            #expect(bert.dimensions.intermediate == 43 && bert.dimensions.heads == 4)
            #expect(bert.dimensions.headSize == 8)
            for shape in bert.layerShapes {
                let weight = try bert.weight(of: shape.name)
                #expect(weight.rows == shape.rows && weight.columns == shape.cols)
                #expect(model.tensors["\(shape.name).weight"] == weight)
            }
            let weights = bert.layerShapes.map { model.tensors["\($0.name).weight"]?.elements.count ?? 0 }
            #expect(bert.prunableParameterCount == weights.reduce(0, +))
        }
    }

    /// Widths of no multiple of any unit run in every sparse format.
    @Test(arguments: ["unstructured@0.6", "4x1@0.6", "6x1@0.6", "8x1@0.6", "16x1@0.6", "4x4@0.6", "2:4@0.5"])
    func sparseFormatsTakeAnyWidth(name: String) throws {
        var model = RandomBERT(seed: 5)
        model.removeHeads([0], ofBlock: 1)
        model.removeNeurons([7, 9, 30], ofBlock: 1)
        try model.inFolder { folder in
            let level = try #require(Level(name))
            let bert = try Encoder(folder: folder)
            let sparse = try bert.withScatteredZeros(level, for: .prefill)
            let pool = try ThreadPool(threads: 2)
            var inputs: [String: Matrix] = [:]
            sparse.observeInputs(of: sequences, pool: pool, progress: { _ in }) { layers, input in
                for layer in layers { inputs[layer] = input.matrix }
            }
            #expect(Set(inputs.keys) == Set(bert.layerShapes.map(\.name)))
            for shape in bert.layerShapes { #expect(inputs[shape.name]?.rows == shape.cols) }
            let embeddings = sparse.embed(sequences, pool: pool)
            #expect(embeddings == sparse.embed(sequences, pool: try ThreadPool(threads: 3)))
            #expect(embeddings.elements.allSatisfy { $0.isFinite })
        }
    }

    /// Layers of hardly any zeros are faster dense, those of hardly any weights are not; results are the
    /// same.
    @Test(arguments: [("unstructured@0.05", true), ("unstructured@0.95", false), ("8x1@0.9", false)])
    func choosingKernelsChangesNoResult(name: String, isFasterDense: Bool) throws {
        try RandomBERT(seed: 8).inFolder { folder in
            let level = try #require(Level(name))
            let sparse = try Encoder(folder: folder).withScatteredZeros(level, for: .prefill)
            let pool = ThreadPool()
            let choice = KernelChoice(for: sparse, Workload(tokens: 16), pool: pool)
            let layers = sparse.layerShapes.map(\.name)
            #expect(choice.prunedLayers == layers.count)
            #expect(choice.model.embed(sequences, pool: pool) == sparse.embed(sequences, pool: pool))
            let dense = layers.filter { choice.model.operators[$0] is DenseLinear }
            #expect(choice.denseLayers == dense)
            // Other programs may disturb the measurement of some.
            #expect((2 * dense.count > layers.count) == isFasterDense, "\(dense.count) dense")
        }
    }

    /// A word of type 1 is another word, by the difference of the types, of type 0.
    @Test(arguments: available) func secondSentencesHaveTheirType(instructionSet: InstructionSet) throws {
        var model = RandomBERT(seed: 6)
        let half = RandomBERT.vocabulary / 2
        let types = try #require(model.tensors["embeddings.token_type_embeddings.weight"])
        for word in 0..<half {
            for feature in 0..<RandomBERT.hidden {
                let own = model.tensors["embeddings.word_embeddings.weight"]?[word, feature] ?? 0
                model.tensors["embeddings.word_embeddings.weight"]?[word + half, feature] =
                    own + types[1, feature] - types[0, feature]
            }
        }
        let words = sequences.map { $0.map { $0 % Int32(half) } }
        let firsts = [3, 1, 20, 0]
        let moved = zip(words, firsts).map { sequence, first in
            sequence.enumerated().map { $0 < first ? $1 : $1 + Int32(half) }
        }
        let pairs = TokenBatch(pairs: words, firsts: firsts)
        expectEqual(
            try hidden(model, instructionSet, batch: pairs),
            try hidden(model, instructionSet, batch: TokenBatch(moved)))
    }

    private static let wrong: [(change: @Sendable (inout RandomBERT) -> Void, says: [String])] = [
        (
            { $0.keepRows(Array(0..<12), of: "encoder.layer.1.attention.self.query") },
            ["encoder.layer.1.attention.self.query.weight", "[12, 32]", "multiple of the head size 8"]
        ),
        (
            { $0.keepRows([], of: "encoder.layer.0.attention.self.query") },
            ["encoder.layer.0.attention.self.query.weight", "[0, 32]"]
        ),
        (
            { $0.keepRows(Array(0..<24), of: "encoder.layer.1.attention.self.key") },
            ["encoder.layer.1.attention.self.key.weight", "[24, 32]", "[32, 32]"]
        ),
        (
            { $0.keepColumns(Array(0..<24), of: "encoder.layer.2.attention.output.dense") },
            ["encoder.layer.2.attention.output.dense.weight", "[32, 24]", "[32, 32]"]
        ),
        (
            { $0.keepRows([], of: "encoder.layer.0.intermediate.dense") },
            ["encoder.layer.0.intermediate.dense.weight", "[0, 32]", "1 to intermediate_size 44"]
        ),
        (
            { $0.configuration["intermediate_size"] = 40 },
            ["encoder.layer.0.intermediate.dense.weight", "[44, 32]", "1 to intermediate_size 40"]
        ),
        (
            { $0.keepRows(Array(0..<40), of: "encoder.layer.0.intermediate.dense") },
            ["encoder.layer.0.output.dense.weight", "[32, 44]", "[32, 40]"]
        ),
        (
            { $0.configuration["pruned_heads"] = ["1": [0, 2]] },
            ["encoder.layer.1.attention.self.query.weight", "4 heads", "allowed 2", "pruned_heads"]
        ),
        (
            {
                $0.removeHeads([1], ofBlock: 0); $0.configuration["pruned_heads"] = [String: [Int]]()
            },
            ["encoder.layer.0.attention.self.query.weight", "3 heads", "allowed 4"]
        ),
        ({ $0.configuration["pruned_heads"] = ["3": [0]] }, ["config.json", "pruned_heads.3", "0 to 2"]),
        ({ $0.configuration["pruned_heads"] = ["0": [4]] }, ["pruned_heads.0", "heads from 0 to 3"]),
        ({ $0.configuration["pruned_heads"] = ["0": [1, 1]] }, ["pruned_heads.0", "different heads"]),
        ({ $0.configuration["pruned_heads"] = ["0": [0, 1, 2, 3]] }, ["pruned_heads.0", "fewer than 4"]),
        (
            { $0.configuration["position_embedding_type"] = "relative_key" },
            ["config.json", "'position_embedding_type': found 'relative_key', allowed 'absolute'"]
        ), ({ $0.configuration["num_hidden_layers"] = 4 }, ["encoder.layer.3.attention.self.query.weight"]),
    ]

    @Test(arguments: wrong.indices) func otherShapesAreNamed(index: Int) throws {
        var model = RandomBERT(seed: 8)
        Self.wrong[index].change(&model)
        try model.inFolder { folder in
            let error = #expect(throws: Levels.Issue.self) { try Encoder(folder: folder) }
            let description = try #require(error).description
            for word in Self.wrong[index].says {
                #expect(description.contains(word), "\(description)")
            }
        }
    }
}
