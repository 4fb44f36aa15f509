import Levels
import Models
import Tensors

extension Model {
    /// How many classes it tells apart, 1 where it gives a score instead; nil for a model that does not classify.
    public var classes: Int? {
        guard case .classifier(let model) = kind else { return nil }
        return model.classifier.classes
    }

    /// The logits of sentences: [sentences][classes].
    ///
    /// - Throws: `Issue` for a model that does not classify.
    public func logits(of sentences: [String]) throws -> [[Float]] {
        try logitMatrix(of: sentences).rowArrays
    }

    /// The logits of pairs of sentences: [pairs][classes]. Pairs that are too long lose ends of the longer sentence
    /// first.
    ///
    /// - Throws: `Issue` for a model that does not classify.
    public func logits(of pairs: [(String, String)]) throws -> [[Float]] {
        try logitMatrix(of: pairs).rowArrays
    }

    /// The class with the highest logit of each sentence, from 0.
    ///
    /// - Throws: `Issue` for a model that does not classify.
    public func classify(_ sentences: [String]) throws -> [Int] {
        try logitMatrix(of: sentences).highestColumns
    }

    /// How well each document answers a query, by a cross-encoder: its one logit of the pair, higher is better.
    ///
    /// - Throws: `Issue` for a model that does not classify, or that has several classes.
    public func rank(_ documents: [String], for query: String) throws -> [Float] {
        let model = try classifier()
        guard model.classifier.classes == 1 else {
            throw Issue(
                .mismatch, .path(path), found: "a classifier of \(model.classifier.classes) classes",
                allowed: "1 to rank by")
        }
        return try logitMatrix(of: documents.map { (query, $0) }).elements
    }

    package func logitMatrix(of sentences: [String]) throws -> Matrix {
        let model = try classifier()
        let sequences = model.base.sentences.words.encode(sentences, maximumTokens: model.maximumTokens)
        return model.classifier.logits(of: sequences, pool: pool)
    }

    package func logitMatrix(of pairs: [(String, String)]) throws -> Matrix {
        let model = try classifier()
        let encoded = pairs.map {
            model.base.sentences.words.encode(pair: $0.0, $0.1, maximumTokens: model.maximumTokens)
        }
        return model.classifier.logits(
            of: encoded.map(\.ids), firsts: encoded.map(\.firstCount), pool: pool)
    }

    func classifier() throws -> ClassifierModel {
        guard case .classifier(let model) = kind else { throw lacks("classify", "a classifier") }
        return model
    }
}
