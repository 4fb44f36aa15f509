import Foundation
import Levels
import SparseKernels
import Tensors
import Testing

@testable import Pruning

/// Scores of weights and of what is removed, computed by hand.
@Suite struct ScoreTests {
    private static let weight = Matrix(rows: 2, columns: 2, elements: [1, -2, 3, 0.5])
    private static let gradients = [
        Matrix(rows: 2, columns: 2, elements: [0.5, 1, -1, 2]),
        Matrix(rows: 2, columns: 2, elements: [-1.5, 0.5, 2, 4]),
    ]

    private func evidence() -> LayerEvidence {
        var evidence = LayerEvidence(weight: Self.weight)
        for gradient in Self.gradients { evidence.add(gradient: gradient) }
        var covariance = InputCovariance(columns: 2)
        covariance.add(
            rows: Matrix(rows: 3, columns: 2, elements: [1, 0, 2, 1, -1, 3]), pool: ThreadPool())
        evidence.covariance = covariance
        evidence.movement = [0.1, 0.2, -0.3, 0.4]
        return evidence
    }

    /// Up to a factor that all weights of a score share.
    @Test(
        arguments: [
            (PruningScore.magnitude, [1, 4, 9, 0.25]),
            // |1·0.5| + |1·−1.5|, |−2·1| + |−2·0.5|, |3·−1| + |3·2|, |0.5·2| + |0.5·4|.
            (.gradient, [2, 3, 9, 3]),
            (.fisher, [(0.25 + 2.25) / 2, (4 + 1) / 2, (9 + 36) / 2, (1 + 4) / 2]),
            // Columns of inputs have squared norms of 6 and 10.
            (.wanda, [1 * 6, 4 * 10, 9 * 6, 0.25 * 10]),
            (.movement, [0.1, 0.2, -0.3, 0.4]),
        ] as [(PruningScore, [Double])])
    func scoresOfWeightsAreThoseOfTheirFormulas(_ score: PruningScore, _ expected: [Double]) throws {
        var random = CounterBasedRandom(seed: 1)
        let found = try evidence().importance(score, layer: "layer", random: &random).elements
        let factor = Double(found[3]) / expected[3]
        #expect(factor > 0)
        for (found, expected) in zip(found, expected) {
            #expect(abs(Double(found) - factor * expected) < 1e-4 * factor, "\(score)")
        }
    }

    @Test func surgeryDividesByTheInverseOfTheDampedCovariance() throws {
        var random = CounterBasedRandom(seed: 1)
        let evidence = evidence()
        let found = try evidence.importance(.obs, layer: "layer", random: &random)
        let h = try OBSFactor(try #require(evidence.covariance)).damped
        let determinant = h[0, 0] * h[1, 1] - h[0, 1] * h[1, 0]
        // The diagonal of the inverse of a 2 × 2 matrix holds the other diagonal element over the
        // determinant.
        let diagonal = [h[1, 1] / determinant, h[0, 0] / determinant]
        for row in 0..<2 {
            for column in 0..<2 {
                let expected = Self.weight[row, column] * Self.weight[row, column] / diagonal[column]
                #expect(abs(found[row, column] - expected) < 1e-3 * expected)
            }
        }
    }

    /// A block of heads of one feature.
    private func block(inputs: LayerEvidence, outputs: LayerEvidence) -> BlockEvidence {
        BlockEvidence(
            layers: [
                .query: inputs, .key: inputs, .value: inputs, .attentionOutput: outputs,
                .feedForwardUp: inputs, .feedForwardDown: outputs,
            ], headSize: 1)
    }

    /// One block with two heads of one feature, and two neurons.
    private func block() -> BlockEvidence {
        let inputs = LayerEvidence(weight: Matrix(rows: 2, columns: 2, elements: [1, 1, 2, 0]))
        return block(inputs: inputs, outputs: evidence())
    }

    @Test(
        arguments: [
            // Columns of the layer that reads the heads: 1 + 9 and 4 + 0.25; rows of the three that feed it:
            // 2 and 4.
            (PruningScore.magnitude, Pattern.heads, [10 + 3 * 2, 4.25 + 3 * 4]),
            (.magnitude, .neurons, [10 + 2, 4.25 + 4]),
            // Gates: 1·0.5 + 3·−1 = −2.5 and 1·−1.5 + 3·2 = 4.5; −2·1 + 0.5·2 = −1 and −2·0.5 + 0.5·4 = 1.
            (.gradient, .neurons, [2.5 + 4.5, 1 + 1]),
            (.fisher, .heads, [(6.25 + 20.25) / 2, (1 + 1) / 2]),
            (.wanda, .neurons, [10 * 6, 4.25 * 10]),
            // Gates of attention and feed-forward layer add up: twice the sum of both columns, −3.5 and 5.5.
            (.gradient, .block, [2 * (3.5 + 5.5)]),
        ] as [(PruningScore, Pattern, [Double])])
    func scoresOfWhatIsRemovedAreThoseOfTheirFormulas(
        _ score: PruningScore, _ pattern: Pattern, _ expected: [Double]
    ) throws {
        var random = CounterBasedRandom(seed: 1)
        let found = try StructuredScores.scores(
            block(), pattern, score, name: "block", random: &random)
        let factor = Double(found[0]) / expected[0]
        #expect(found.count == expected.count && factor > 0)
        for (found, expected) in zip(found, expected) {
            #expect(abs(Double(found) - factor * expected) < 1e-4 * factor, "\(score) \(pattern)")
        }
    }

    @Test func whatGoesIsCountedFromWhatThereWas() throws {
        // Blocks of 12 heads of which 5 and 0 are gone: of 24, a half is 12.
        let blocks = [7, 12].map { heads in
            let matrix = Matrix(rows: 12, columns: heads, repeating: 1)
            let layer = LayerEvidence(weight: matrix)
            let inputs = LayerEvidence(weight: Matrix(rows: heads, columns: 12, repeating: 1))
            return block(inputs: inputs, outputs: layer)
        }
        for scope in [PruningScope.layer, .global] {
            let kept = try RemovalSelection.kept(
                blocks, of: [12, 12], pattern: .heads, score: .random, sparsity: 0.5, scope: scope,
                seed: 1)
            #expect(kept.map(\.count).reduce(0, +) == 12)
            if scope == .layer { #expect(kept.map(\.count) == [6, 6]) }
        }
    }

    @Test func whatMakesNoSenseIsRefusedByName() {
        let cases: [(String, PruningScore, PruningScope, String)] = [
            ("heads", .movement, .layer, "score"), ("block", .wanda, .global, "score"),
            ("2:4", .magnitude, .layer, "scope"), ("4x1", .obs, .row, "scope"),
            ("neurons", .fisher, .row, "scope"), ("block", .fisher, .layer, "scope"),
        ]
        for (pattern, score, scope, field) in cases {
            let error = #expect(throws: Issue.self) { try Pattern(pattern)?.require(score, scope) }
            #expect(error?.subject == .option(field))
        }
    }
}
