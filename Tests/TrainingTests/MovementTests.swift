import Foundation
import Pruning
import SparseKernels
import Tensors
import Testing

@testable import Training

/// Scores that are trained along with the weights (Sanh, Wolf and Rush, 2020).
@Suite struct MovementTests {
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private func parameter(_ elements: [Float]) -> Parameter {
        Parameter(name: "layer.weight", shape: [1, elements.count], elements: elements)
    }

    @Test func scoresFollowAdamOfWeightTimesGradient() throws {
        let (weights, rate): ([Float], Float) = ([0.5, -2, 0.001], 0.01)
        let gradients: [[Float]] = [[0.1, 0.3, -4], [-0.2, 0.1, 2], [0.4, 0.2, -1]]
        let parameter = parameter(weights)
        let scores = MovementScores([parameter])
        for gradient in gradients {
            parameter.gradient = Matrix(rows: 1, columns: 3, elements: gradient)
            scores.learn(rate: rate, pool: pool)
        }
        for place in weights.indices {
            var (m, v) = (0.0, 0.0)
            var expected = Double(weights[place] * weights[place]) / 2
            for (step, gradient) in gradients.enumerated() {
                let derivative = Double(weights[place] * gradient[place])
                m = 0.9 * m + 0.1 * derivative
                v = 0.999 * v + 0.001 * derivative * derivative
                let (hatM, hatV) = (
                    m / (1 - pow(0.9, Double(step + 1))), v / (1 - pow(0.999, Double(step + 1)))
                )
                expected -= Double(MovementScores.relativeRate * rate) * hatM / (hatV.squareRoot() + 1e-8)
            }
            #expect(abs(Double(scores.scores[0].value.elements[place]) - expected) < 1e-6)
        }
    }

    @Test func whatMovesAwayFromZeroIsKeptAndWhatWasDroppedComesBack() throws {
        let parameter = parameter([0.1, -0.1, 0.15, -0.15])
        let pruning = try ScheduledPruning(
            parameters: [parameter], score: .movement, pattern: .units(.single),
            scope: .layer, schedule: CubicSchedule(final: 0.5, warmUp: 0, coolDown: 0.7), seed: 1, pool: pool)
        // The small weights grow and the large ones shrink: magnitude would keep the others.
        let growing: [Float] = [-1, 1, 1, -1]
        func step(_ gradient: [Float], _ number: Int) throws {
            parameter.gradient = Matrix(rows: 1, columns: 4, elements: gradient)
            pruning.willUpdate(rate: 0.01)
            try pruning.didUpdate(step: number, of: 80)
        }
        for number in 1...20 { try step(growing, number) }
        #expect(parameter.value.elements.prefix(2) == [0.1, -0.1])
        #expect(parameter.mask?.filter { $0 == 0 }.count ?? 0 > 0)
        let dropped = try #require(parameter.mask?.firstIndex(of: 0))
        #expect(dropped >= 2 && parameter.value.elements[dropped] == 0)
        for number in 21...80 { try step(growing.map { -4 * $0 }, number) }
        #expect(parameter.value.elements == [0, 0, 0.15, -0.15])
    }
}
