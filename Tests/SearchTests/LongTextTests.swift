import Evaluation
import Runs
import Tensors
import Testing
import Transformers

@testable import Search

/// Texts longer than sentences take as many tokens in all as sentences would.
@Suite struct LongTextTests {
    private static let options: SearchOptions = {
        var options = SearchOptions(
            model: "m", task: "fidelity", train: "t", targetLatency: .fraction(0.5), threads: 1)
        (options.calibrationSentences, options.rewardSentences) = (10, 20)
        return options
    }()

    private static func data(tokens: Int) -> SearchData<Encoder> {
        func texts(_ count: Int) -> [[Int32]] {
            (0..<count).map { [Int32](repeating: Int32($0), count: tokens) }
        }
        func task(_ count: Int) -> FidelityTask {
            FidelityTask(
                sequences: texts(count),
                denseEmbeddings: Matrix(rows: count, columns: 2, elements: (1...2 * count).map(Float.init)))
        }
        return SearchData(calibration: texts(10), reward: task(20), check: task(40))
    }

    @Test func sentencesStayAsManyAsAskedFor() {
        let data = Self.data(tokens: 32).limited(by: Self.options)
        #expect(data.calibration.count == 10)
        #expect(data.reward.count == 20)
        #expect(data.check.count == 40)
    }

    @Test(arguments: [64, 80])
    func longTextsAreFewer(_ tokens: Int) {
        let data = Self.data(tokens: tokens).limited(by: Self.options)
        #expect(data.calibration.count == 10 * 32 / tokens)
        #expect(data.reward.tokens == 20 * 32)
        #expect(data.check.tokens == 40 * 32)
    }

    /// `apply` calibrates on what the search did.
    @Test func calibrationAloneIsTheSame() {
        let data = Self.data(tokens: 64)
        #expect(
            SearchData<Encoder>.limited(data.calibration, by: Self.options)
                == data.limited(by: Self.options).calibration)
    }

    @Test func theSeedFixesWhichTexts() {
        func first(_ seed: UInt64) -> [[Int32]]? {
            var options = Self.options
            options.seed = seed
            return (Self.data(tokens: 64).limited(by: options).reward as? FidelityTask)?.sequences
        }
        #expect(first(1) == first(1))
        #expect(first(1) != first(2))
    }
}
