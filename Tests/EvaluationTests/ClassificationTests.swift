import Foundation
import Levels
import Testing

@testable import Evaluation

@Suite struct ClassificationMetricTests {
    private let predictions = [0, 1, 1, 0, 1, 1, 0, 0, 1, 0, 1, 1]
    private let labels = [0, 1, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0]

    /// From scikit-learn 1.x: accuracy_score, f1_score, matthews_corrcoef.
    @Test func twoClasses() {
        func score(_ metric: ClassificationMetric) -> Double {
            metric.score(predictions: predictions, labels: labels)
        }
        #expect(abs(score(.accuracy) - 0.6666666666666666) < 1e-12)
        #expect(abs(score(.f1) - 0.7142857142857143) < 1e-12)
        #expect(abs(score(.matthews) - 0.3142857142857143) < 1e-12)
    }

    /// From scikit-learn 1.x: accuracy_score, matthews_corrcoef.
    @Test func threeClasses() {
        let predictions = [0, 2, 1, 1, 0, 2, 2, 1, 0, 2]
        let labels = [0, 2, 2, 1, 0, 1, 2, 1, 1, 0]
        #expect(ClassificationMetric.accuracy.score(predictions: predictions, labels: labels) == 0.6)
        let matthews = ClassificationMetric.matthews.score(predictions: predictions, labels: labels)
        #expect(abs(matthews - 0.4090909090909091) < 1e-12)
    }

    @Test func extremes() {
        let inverted = labels.map { 1 - $0 }
        for metric in ClassificationMetric.allCases {
            #expect(metric.score(predictions: labels, labels: labels) == 1)
            #expect(metric.score(predictions: inverted, labels: labels) == (metric == .matthews ? -1 : 0))
        }
        // As scikit-learn has it, where a formula would divide by zero.
        let ones = labels.map { _ in 1 }
        let zeros = labels.map { _ in 0 }
        #expect(ClassificationMetric.matthews.score(predictions: ones, labels: labels) == 0)
        #expect(ClassificationMetric.f1.score(predictions: zeros, labels: zeros) == 0)
    }

    /// From scipy 1.x: pearsonr, spearmanr; with ties.
    @Test func correlations() {
        let x = [0.2, 1.7, 1.7, 3.1, 4.4, 0.2, 2.5]
        let y = [1.0, 0.5, 2.2, 4.0, 3.9, 0.4, 2.2]
        #expect(abs(Correlation.pearson(x, y) - 0.8723045679808236) < 1e-12)
        #expect(abs(Correlation.spearman(x, y) - 0.8532469179729296) < 1e-12)
    }
}

@Suite struct LabelledExamplesTests {
    private let texts = TemporaryTexts()
    private func file(_ text: String) throws -> String { try texts.write(text, "examples.tsv") }

    /// Classes are numbered in the order of their names, or as a model has them.
    @Test func labelsMayBeWords() throws {
        let path = try file("label\tsentence\npositive\ta\nnegative\tb\n2\tc\n")
        let classes = try Datasets.classes(path: path)
        #expect(classes.names == ["2", "negative", "positive"] && classes.areNamed)
        let model = ClassLabels(names: ["negative", "neutral", "positive"])
        #expect(try Datasets.labelled(path: path, classes: model).labels == [2, 0, 2])
        let error = #expect(throws: Levels.Issue.self) {
            try Datasets.labelled(path: path, classes: ClassLabels(names: ["good", "bad"]))
        }
        #expect(
            error?.description.contains(
                "line 2: found label 'positive', allowed 'good', 'bad', or an integer from 0 to 1")
                == true, "\(String(describing: error))")
        #expect(try Datasets.classes(path: file("label\tsentence\n0\ta\n4\tb\n")) == 5)
        let empty = #expect(throws: Levels.Issue.self) {
            try Datasets.classes(path: file("label\tsentence\nyes\ta\n\tb\n"))
        }
        #expect(empty?.description.contains("line 3: found an empty label") == true)
    }

    @Test func readsSentencesAndPairs() throws {
        let single = try Datasets.labelled(path: file("label\tsentence\r\n1\ta b\r\n\r\n0\t\n"))
        #expect(single == LabelledExamples(.sentences(["a b", ""]), labels: [1, 0]))
        #expect(single.classes == 2 && single.count == 2)
        let pairs = try Datasets.labelled(
            path: file("sentence1\tsentence2\tid\tlabel\na\tb\t7\t2\n"), classes: 3)
        #expect(pairs == LabelledExamples(.pairs([.init(first: "a", second: "b")]), labels: [2]))
    }

    @Test(arguments: [
        ("", "empty"), ("sentence\tlabel\n", "found 0 examples"),
        ("sentence\tscore\na\t1\n", "line 1: found columns sentence, score, allowed label and"),
        ("sentence1\tlabel\na\t1\n", "line 1: found columns sentence1, label"),
        ("sentence\tlabel\na\t0\n\nb\n", "line 4: found 1 columns, allowed 2"),
        ("sentence\tlabel\na\t0\nb\t1.0\n", "line 3: found label '1.0', allowed an integer from 0 to 1"),
        ("sentence\tlabel\na\t-1\n", "line 2: found label '-1', allowed an integer from 0 to 1"),
        ("sentence\tlabel\na\t2\n", "line 2: found label '2', allowed an integer from 0 to 1"),
    ])
    func badFilesAreNamed(_ text: String, _ expected: String) throws {
        let path = try file(text)
        let error = #expect(throws: Levels.Issue.self) { try Datasets.labelled(path: path, classes: 2) }
        #expect(
            error?.subject == .path(path) && error?.description.contains(expected) == true,
            "\(error?.description ?? "")")
    }
}
