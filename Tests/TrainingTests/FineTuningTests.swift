import Evaluation
import Foundation
import Levels
import Tensors
import Testing

@testable import Training

@Suite struct FineTuningTests {
    private let pool: ThreadPool

    init() throws { pool = try ThreadPool(threads: 2) }

    private func options(_ tiny: TinyEncoder, epochs: Int) throws -> FineTuning.Options {
        var options = FineTuning.Options(
            model: tiny.folder, task: .classification,
            train: try tiny.labelled("train.tsv", count: 64, seed: 1),
            validation: try tiny.labelled("dev.tsv", count: 32, seed: 2))
        options.plan.epochs = epochs
        options.plan.batchSize = 8
        options.plan.learningRate = 5e-3
        return options
    }

    /// The training file with every label wrong.
    private func swappedLabels(_ options: FineTuning.Options, _ tiny: TinyEncoder) throws -> String {
        let lines = try Datasets.text(path: options.train).split(separator: "\n").dropFirst()
        let swapped = lines.map { $0.hasSuffix("0") ? "\($0.dropLast())1" : "\($0.dropLast())0" }
        return try tiny.write("swapped.tsv", (["sentence\tlabel"] + swapped).joined(separator: "\n"))
    }

    private func run(_ options: FineTuning.Options, _ output: String, stopAfter steps: Int = .max) throws
        -> FineTuning.Summary?
    {
        let tuning = try FineTuning(options, output: output, pool: pool, progress: { _, _ in })
        var asked = 0
        return try tuning.run(
            checkpointSeconds: .infinity,
            shouldStop: {
                asked += 1
                return asked > steps
            })
    }

    /// Trains to the end and writes the model.
    private func write(_ options: FineTuning.Options, _ output: String) throws -> FineTuning.Summary {
        let tuning = try FineTuning(options, output: output, pool: pool, progress: { _, _ in })
        let summary = try #require(try tuning.run())
        try tuning.write(to: output)
        return summary
    }

    @Test func learnsWhatTellsTheClassesApart() throws {
        let tiny = try TinyEncoder()
        let summary = try #require(try run(try options(tiny, epochs: 6), "\(tiny.folder)/out"))
        #expect(summary.score >= 0.95)
        #expect(summary.steps == 48 && summary.scores.count == 6)
    }

    @Test func goesOnAfterAStopAsIfThereHadBeenNone() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 2)
        _ = try write(options, "\(tiny.folder)/teacher")
        options.teacher = "\(tiny.folder)/teacher"
        options.plan.epochs = 3
        options.plan.dropout = 0.1
        options.plan.copies = 1
        options.plan.distillation = Distillation(outputs: 0.5, hidden: 1)
        let whole = try write(options, "\(tiny.folder)/whole")
        var resumed: FineTuning.Summary?
        var rounds = 0
        while resumed == nil, rounds < 40 {
            let tuning = try FineTuning(
                options, output: "\(tiny.folder)/parts", pool: pool, progress: { _, _ in })
            var asked = 0
            resumed = try tuning.run(
                checkpointSeconds: .infinity,
                shouldStop: {
                    asked += 1
                    return asked > 9
                })
            if resumed != nil { try tuning.write(to: "\(tiny.folder)/parts") }
            rounds += 1
        }
        #expect(rounds > 2)
        #expect(resumed?.scores == whole.scores)
        let files = ["whole", "parts"].map {
            FileManager.default.contents(atPath: "\(tiny.folder)/\($0)/model.safetensors")
        }
        #expect(files[0] != nil && files[0] == files[1])
    }

    @Test func aLossThatIsNotFiniteEndsTheTraining() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 3)
        options.plan.learningRate = 1e30
        let error = #expect(throws: Issue.self) { try run(options, "\(tiny.folder)/out") }
        #expect(error?.subject == .option("learningRate"))
    }

    @Test func refusesATeacherOfSomethingElse() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 1)
        options.plan.distillation = Distillation(outputs: 1)
        let plain = "\(tiny.folder)/plain"
        try EncoderTraining(folder: tiny.folder, task: .sts, classes: 0, maximumTokens: 12, seed: 1)
            .write(to: plain)
        options.teacher = plain
        let error = #expect(throws: Issue.self) { try run(options, "\(tiny.folder)/out") }
        #expect(error?.subject == .option("teacher") && error?.found == "no classifier")

        let three = try tiny.write("three.tsv", "sentence\tlabel\nred cat\t0\nred dog\t1\nblue dog\t2")
        var others = FineTuning.Options(
            model: plain, task: .classification, train: three, validation: three)
        others.plan.epochs = 1
        _ = try write(others, "\(tiny.folder)/three")
        options.teacher = "\(tiny.folder)/three"
        let wrong = #expect(throws: Issue.self) { try run(options, "\(tiny.folder)/out") }
        #expect(wrong?.description.contains("found 3 classes, allowed 2") == true)

        // A classifier of three classes takes data that show two of them.
        options.model = "\(tiny.folder)/three"
        options.plan.distillation = Distillation()
        options.teacher = nil
        #expect(try run(options, "\(tiny.folder)/out") != nil)
    }

    @Test func trainingThatMakesItWorseIsNotTaken() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 6)
        let good = try write(options, "\(tiny.folder)/good")
        options.model = "\(tiny.folder)/good"
        options.plan.epochs = 2
        // Every label is wrong: the more is learned of them, the lower the score.
        options.train = try swappedLabels(options, tiny)
        let worse = try #require(try run(options, "\(tiny.folder)/worse"))
        #expect(worse.scores.allSatisfy { $0 < good.score })
        #expect(worse.score == good.score && worse.epoch == 0)
    }

    @Test func learnsFromCopiesThatOnlyTheTeacherJudges() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 6)
        let teacher = try write(options, "\(tiny.folder)/teacher")
        options.train = try tiny.labelled("few.tsv", count: 8, seed: 3)
        options.teacher = "\(tiny.folder)/teacher"
        options.plan.distillation = Distillation(outputs: 1)
        options.plan.epochs = 2
        let few = try #require(try run(options, "\(tiny.folder)/few"))
        options.plan.copies = 15
        let more = try #require(try run(options, "\(tiny.folder)/more"))
        #expect(few.steps == 2 && more.steps == 32)
        #expect(more.score > few.score && more.score >= teacher.score - 0.1)
    }

    @Test func refusesACheckpointOfOtherOptions() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 3)
        #expect(try run(options, "\(tiny.folder)/out", stopAfter: 9) == nil)
        options.plan.seed = 2
        #expect(throws: Levels.Issue.self) { try run(options, "\(tiny.folder)/out") }
    }

    @Test func namesALabelThatTheModelDoesNotHave() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 1)
        options.validation = try tiny.write("bad.tsv", "sentence\tlabel\nred cat runs\t0\nblue dog sits\t2")
        #expect(throws: Levels.Issue.self) { try run(options, "\(tiny.folder)/out") }
    }

    @Test func aDistilledModelFollowsItsTeacher() throws {
        let tiny = try TinyEncoder()
        var options = try options(tiny, epochs: 6)
        let teacher = try FineTuning(
            options, output: "\(tiny.folder)/t", pool: pool, progress: { _, _ in })
        _ = try teacher.run()
        try teacher.write(to: "\(tiny.folder)/teacher")
        // Labels are swapped: only the teacher knows.
        options.train = try swappedLabels(options, tiny)
        options.teacher = "\(tiny.folder)/teacher"
        options.plan.distillation = Distillation(outputs: 1, hidden: 1)
        let summary = try #require(try run(options, "\(tiny.folder)/student"))
        #expect(summary.score >= 0.95)
    }
}
