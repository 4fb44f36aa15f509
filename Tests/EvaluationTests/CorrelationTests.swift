import Foundation
import Levels
import Tensors
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

    /// NaN has no place in an order: sorted as it comes, it would correlate with any file that is.
    @Test func whatIsNotFiniteHasNoCorrelation() {
        let wrong: [Double] = [.nan, .nan, .nan, .nan]
        #expect(Correlation.spearman(wrong, [1, 2, 3, 4]) == 0)
        #expect(Correlation.pearson(wrong, [1, 2, 3, 4]) == 0)
        #expect(Correlation.spearman([1, 2, .infinity, 4], [1, 2, 3, 4]) == 0)
    }
}

@Suite struct FidelityTests {
    /// A part compares the similarities of its own sentences, with the dense ones of the same.
    @Test func aPartIsOverItsOwnSentences() throws {
        var random = CounterBasedRandom(seed: 4)
        func embeddings() -> Matrix {
            Matrix(rows: 40, columns: 6, elements: (0..<240).map { _ in Float(random.nextUniform()) - 0.5 })
        }
        let (dense, other) = (embeddings(), embeddings())
        let task = FidelityTask(sequences: (0..<40).map { [$0] }, denseEmbeddings: dense)
        let chosen = [3, 4, 17, 38]
        let part = task.part(sentences: chosen)
        #expect(part.sequences == [[3], [4], [17], [38]])
        #expect(abs(part.score(dense.selectingRows(chosen)) - 1) < 1e-12)
        var pairs: [(Double, Double)] = []
        for (place, first) in chosen.enumerated() {
            for second in chosen[(place + 1)...] {
                let products = [other.normalizingRows, dense.normalizingRows].map { matrix in
                    zip(matrix.row(first), matrix.row(second)).reduce(0) { $0 + Double($1.0 * $1.1) }
                }
                pairs.append((products[0], products[1]))
            }
        }
        let expected = Correlation.pearson(pairs.map(\.0), pairs.map(\.1))
        #expect(abs(part.score(other.selectingRows(chosen)) - expected) < 1e-6)
        let alike = Matrix(rows: 40, columns: 6, repeating: 1)
        let same = FidelityTask(sequences: (0..<40).map { [$0] }, denseEmbeddings: alike)
        #expect(same.score(alike) == 1)
        let half = task.part(share: 0.5, using: &random)
        let drawn = try #require(half as? FidelityTask)
        #expect(drawn.count == 20 && Set(drawn.sequences).count == 20)
    }
}

@Suite struct DatasetsTests {
    private let texts = TemporaryTexts()

    @Test func readsPairs() throws {
        let path = try texts.write("score\tsentence1\tsentence2\n5\ta\tb\r\n0.5\tc\td\n", "pairs.tsv")
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
        let path = try texts.write(text, "bad.tsv")
        let error = #expect(throws: Levels.Issue.self) { try Datasets.scoredPairs(path: path) }
        #expect(error?.subject == .path(path) && error?.description.contains(expected) == true)
    }

    @Test func missingFileIsNamed() {
        let error = #expect(throws: Levels.Issue.self) { try Datasets.sentences(path: "/nowhere/x.txt") }
        #expect(error?.description.hasPrefix("/nowhere/x.txt: ") == true)
    }

