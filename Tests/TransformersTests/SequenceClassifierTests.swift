import Foundation
import Levels
import ModelFiles
import Tensors
import Testing

@testable import Transformers

@Suite struct SequenceClassifierTests {
    private static let sequences: [[Int32]] = {
        var random = CounterBasedRandom(seed: 11)
        return [4, 9, 70, 1, 30, 33, 60, 75, 64, 16].map { length in
            (0..<length).map { _ in Int32.random(in: 0..<Int32(RandomBERT.vocabulary), using: &random) }
        }
    }()
    private static let firsts = [2, 9, 31, 1, 0, 12, 59, 40, 1, 15]

    private func model(classes: Int, pooler: String = "pooler.dense") -> RandomBERT {
        var model = RandomBERT(seed: 12)
        var random = CounterBasedRandom(seed: 13)
        for (name, rows) in [(pooler, RandomBERT.hidden), ("classifier", classes)] {
            for (part, columns) in [("weight", RandomBERT.hidden), ("bias", 1)] {
                model.tensors["\(name).\(part)"] = Matrix(
                    rows: rows, columns: columns,
                    elements: (0..<rows * columns).map { _ in Float(random.nextUniform() * 2 - 1) })
            }
        }
        model.configuration["architectures"] = ["BertForSequenceClassification"]
        return model
    }

    /// C·tanh(P·h + p) + c in double precision, of the encoder's hidden states.
    private func expected(_ model: RandomBERT, _ encoder: Encoder, sequence: Int, isPair: Bool) throws
        -> [Double]
    {
        let ids = Self.sequences[sequence]
        let batch = TokenBatch(pairs: [ids], firsts: [isPair ? Self.firsts[sequence] : ids.count])
        let workspace = EncoderWorkspace(
            encoder.dimensions, tokens: ids.count, threads: 1, longest: ids.count)
        encoder.forward(batch, workspace: workspace, pool: ThreadPool())
        func linear(_ name: String, _ x: [Double]) throws -> [Double] {
            let weight = try #require(model.tensors["\(name).weight"])
            let bias = try #require(model.tensors["\(name).bias"])
            return (0..<weight.rows).map { row in
                zip(weight.row(row), x).reduce(Double(bias[row, 0])) { $0 + Double($1.0) * $1.1 }
            }
        }
        let first = (0..<RandomBERT.hidden).map { Double(workspace.hidden[$0, 0]) }
        return try linear("classifier", try linear("pooler.dense", first).map { tanh($0) })
    }

    @Test(arguments: [1, 2, 3, 17], ["", "bert."])
    func logitsAreThoseOfTheFormula(classes: Int, prefix: String) throws {
        let model = model(classes: classes)
        try model.inFolder(prefix: prefix) { folder in
            let encoder = try Encoder(folder: folder)
            let classifier = try SequenceClassifier(folder: folder, encoder: encoder)
            #expect(classifier.classes == classes)
            for isPair in [false, true] {
                let logits = classifier.logits(
                    of: Self.sequences, firsts: isPair ? Self.firsts : nil, pool: try ThreadPool(threads: 2))
                #expect(logits.rows == Self.sequences.count && logits.columns == classes)
                for sequence in Self.sequences.indices {
                    let expected = try expected(model, encoder, sequence: sequence, isPair: isPair)
                    for (a, b) in zip(logits.row(sequence), expected) { #expect(abs(Double(a) - b) < 1e-5) }
                }
            }
        }
    }

    @Test func logitsDoNotDependOnTheBatchOrTheThreads() throws {
        try model(classes: 3).inFolder { folder in
            let classifier = try SequenceClassifier(folder: folder, encoder: Encoder(folder: folder))
            let together = classifier.logits(
                of: Self.sequences, firsts: Self.firsts, pool: ThreadPool())
            #expect(
                classifier.logits(of: Self.sequences, firsts: Self.firsts, pool: try ThreadPool(threads: 3))
                    == together)
            for (index, sequence) in Self.sequences.enumerated() {
                let single = classifier.logits(
                    of: [sequence], firsts: [Self.firsts[index]], pool: try ThreadPool(threads: 2))
                #expect(single.elements == Array(together.row(index)))
            }
        }
    }

    @Test func prunedEncodersKeepTheirHead() throws {
        var small = model(classes: 2)
        var zeroed = small
        small.removeHeads([0, 3], ofBlock: 1)
        zeroed.zeroColumns(
            RandomBERT.features(ofHead: 0) + RandomBERT.features(ofHead: 3),
            of: "encoder.layer.1.attention.output.dense")
        func logits(_ model: RandomBERT) throws -> Matrix {
            try model.inFolder {
                try SequenceClassifier(folder: $0, encoder: Encoder(folder: $0))
                    .logits(of: Self.sequences, pool: try ThreadPool(threads: 2))
            }
        }
        let (found, expected) = (try logits(small), try logits(zeroed))
        for (a, b) in zip(found.elements, expected.elements) { #expect(abs(a - b) < 1e-5) }
    }

    private static let wrong: [(change: @Sendable (inout RandomBERT) -> Void, says: [String])] = [
        (
            { $0.configuration["architectures"] = ["BertModel"] },
            ["config.json", "found BertModel", "allowed BertForSequenceClassification"]
        ),
        ({ $0.tensors["classifier.weight"] = nil }, ["model.safetensors", "classifier.weight"]),
        ({ $0.tensors["pooler.dense.weight"] = nil }, ["model.safetensors", "pooler.dense.weight"]),
        (
            { $0.configuration["id2label"] = ["0": "no", "1": "yes"] },
            ["classifier.weight", "[3, 32]", "allowed [2, 32]"]
        ),
        ({ $0.configuration["num_labels"] = 4 }, ["classifier.weight", "[3, 32]", "allowed [4, 32]"]),
        (
            { $0.keepColumns(Array(0..<16), of: "classifier") },
            ["classifier.weight", "[3, 16]", "allowed [classes, 32]"]
        ),
    ]

    @Test(arguments: wrong.indices) func aWrongHeadIsNamed(index: Int) throws {
        var model = model(classes: 3)
        Self.wrong[index].change(&model)
        try model.inFolder { folder in
            let encoder = try Encoder(folder: folder)
            let error = #expect(throws: Levels.Issue.self) {
                try SequenceClassifier(folder: folder, encoder: encoder)
            }
            let description = try #require(error).description
            for word in Self.wrong[index].says { #expect(description.contains(word), "\(description)") }
        }
    }
}
