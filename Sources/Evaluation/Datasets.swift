import Foundation
import Levels

/// A pair of sentences with a similarity score given by people.
public struct ScoredPair: Sendable, Hashable {
    /// The first sentence.
    public let first: String
    /// The second sentence.
    public let second: String
    /// How similar they are; 0 to 5 in STS-B.
    public let score: Double

    /// The score of pairs that mean the same, where nobody says: 1 where none is above 1, else 5. Both are in use for
    /// the same data: STS-B has 0 to 5, and sentence-transformers' copy of it 0 to 1.
    public static func usualHighest(of pairs: [ScoredPair]) -> Double {
        (pairs.map(\.score).max() ?? 5) <= 1 ? 1 : 5
    }
}

/// Readers of the files that tasks use.
public enum Datasets {
    /// Reads a table's pairs: columns `sentence1`, `sentence2`, `score`.
    ///
    /// - Parameter scores: what scores can be, where it matters.
    public static func scoredPairs(path: String, scores: ClosedRange<Double>? = nil) throws -> [ScoredPair] {
        let table = try Table(path: path)
        guard let first = table.header.firstIndex(of: "sentence1"),
            let second = table.header.firstIndex(of: "sentence2"),
            let score = table.header.firstIndex(of: "score")
        else {
            throw Issue(
                .malformed, .path(path), field: .line(1),
                found: "columns \(table.header.joined(separator: ", "))",
                allowed: "sentence1, sentence2, score")
        }
        let pairs = try table.rows.map { row in
            guard let value = Double(row.fields[score]), value.isFinite, scores?.contains(value) ?? true
            else {
                let allowed = scores.map { "\($0.lowerBound) to \($0.upperBound)" } ?? "a finite number"
                throw Issue(
                    .outOfRange, .path(path), field: .line(row.line), found: "score '\(row.fields[score])'",
                    allowed: allowed)
            }
            return ScoredPair(first: row.fields[first], second: row.fields[second], score: value)
        }
        guard pairs.count >= 2 else {
            throw Issue(.outOfRange, .path(path), found: "\(pairs.count) pairs", allowed: "2 or more")
        }
        return pairs
    }

    /// Reads sentences: the columns `sentence`, `sentence1`, `sentence2` and `text` of a table (`.tsv`, `.csv` or
    /// `.jsonl`, also with `.gz` after it), or else one sentence a line. Empty lines and repetitions are left out.
    /// - Throws: `Issue` for fewer than 2, or a file that is plainly a table and has another name.
    public static func sentences(path: String) throws -> [String] {
        var found: [String] = []
        if Table.Form(ofName: path) != nil {
            let table = try Table(path: path)
            let columns = table.header.indices.filter { textColumns.contains(table.header[$0]) }
            guard !columns.isEmpty else {
                throw table.issue(
                    1, "columns \(table.header.joined(separator: ", "))",
                    "one of \(textColumns.joined(separator: ", "))", code: .missing)
            }
            for row in table.rows { found += columns.map { row.fields[$0] } }
        } else {
            let lines = try text(path: path).split(separator: "\n")
            try requirePlain(lines, path)
            found = lines.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        var seen = Set<String>()
        let sentences = found.filter { !$0.isEmpty && seen.insert($0).inserted }
        guard sentences.count >= 2 else {
            throw Issue(.outOfRange, .path(path), found: "\(sentences.count) sentences", allowed: "2 or more")
        }
        return sentences
    }

    /// Columns of sentences.
    private static let textColumns = ["sentence", "sentence1", "sentence2", "text"]

    /// Refuses lines that are those of a table, whose names and marks would be taken as sentences.
    private static func requirePlain(_ lines: [Substring], _ path: String) throws {
        guard lines.count >= 2 else { return }
        func refuse(_ found: String, _ ending: String) -> Issue {
            Issue(
                .unsupported, .path(path), found: found,
                allowed: "a sentence a line, or a name that ends in \(ending)")
        }
        let sample = lines.prefix(1000)
        if sample.allSatisfy({ $0.hasPrefix("{") && $0.hasSuffix("}") }) {
            throw refuse("a JSON object on each line", ".jsonl")
        }
        let names = lines[0].split(whereSeparator: { "\t,".contains($0) }).map {
            $0.trimmingCharacters(in: CharacterSet(charactersIn: "\" ")).lowercased()
        }
        let known = Set(textColumns + ["id", "label", "score", "query", "idx", "index", "title"])
        guard names.count >= 2, names.contains(where: known.contains) else { return }
        let isShort = names.allSatisfy { $0.count <= 30 && !$0.contains(" ") }
        let tabs = sample.allSatisfy { $0.contains("\t") }
        guard isShort, tabs || lines[0].contains(",") else { return }
        throw refuse("column names, \(names.prefix(6).joined(separator: ", "))", tabs ? ".tsv" : ".csv")
    }

    /// Reads UTF-8 text, gzipped or not, from a file or a pipe; `\r\n` becomes `\n`.
    /// - Throws: `Issue` for what cannot be read.
    public static func text(path: String) throws -> String {
        try DataFile.text(path)
    }
}
