import Foundation
import Tensors
import Tokenizers
import Transformers

/// Documents, queries, and which documents are relevant to a query, as BEIR has them (Thakur et al., 2021).
///
/// Three tab-separated files with one header line: documents (`id`, `text`, and `title` where there is one),
/// queries (`id`, `query`), relevance (`query`, `document`, `grade`; 0 is not relevant).
public struct RetrievalData: Sendable {
    /// Title and text of each document.
    public let documents: [String]
    /// Those queries that have a relevant document.
    public let queries: [String]
    /// For each query, the grades above 0 by the index of the document.
    public let relevance: [[Int: Double]]

    /// The names of the files, in a folder.
    public static let files = (
        documents: "documents.tsv", queries: "queries.tsv", relevance: "relevance.tsv"
    )

    /// Whether a path is a folder, as data of this kind is.
    public static func isAt(_ path: String) -> Bool {
        var isFolder: ObjCBool = false
        return FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) && isFolder.boolValue
    }

    /// Reads the three files of a folder.
    public init(folder: String) throws {
        try self.init(
            documents: "\(folder)/\(Self.files.documents)", queries: "\(folder)/\(Self.files.queries)",
            relevance: "\(folder)/\(Self.files.relevance)")
    }

    /// Reads three files.
    /// - Throws: an error that names the file and the line.
    public init(documents: String, queries: String, relevance: String) throws {
        let corpus = try Table(path: documents)
        let title = corpus.header.firstIndex(of: "title")
        let (id, text) = try (corpus.column("id"), corpus.column("text"))
        let numbers = try Self.numbers(corpus, id)
        self.documents = corpus.rows.map { row in
            [title.map { row.fields[$0] }, row.fields[text]].compactMap(\.self).filter { !$0.isEmpty }
                .joined(separator: " ")
        }
        let asked = try Table(path: queries)
        let (queryID, query) = try (asked.column("id"), asked.column("query"))
        let queryNumbers = try Self.numbers(asked, queryID)
        let judged = try Table(path: relevance)
        let columns = try (judged.column("query"), judged.column("document"), judged.column("grade"))
        var grades = [[Int: Double]](repeating: [:], count: asked.rows.count)
        for row in judged.rows {
            guard let number = queryNumbers[row.fields[columns.0]] else {
                throw judged.issue(
                    row.line, "query '\(row.fields[columns.0])'", "the id of a query in \(queries)")
            }
            guard let document = numbers[row.fields[columns.1]] else {
                throw judged.issue(
                    row.line, "document '\(row.fields[columns.1])'", "the id of a document in \(documents)")
            }
            guard let grade = Double(row.fields[columns.2]), grade.isFinite, grade >= 0 else {
                throw judged.issue(row.line, "grade '\(row.fields[columns.2])'", "0 or more")
            }
            if grade > 0 { grades[number][document] = grade }
        }
        let answered = grades.indices.filter { !grades[$0].isEmpty }
        guard !answered.isEmpty else { throw judged.issue(nil, "no grade above 0", "one at least") }
        self.queries = answered.map { asked.rows[$0].fields[query] }
        self.relevance = answered.map { grades[$0] }
    }

    private static func numbers(_ table: Table, _ column: Int) throws -> [String: Int] {
        var numbers: [String: Int] = [:]
        for (number, row) in table.rows.enumerated() {
            guard numbers.updateValue(number, forKey: row.fields[column]) == nil else {
                throw table.issue(row.line, "id '\(row.fields[column])' twice", "each once")
            }
        }
        return numbers
    }
}

/// Retrieval by the cosine of embeddings: nDCG@10, judged as BEIR does, with recall@100 and MRR@10.
///
/// The gain of a document is its grade, discounted by log₂(rank + 1) (Järvelin and Kekäläinen, 2002, with
/// linear gains).
public struct RetrievalTask: EmbeddingTask {
    /// What is known of a ranking.
    public struct Scores: Sendable, Equatable {
        /// Mean over the queries of the discounted gain of the first ten, as a fraction of the best possible.
        public let ndcg10: Double
        /// Mean fraction of the relevant documents that are among the first hundred.
        public let recall100: Double
        /// Mean of 1 / rank of the first relevant document, 0 where none is among the first ten.
        public let mrr10: Double
    }

    /// `ndcg@10`.
    public let metric = "ndcg@10"
    /// Queries, then documents, unless those are indexed already.
    public let sequences: [[Int32]]
    private let relevance: [[Int: Double]]
    private let index: Matrix?

    /// Tokenizes queries and documents.
    ///
    /// - Parameter index: embeddings of the documents [documents × features] by another model, which are
    ///   searched instead of the model's own; nil for its own.
    public init(_ data: RetrievalData, tokenizer: SentenceTokenizer, index: Matrix? = nil) {
        let queries = tokenizer.encode(data.queries)
        sequences = index == nil ? queries + tokenizer.encode(data.documents) : queries
        relevance = data.relevance
        self.index = index?.normalizingRows
    }

    /// Number of queries.
    public var count: Int { relevance.count }

    /// nDCG@10.
    public func score(_ embeddings: Matrix) -> Double { scores(embeddings).ndcg10 }

    /// All scores of embeddings [sequences × features].
    public func scores(_ embeddings: Matrix) -> Scores {
        let normalized = embeddings.normalizingRows
        let queries = normalized.selectingRows(Array(0..<count))
        let documents = index ?? normalized.selectingRows(Array(count..<embeddings.rows))
        var sums = (ndcg: 0.0, recall: 0.0, mrr: 0.0)
        for (query, grades) in relevance.enumerated() {
            var cosines = Matrix(rows: 1, columns: documents.rows)
            BLAS.multiply(
                queries.selectingRows([query]), documents, transposeB: true, into: &cosines)
            let ranked = Self.highest(100, of: cosines.elements)
            let gains = ranked.map { grades[$0] ?? 0 }
            let best = Self.discounted(grades.values.sorted(by: >))
            sums.ndcg += Self.discounted(gains) / best
            sums.recall += Double(gains.count { $0 > 0 }) / Double(grades.count)
            if let first = gains.prefix(10).firstIndex(where: { $0 > 0 }) {
                sums.mrr += 1 / Double(first + 1)
            }
        }
        let queryCount = Double(count)
        return Scores(
            ndcg10: sums.ndcg / queryCount, recall100: sums.recall / queryCount,
            mrr10: sums.mrr / queryCount)
    }

    private static func discounted(_ gains: [Double]) -> Double {
        gains.prefix(10).enumerated().reduce(0) { $0 + $1.element / log2(Double($1.offset + 2)) }
    }

    /// The indices of the highest values, highest first; of equal ones the earlier.
    private static func highest(_ count: Int, of values: [Float]) -> [Int] {
        Array(
            values.indices.sorted { (values[$0], $1) > (values[$1], $0) }.prefix(count))
    }
}
