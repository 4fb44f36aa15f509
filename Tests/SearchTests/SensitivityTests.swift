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
}