    @Test func sentencesOfTextAndOfTables() throws {
        #expect(
            try Datasets.sentences(path: texts.write(" one \n\ntwo\none\n", "text.txt")) == ["one", "two"])
        let table = try texts.write("sentence1\tsentence2\tscore\na\tb\t1\nb\tc\t2\n", "table.tsv")
        #expect(try Datasets.sentences(path: table) == ["a", "b", "c"])
    }

    /// Quotes hold commas, line ends and quotes.
    @Test func tablesOfCommasAndOfObjects() throws {
        let commas = "id,text\r\n1,\"the cat, the \"\"dog\"\"\"\r\n2,\"two\nlines\"\n3,red book"
        #expect(
            try Datasets.sentences(path: texts.write(commas, "text.csv"))
                == ["the cat, the \"dog\"", "two\nlines", "red book"])
        let objects =
            #"{"text": "the cat", "id": 1, "tags": []}"# + "\n\n"
            + #"{"text": "a\tdog", "id": 2, "tags": null}"#
        #expect(try Datasets.sentences(path: texts.write(objects, "text.jsonl")) == ["the cat", "a\tdog"])
        let pairs =
            #"{"sentence1": "a", "sentence2": "b", "score": 0.5}"# + "\n"
            + #"{"score": 1, "sentence1": "c", "sentence2": "d"}"#
        #expect(try Datasets.scoredPairs(path: texts.write(pairs, "pairs.ndjson")).map(\.score) == [0.5, 1])
        let labelled = "label,sentence\n1,\"a, b\"\n0,c\n"
        #expect(
            try Datasets.labelled(path: texts.write(labelled, "labelled.csv"))
                == LabelledExamples(.sentences(["a, b", "c"]), labels: [1, 0]))
    }

    @Test(arguments: [
        ("text.csv", "text,id\n\"a,1\n", "line 2: found a field without its last quote"),
        ("text.csv", "text,id\n\"a\"b,1\n", "line 2: found more after a field's last quote"),
        ("text.csv", "text,id\nb\"a\",1\n", "line 2: found a quote within a field"),
        ("text.csv", "text,id\n\"a\n\",1\nb\n", "line 4: found 1 columns, allowed 2"),
        ("text.csv", "name,id\na,1\n", "found columns name, id, allowed one of sentence"),
        ("text.jsonl", "{\"text\": \"a\"}\n[1]\n", "line 2: found '[1]', allowed a JSON object"),
        ("text.jsonl", "{\"text\": \"a\"}\n{}\n", "line 2: found no 'text', allowed what line 1 has"),
        ("text.txt", "{\"text\": \"a\"}\n{\"text\": \"b\"}\n", "a JSON object on each line"),
        ("text.txt", "id,text\n1,the cat\n2,a dog\n", "a name that ends in .csv"),
        ("text.txt", "score\tsentence\n1\ta\n2\tb\n", "a name that ends in .tsv"),
        ("text.txt.gz", "\u{1F}\u{8B}nonsense", "bytes that are not UTF-8"),
    ])
    func damagedAndDisguisedTablesAreRefused(_ name: String, _ text: String, _ says: String) throws {
        let path = try texts.write(text, name)
        let error = #expect(throws: Levels.Issue.self) { try Datasets.sentences(path: path) }
        #expect(
            error?.description.contains(says) == true || name.hasSuffix("gz"), "\(String(describing: error))")
    }

    /// Sentences that look a little like tables are sentences.
    @Test func plainTextStaysPlain() throws {
        for text in [
            "The text, she said, is long.\nYes, it is.\n", "Title\nA story, a tale.\n", "a,b\nc,d\n",
        ] {
            #expect(try Datasets.sentences(path: texts.write(text, "plain.txt")).count == 2)
        }
    }

    @Test func gzippedFilesAndPipes() throws {
        let plain = try texts.write((0..<5000).map { "sentence number \($0)\n" }.joined(), "many.txt")
        let sentences = try Datasets.sentences(path: plain)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/gzip")
        process.arguments = ["--keep", plain]
        try process.run()
        process.waitUntilExit()
        #expect(try Datasets.sentences(path: "\(plain).gz") == sentences)
        let whole = try Data(contentsOf: URL(fileURLWithPath: "\(plain).gz"))
        let cut = "\(plain).cut.gz"
        try whole.dropLast(9).write(to: URL(fileURLWithPath: cut))
        let error = #expect(throws: Levels.Issue.self) { try Datasets.sentences(path: cut) }
        #expect(error?.description.contains("damaged gzip") == true)
        // Members one after the other are one file.
        let twice = "\(plain).twice.gz"
        try (whole + whole).write(to: URL(fileURLWithPath: twice))
        #expect(try Datasets.text(path: twice).utf8.count == 2 * Datasets.text(path: plain).utf8.count)

        let pipe = Pipe()
        let writer = pipe.fileHandleForWriting
        Thread.detachNewThread {
            writer.write(Data("one\ntwo\n".utf8))
            try? writer.close()
        }
        #expect(
            try Datasets.sentences(path: "/dev/fd/\(pipe.fileHandleForReading.fileDescriptor)") == [
                "one", "two",
            ])
    }

    @Test func scoresFromZeroToOneAreTold() {
        func pairs(_ scores: [Double]) -> [ScoredPair] {
            scores.map { ScoredPair(first: "a", second: "b", score: $0) }
        }
        #expect(ScoredPair.usualHighest(of: pairs([0, 0.5, 1])) == 1)
        #expect(ScoredPair.usualHighest(of: pairs([0, 0.5, 1.2])) == 5)
    }
}
