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
}

/// Readers of the files that tasks use.
public enum Datasets {
    /// Reads tab-separated pairs with one header line that names columns `sentence1`, `sentence2`, `score`.
    ///
    /// - Parameter scores: what scores can be, where it matters.
    public static func scoredPairs(path: String, scores: ClosedRange<Double>? = nil) throws -> [ScoredPair] {
        let table = try TabSeparated(path: path)
        guard let first = table.header.firstIndex(of: "sentence1"),
            let second = table.header.firstIndex(of: "sentence2"),
            let score = table.header.firstIndex(of: "score")
        else {
            throw Issue(
                .malformed, .path(path), field: .line(1),
                found: "columns \(table.header.joined(separator: ", "))",
                allowed: "sentence1, sentence2, score separated by tabs")
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

    /// Reads sentences: the columns `sentence`, `sentence1` and `sentence2` of a tab-separated file
    /// (name ending in `.tsv`), or else one sentence a line. Empty lines and repetitions are left out.
    public static func sentences(path: String) throws -> [String] {
        let lines = try text(path: path).split(separator: "\n", omittingEmptySubsequences: true)
        var found: [String] = []
        if path.hasSuffix(".tsv"), let header = lines.first.map(fields) {
            let columns = header.indices.filter {
                ["sentence", "sentence1", "sentence2"].contains(header[$0])
            }
            guard !columns.isEmpty else {
                throw Issue(
                    .malformed, .path(path), field: .line(1), found: "no column of sentences",
                    allowed: "sentence, sentence1 or sentence2")
            }
            for line in lines.dropFirst() {
                let row = fields(line)
                for column in columns where column < row.count { found.append(row[column]) }
            }
        } else {
            found = lines.map { $0.trimmingCharacters(in: .whitespaces) }
        }
        var seen = Set<String>()
        let sentences = found.filter { !$0.isEmpty && seen.insert($0).inserted }
        guard sentences.count >= 2 else {
            throw Issue(.outOfRange, .path(path), found: "\(sentences.count) sentences", allowed: "2 or more")
        }
        return sentences
    }

    /// Reads UTF-8 text; `\r\n` becomes `\n`.
    public static func text(path: String) throws -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw Issue(
                FileManager.default.fileExists(atPath: path) ? .inaccessible : .missing, .path(path),
                advice: "cannot be read: no such file, or no permission")
        }
        guard let text = String(data: data, encoding: .utf8) else {
            throw Issue(.malformed, .path(path), found: "bytes that are not UTF-8", allowed: "UTF-8 text")
        }
        return text.replacing("\r\n", with: "\n")
    }

    private static func fields(_ line: Substring) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}
