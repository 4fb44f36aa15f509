import Evaluation
import Foundation
import Levels
import ModelFiles
import Pruning
import SparseKernels
import Tensors
import Testing
import Transformers

@testable import Training

@Suite struct ModelPruningTests {
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private static let weightPatterns = ["unstructured", "4x1", "4x4", "2:4", "1:4"]
    private static let removed = ["heads", "neurons", "block"]

    private func pruned(
        _ tiny: TinyEncoder, _ pattern: String, _ score: PruningScore, _ scope: PruningScope?,
        sparsity: Double, _ change: (inout ModelPruning.Options) -> Void = { _ in }
    ) throws -> ModelPruning.Summary {
        let pattern = try #require(Pattern(pattern))
        var options = ModelPruning.Options(
            model: tiny.folder, choice: PruningChoice(pattern: pattern, score: score, scope: scope),
            sparsity: pattern.fixedSparsity ?? sparsity)
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
        let fixed = try #require(Pattern(pattern)).fixedSparsity
        for scope in PruningScope.allCases {
            // OBS chooses over all rows of a layer at once, or run by run.
            let isOfScore = score != .obs || (fixed == nil) == (scope != .row)
            let makesSense = score != .movement && isOfScore && (fixed == nil || scope == .row)
            guard makesSense else {
                #expect(throws: Issue.self) {
                    _ = try pruned(tiny, pattern, score, scope, sparsity: 0.6)
                }
                continue
            }
            let summary = try pruned(tiny, pattern, score, scope, sparsity: 0.6)
            // 12 layers of 256 or 384 weights: within a unit of each, or one of all; OBS rounds its layers'
            // shares.
            let unit = pattern == "4x4" ? 16.0 : pattern == "4x1" ? 4.0 : 1.0
            let layers = scope == .global && score != .obs ? 1.0 : 12
            #expect(abs(summary.sparsity - (fixed ?? 0.6)) <= unit * layers / 3584 + 1e-9, "\(scope)")
            let model = try Encoder(folder: "\(tiny.folder)/out")
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
                #expect(throws: Issue.self) {
                    _ = try pruned(tiny, pattern, score, scope, sparsity: 0.5)
                }
                continue
            }
            let summary = try pruned(tiny, pattern, score, scope, sparsity: 0.5)
            let model = try Encoder(folder: "\(tiny.folder)/out")
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
            choice: PruningChoice(pattern: .units(.single), score: .random, scope: .global),
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
        #expect(throws: Issue.self) {
            _ = try pruned(tiny, "heads", .magnitude, nil, sparsity: 0.5) {
                $0.schedule = .gradual
                $0.plan.epochs = 1
            }
        }
    }

    /// After two rounds with an epoch each, the second one starts from the first values of what is kept. All
    /// that it does after that is an epoch of small steps.
    @Test func rewindingStartsEachRoundFromTheFirstValues() throws {
        /// How far the kept weights are from the values they had at the start.
        func distance(rewinds: Bool) throws -> Double {
            let tiny = try TinyEncoder()
            _ = try pruned(tiny, "unstructured", .magnitude, .layer, sparsity: 0.5) {
                $0.schedule = .iterative
                $0.rounds = 8
                $0.rewinds = rewinds
                $0.plan.epochs = 1
            }
            let (before, after) = (
                try Encoder(folder: tiny.folder), try Encoder(folder: "\(tiny.folder)/out")
            )
            var sum = 0.0
            for (name, weight) in after.weights {
                let first = try #require(before.weights[name])
                for (now, then) in zip(weight.elements, first.elements) where now != 0 {
                    sum += Double(abs(now - then))
                }
            }
            return sum
        }
        let (rewound, trained) = (try distance(rewinds: true), try distance(rewinds: false))
        #expect(rewound > 0 && rewound < trained / 2, "\(rewound), \(trained)")
    }

    @Test(arguments: removed, [1, 3, 7])
    func roundsRemoveAsMuchAsWasAskedFor(_ pattern: String, _ rounds: Int) throws {
        let tiny = try TinyEncoder()
        let scopes: [PruningScope] = pattern == "block" ? [.global] : [.layer, .global]
        for scope in scopes {
            let summary = try pruned(tiny, pattern, .magnitude, scope, sparsity: 0.5) {
                $0.schedule = .iterative
                $0.rounds = rounds
            }
            #expect(summary.rounds.count == rounds)
            let model = try Encoder(folder: "\(tiny.folder)/out")
            switch pattern {
            case "heads":
                let rows = model.layerShapes.filter { $0.name.hasSuffix("query") }.map(\.rows)
                #expect(rows.reduce(0, +) == 16, "\(scope)")
            case "neurons":
                let rows = model.layerShapes.filter { $0.name.hasSuffix("intermediate.dense") }.map(\.rows)
                #expect(rows.reduce(0, +) == 24, "\(scope)")
            default: #expect(model.layerShapes.count == 6)
            }
        }
    }

    @Test(arguments: ["4x1", "neurons", "heads", "block"], [PruningScore.magnitude, .obs, .random])
    func zerosOfAPrunedModelStay(_ pattern: String, _ score: PruningScore) throws {
        guard pattern != "block" || score != .obs else { return }
        let tiny = try TinyEncoder()
        _ = try pruned(tiny, "unstructured", .magnitude, .layer, sparsity: 0.5)
        let half = "\(tiny.folder)/half"
        try FileManager.default.moveItem(atPath: "\(tiny.folder)/out", toPath: half)
        _ = try pruned(tiny, pattern, score, pattern == "block" ? .global : .layer, sparsity: 0.4) {
            $0.model = half
            $0.plan.epochs = 1
        }
        let (before, after) = (try Encoder(folder: half), try Encoder(folder: "\(tiny.folder)/out"))
        for (name, weight) in after.weights {
            let first = try #require(before.weights[name])
            if weight.elements.count == first.elements.count, pattern != "block" {
                #expect(zip(weight.elements, first.elements).allSatisfy { $0 == 0 || $1 != 0 }, "\(name)")
            }
            // Whatever was removed, about half of the rest was zero.
            #expect(Double(weight.zeroCount) / Double(weight.elements.count) > 0.35, "\(name)")
        }
    }

    @Test func aModelThatIsNotFiniteIsRefused() throws {
        let tiny = try TinyEncoder()
        let path = "\(tiny.folder)/model.safetensors"
        var data = try #require(FileManager.default.contents(atPath: path))
        let end = data.count
        data.replaceSubrange(end - 4..<end, with: [0, 0, 0xC0, 0x7F])
        try data.write(to: URL(fileURLWithPath: path))
        let error = #expect(throws: Levels.Issue.self) {
            try pruned(tiny, "unstructured", .magnitude, .layer, sparsity: 0.5)
        }
        #expect(error?.description.contains("finite") == true)
    }
}
