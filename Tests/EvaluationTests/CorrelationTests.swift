import Foundation
import Testing

@testable import Evaluation

@Suite struct CorrelationTests {
    /// The example of the article on Spearman's coefficient in Wikipedia: IQ against hours of television.
    @Test func spearmanOfAKnownExample() {
        let iq: [Double] = [106, 100, 86, 101, 99, 103, 97, 113, 112, 110]
        let hours: [Double] = [7, 27, 2, 50, 28, 29, 20, 12, 6, 17]
        #expect(abs(Correlation.spearman(iq, hours) - (-29.0 / 165)) < 1e-12)
    }

    @Test func tiesShareTheirMeanRank() {
        #expect(Correlation.ranks([3, 1, 3, 2]) == [3.5, 1, 3.5, 2])
    }

    @Test func pearsonIsOneForALine() {
        let x = [1.0, 2, 5, 9]
        #expect(abs(Correlation.pearson(x, x.map { 3 * $0 - 7 }) - 1) < 1e-12)
        #expect(abs(Correlation.pearson(x, x.map { -$0 }) + 1) < 1e-12)
    }

    @Test func constantsHaveNoCorrelation() {
        #expect(Correlation.pearson([1, 1, 1], [1, 2, 3]) == 0)
    }
}

@Suite struct DatasetsTests {
    private func file(_ text: String, _ name: String) throws -> String {
        let path = NSTemporaryDirectory() + "\(UUID().uuidString)-\(name)"
        try text.write(toFile: path, atomically: true, encoding: .utf8)
        return path
    }

    @Test func readsPairs() throws {
        let path = try file("score\tsentence1\tsentence2\n5\ta\tb\r\n0.5\tc\td\n", "pairs.tsv")
        let pairs = try Datasets.scoredPairs(path: path)
        #expect(pairs.map(\.score) == [5, 0.5] && pairs.map(\.second) == ["b", "d"])
    }

    @Test(arguments: [
        ("", "empty"), ("a\tb\n1\t2\n", "columns"),
        ("sentence1\tsentence2\tscore\na\tb\tx\nc\td\t1\n", "line 2"),
        ("sentence1\tsentence2\tscore\na\tb\n", "line 2"),
        ("sentence1\tsentence2\tscore\na\tb\tnan\n", "line 2"),
    ])
    func badPairsAreNamed(_ text: String, _ expected: String) throws {
        let path = try file(text, "bad.tsv")
        let error = #expect(throws: EvaluationError.self) { try Datasets.scoredPairs(path: path) }
        #expect(error?.file == path && error?.message.contains(expected) == true)
    }

    @Test func missingFileIsNamed() {
        let error = #expect(throws: EvaluationError.self) { try Datasets.sentences(path: "/nowhere/x.txt") }
        #expect(error?.description.hasPrefix("/nowhere/x.txt: ") == true)
    }

    @Test func sentencesOfTextAndOfTables() throws {
        #expect(try Datasets.sentences(path: file(" one \n\ntwo\none\n", "text.txt")) == ["one", "two"])
        let table = try file("sentence1\tsentence2\tscore\na\tb\t1\nb\tc\t2\n", "table.tsv")
        #expect(try Datasets.sentences(path: table) == ["a", "b", "c"])
    }
}
