import Foundation
import Levels
import Runs
import Testing

@testable import Export

/// What other tools are told to prune.
@Suite struct RecipeTests {
    private var mixed: Policy {
        var policy = Policy(layers: [
            .init(layer: "x.0", level: Level(pattern: .unstructured, sparsity: 0.5)),
            .init(layer: "x.1", level: .dense),
            .init(layer: "x.2", level: Level(pattern: .rowBlock4, sparsity: 0.75)),
            .init(layer: "x.3", level: Level(pattern: .unstructured, sparsity: 0.5)),
            .init(layer: "x.4", level: Level(pattern: .twoOfFour, sparsity: 0.5)),
        ])
        policy.solver = "obs"
        return policy
    }

    @Test func recipesNameEveryPrunedLayerOnce() throws {
        let yaml = try RecipeExport.yaml(mixed)
        #expect(
            yaml == #"""
                secateur_stage:
                  level_0_modifiers:
                    SparseGPTModifier:
                      sparsity: 0.5
                      mask_structure: '0:0'
                      targets:
                      - 're:(.*\.)?x\.0$'
                      - 're:(.*\.)?x\.3$'
                  level_1_modifiers:
                    SparseGPTModifier:
                      sparsity: 0.75
                      mask_structure: '0:0'
                      targets:
                      - 're:(.*\.)?x\.2$'
                  level_2_modifiers:
                    SparseGPTModifier:
                      sparsity: 0.5
                      mask_structure: '2:4'
                      targets:
                      - 're:(.*\.)?x\.4$'

                """#)
    }

    @Test func formatsSayWhatTheyDoNotKeep() {
        let policy = Policy(
            layers: mixed.layers + [
                .init(layer: "x.5", level: .dense.with(.int8)),
                .init(layer: "x.6", level: .dense.with(.int8)),
            ])
        let (blocks, pairs) = (policy.layers[2].level, policy.layers[4].level)
        let eightBits = Level.dense.with(.int8)
        #expect(ExportFormat.policy.reduced(policy).isEmpty)
        #expect(ExportFormat.recipe.reduced(policy) == [blocks, eightBits])
        #expect(ExportFormat.nni.reduced(policy) == [pairs, eightBits])
        for format in [ExportFormat.hf, .torch] { #expect(format.reduced(policy) == [eightBits]) }
        for format in [ExportFormat.onnx, .compressed, .gguf] { #expect(format.reduced(policy).isEmpty) }
        let pruned = policy.layers.map(\.level).filter { !$0.keepsAll }
        #expect(ExportFormat.llamaQuantize.reduced(policy).count == Set(pruned).count)
        var decoder = policy
        decoder.workload = Workload(phase: .decode, tokens: 128)
        #expect(ExportFormat.compressed.reduced(decoder) == [eightBits])
    }

    @Test func configurationListsSayUnits() throws {
        let json = try JSONSerialization.jsonObject(with: NNIExport.json(mixed)) as? [[String: Any]]
        let entries = try #require(json)
        #expect(entries.map { $0["op_names"] as? [String] } == [["x.0", "x.3"], ["x.2"], ["x.4"]])
        let settings = entries.map { ($0["target_settings"] as? [String: [String: Any]])?["weight"] }
        #expect(settings.map { $0?["granularity"] as? [Int] } == [nil, [4, 1], nil])
        #expect(settings.map { $0?["sparse_ratio"] as? Double } == [0.5, 0.75, 0.5])
    }
}
