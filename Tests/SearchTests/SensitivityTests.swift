import Levels
import Testing

@testable import Search

/// Estimates from evaluations that are made up.
@Suite struct SensitivityTests {
    /// A level that changes no output is no measure of those that do.
    @Test func whatChangesNothingIsNoAnchor() throws {
        let levels = try LevelSet("dense,bfloat16,int8")
        let layers = [LayerShape(name: "a", rows: 4, cols: 4, block: 0, role: .query)]
        let estimate = Sensitivities.estimate(
            levels: levels, layers: layers, errors: [[0, 0, 0.01]], tokensPerEvaluation: 1
        ) { $0 == [2] ? 0.98 : 1 }
        #expect(estimate.values[0][0] == 0 && estimate.values[0][1] == 0)
        #expect(abs(estimate.values[0][2] - 0.02) < 1e-9)
    }

    /// Each sublayer is made narrow once, as a whole; its last layer loses by its errors, others as they do elsewhere.
    @Test func widthsAreMeasuredSublayerBySublayer() throws {
        let levels = try LevelSet("dense,int8,width@0.5+int8,width@0.25+int8")
        let layers = (0..<2).flatMap { block in
            [LayerRole.query, .attentionOutput].map {
                LayerShape(name: "\(block).\($0)", rows: 4, cols: 4, block: block, role: $0)
            }
        }
        let errors = layers.map { $0.role.endsSublayer ? [0, 0.01, 0.2, 0.5] : [0, 0.01, 0.02, 0.03] }
        var evaluated: [[Int]] = []
        func quality(_ policy: [Int]) -> Double {
            evaluated.append(policy)
            return policy.contains(2) ? 0.9 : policy.contains(1) ? 0.999 : 1
        }
        let alone = Sensitivities.estimate(
            levels: levels, layers: layers, errors: errors, tokensPerEvaluation: 10, quality: quality)
        #expect(!evaluated.joined().contains { $0 > 1 })
        evaluated = []
        let estimate = Sensitivities.addingWidths(
            to: alone, levels: levels, layers: layers, errors: errors, tokensPerEvaluation: 10,
            quality: quality)
        #expect(evaluated == [[2, 2, 0, 0], [0, 0, 2, 2]])
        #expect(estimate.tokenPasses == alone.tokenPasses + 20)
        for (layer, shape) in layers.enumerated() {
            let expected = shape.role.endsSublayer ? [0, 0.001, 0.1, 0.25] : [0, 0.001, 0.002, 0.003]
            #expect(zip(estimate.values[layer], expected).allSatisfy { abs($0 - $1) < 1e-9 })
        }
    }

    /// Each sublayer is taken away once, and what that loses stands with its first layer.
    @Test func removalsAreMeasuredOneByOne() throws {
        let levels = try LevelSet("dense,int8,removed")
        let layers = (0..<2).flatMap { block in
            [LayerRole.query, .attentionOutput, .feedForwardUp, .feedForwardDown].map {
                LayerShape(name: "\(block).\($0)", rows: 4, cols: 4, block: block, role: $0)
            }
        }
        let known = Sensitivities.Estimate(values: layers.map { _ in [0, 0.1, 0.7] }, tokenPasses: 5)
        var evaluated: [[Int]] = []
        let estimate = Sensitivities.addingRemovals(
            to: known, levels: levels, layers: layers, tokensPerEvaluation: 10
        ) { policy in
            evaluated.append(policy)
            return 1 - 0.1 * Double(evaluated.count)
        }
        #expect(evaluated == (0..<4).map { group in (0..<8).map { $0 / 2 == group ? 2 : 0 } })
        #expect(estimate.tokenPasses == 45)
        for layer in layers.indices {
            #expect(estimate.values[layer][1] == 0.1)
            let expected = layer % 2 == 0 ? 0.1 * Double(layer / 2 + 1) : 0
            #expect(abs(estimate.values[layer][2] - expected) < 1e-9)
        }
    }
}
