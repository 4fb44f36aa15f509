import Evaluation
import Foundation
import Pruning
import SparseKernels
import Tensors
import Testing
import Transformers

@testable import Training

@Suite struct ModelPruningTests {
    private let pool = ThreadPool(threads: 2)

    private static let weightPatterns = ["unstructured", "4x1", "4x4", "2:4", "1:4"]
    private static let removed = ["heads", "neurons", "block"]

    private func pruned(
        _ tiny: TinyEncoder, _ pattern: String, _ score: PruningScore, _ scope: PruningScope?,
        sparsity: Double, _ change: (inout ModelPruning.Options) -> Void = { _ in }
    ) throws -> ModelPruning.Summary {
        let granularity = try #require(Granularity(pattern))
        var options = ModelPruning.Options(
            model: tiny.folder, choice: PruningChoice(granularity: granularity, score: score, scope: scope),
            sparsity: granularity.fixedSparsity ?? sparsity)
        options.task = .classification
        options.train = try tiny.labelled("train.tsv", count: 48, seed: 3)
        options.plan.epochs = 0
        options.plan.batchSize = 8
        options.plan.learningRate = 5e-3
        change(&options)
        let pruning = try ModelPruning(options, pool: pool, progress: { _, _ in })
        let summary = try #require(try pruning.run())
        try? FileManager.default.removeItem(atPath: "\(tiny.folder)/out")
        try pruning.write(to: "\(tiny.folder)/out")
        return summary
    }

    @Test(arguments: weightPatterns, PruningScore.allCases)
    func weightsHaveTheSparsityAskedFor(_ pattern: String, _ score: PruningScore) throws {
        let tiny = try TinyEncoder()
        let fixed = try #require(Granularity(pattern)).fixedSparsity
        for scope in PruningScope.allCases {
            // OBS chooses over all rows of a layer at once, or run by run.
            let isOfScore = score != .obs || (fixed == nil) == (scope != .row)
            let makesSense = score != .movement && isOfScore && (fixed == nil || scope == .row)
            guard makesSense else {
                #expect(throws: PruningError.self) {
                    _ = try pruned(tiny, pattern, score, scope, sparsity: 0.6)
                }
                continue
            }
            let summary = try pruned(tiny, pattern, score, scope, sparsity: 0.6)
            // One unit of each layer at most: 12 layers of 256 or 384 weights, units of up to 16.
            let unit = pattern == "4x4" ? 16.0 : pattern == "4x1" ? 4.0 : 1.0
            #expect(abs(summary.sparsity - (fixed ?? 0.6)) <= unit * 12 / 3584 + 1e-9, "\(scope)")
            let model = try BERT(folder: "\(tiny.folder)/out")
            let zeros = model.weights.values.reduce(0) { $0 + $1.zeroCount }
            let count = model.weights.values.reduce(0) { $0 + $1.elements.count }
            #expect(abs(Double(zeros) / Double(count) - summary.sparsity) < 1e-9)
        }
    }

    @Test(arguments: removed, PruningScore.allCases)
    func whatIsRemovedIsGone(_ pattern: String, _ score: PruningScore) throws {
        let tiny = try TinyEncoder()
        for scope in PruningScope.allCases {
            let makesSense =
                score != .movement && scope != .row && (pattern != "block" || scope == .global)
                && (pattern != "block" || (score != .wanda && score != .obs))
            guard makesSense else {
                #expect(throws: PruningError.self) {
                    _ = try pruned(tiny, pattern, score, scope, sparsity: 0.5)
                }
                continue
            }
            let summary = try pruned(tiny, pattern, score, scope, sparsity: 0.5)
            let model = try BERT(folder: "\(tiny.folder)/out")
            let sizes = model.layerShapes.map { $0.weightCount }.reduce(0, +)
            #expect(abs(Double(sizes) / 3584 - (1 - summary.sparsity)) < 1e-9)
            switch pattern {
            // Of 2 heads in each of 2 blocks, half; of 24 neurons likewise; of 2 blocks one.
            case "heads":
                #expect(model.layerShapes.filter { $0.name.hasSuffix("query") }.map(\.rows) == [8, 8])
            case "neurons":
                let widths = model.layerShapes.filter { $0.name.hasSuffix("intermediate.dense") }.map(\.rows)
                #expect(widths.reduce(0, +) == 24)
            default: #expect(model.layerShapes.count == 6)
            }
        }
    }

    @Test func theGateGoesBackToTheLastGoodRound() throws {
        let tiny = try TinyEncoder()
        var tuning = FineTuning.Options(
            model: tiny.folder, task: .classification,
            train: try tiny.labelled("t.tsv", count: 64, seed: 1),
            validation: try tiny.labelled("v.tsv", count: 64, seed: 2))
        tuning.plan.epochs = 6
        tuning.plan.batchSize = 8
        tuning.plan.learningRate = 5e-3
        let trained = try FineTuning(tuning, output: "\(tiny.folder)/x", pool: pool, progress: { _, _ in })
        let dense = try #require(try trained.run())
        try trained.write(to: "\(tiny.folder)/dense")
        var notes: [String] = []
        var options = ModelPruning.Options(
            model: "\(tiny.folder)/dense",
            choice: PruningChoice(granularity: .units(.single), score: .random, scope: .global),
            sparsity: 0.98)
        options.schedule = .iterative
        options.rounds = 6
        options.task = .classification
        options.train = tuning.train
        options.validation = tuning.validation
        options.plan = tuning.plan
        options.plan.epochs = 0
        options.maximumDrop = 1
        let pruning = try ModelPruning(options, pool: pool, progress: { _, _ in })
        let summary = try #require(try pruning.run(note: { notes.append($0) }))
        #expect(summary.stoppedByGate && summary.rounds.last?.passed == false)
        #expect((summary.score ?? 0) >= dense.score - 0.01)
        #expect(summary.sparsity < 0.9)
        #expect(notes.last?.contains("back to the last good model") == true)
    }

    @Test func gradualPruningEndsAtTheSparsityAskedFor() throws {
        let tiny = try TinyEncoder()
        for score in [PruningScore.magnitude, .movement, .gradient] {
            for scope in [PruningScope.layer, .global] {
                let summary = try pruned(tiny, "unstructured", score, scope, sparsity: 0.7) {
                    $0.schedule = .gradual
                    $0.plan.epochs = 5
                }
                #expect(abs(summary.sparsity - 0.7) <= 12.0 / 3584, "\(score) \(scope)")
            }
        }
        #expect(throws: PruningError.self) {
            _ = try pruned(tiny, "heads", .magnitude, nil, sparsity: 0.5) {
                $0.schedule = .gradual
                $0.plan.epochs = 1
            }
        }
    }

    @Test func rewindingKeepsTheFirstValues() throws {
        let tiny = try TinyEncoder()
        _ = try pruned(tiny, "unstructured", .magnitude, .layer, sparsity: 0.5) {
            $0.schedule = .iterative
            $0.rounds = 2
            $0.rewinds = true
        }
        let (before, after) = (try BERT(folder: tiny.folder), try BERT(folder: "\(tiny.folder)/out"))
        for (name, weight) in after.weights {
            let first = try #require(before.weights[name])
            #expect(zip(weight.elements, first.elements).allSatisfy { $0 == 0 || $0 == $1 })
        }
    }
}
