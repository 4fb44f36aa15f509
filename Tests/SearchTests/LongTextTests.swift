import ChainProblem
import Evaluation
import Foundation
import Models
import Runs
import Tensors
import Testing
import TinyModels
import Training

@testable import Search

/// Texts longer than sentences take as many tokens in all as sentences would.
@Suite struct LongTextTests {
    private static func options(_ change: (inout SearchOptions) -> Void = { _ in }) -> SearchOptions {
        var options = SearchOptions(
            model: "m", task: "fidelity", train: "t", targetLatency: .fraction(0.5), threads: 1)
        (options.calibrationSentences, options.rewardSentences) = (20, 40)
        change(&options)
        return options
    }

    /// How many items each part has, of a file of items of so many tokens.
    private static func counts(tokens: Int, texts: Int = 1, _ options: SearchOptions = options()) -> [Int] {
        Parts.drawn(0..<1_000, options, texts: texts) { _ in tokens }.map(\.count)
    }

    @Test func sentencesAreAsManyAsAskedFor() {
        #expect(Self.counts(tokens: 32) == [20, 40, 80])
        #expect(Self.counts(tokens: 64, texts: 2) == [10, 20, 40])
    }

    @Test func longTextsAreFewer() {
        #expect(Self.counts(tokens: 64) == [10, 20, 40])
        #expect(Self.counts(tokens: 100, texts: 2) == [8, 12, 25])
        #expect(Self.counts(tokens: 5_000) == [8, 8, 8])
        #expect(Self.counts(tokens: 64, Self.options { $0.calibrationSentences = 2 }) == [2, 20, 40])
    }

    /// A run that does not say how long texts may be was made before there was a limit.
    @Test func runsOfEarlierVersionsHaveAllTheirTexts() throws {
        let written = try JSONEncoder().encode(Self.options())
        var fields = try #require(JSONSerialization.jsonObject(with: written) as? [String: Any])
        #expect(fields.removeValue(forKey: "tokensOfText") as? Int == 32)
        let earlier = try JSONDecoder().decode(
            SearchOptions.self, from: JSONSerialization.data(withJSONObject: fields))
        #expect(Self.counts(tokens: 64, earlier) == [20, 40, 80])
    }

    /// What is applied later calibrates on what the search did, and what is trained afterwards is all but the check, or
    /// all where a validation file says whether the trained model is kept.
    @Test func everyStageCutsTheTextAlike() throws {
        let folder = try TemporaryFolder()
        let (path, train) = (folder.file("model"), folder.file("text.txt"))
        try TinyModel.write(to: path, seed: 1)
        try TinyModel.writeSentences(1_500, to: train, seed: 2)
        let sentences = try Datasets.sentences(path: train)
        let texts = stride(from: 0, to: sentences.count, by: 5).map {
            sentences[$0..<min($0 + 5, sentences.count)].joined(separator: " ")
        }
        try texts.joined(separator: "\n").write(toFile: train, atomically: true, encoding: .utf8)
        var options = Self.options { $0.train = train }
        let (task, model) = (AgreementTask(), try EncoderModel(folder: path))
        let data = try task.data(options, for: model, pool: ThreadPool(threads: 1))
        #expect(data.calibration == (try task.calibration(options, for: model)))
        #expect(data.calibration.count < 20 && data.reward.count < 40 && data.check.count < 80)
        #expect(data.reward.tokens <= 40 * 32 && data.reward.tokens > 38 * 32)
        let training = try EncoderTraining(
            folder: path, task: .sts, classes: 0, maximumTokens: model.maximumTokens, seed: 1)
        let trained = try task.recoveryExamples(options, for: training).flatMap(\.sequences)
        #expect(trained.count / 2 == (texts.count - data.check.count) / 2)
        let judged = try #require(data.check as? FidelityTask).sequences
        #expect(judged.count == data.check.count && Set(trained).isDisjoint(with: judged))
        options.validation = train
        #expect(try task.recoveryExamples(options, for: training).count == texts.count / 2)
    }
}
