import Levels

/// A tab-separated file with one header line, without quoting; empty lines are left out.
struct TabSeparated {
    private let path: String
    /// The names of the columns.
    let header: [String]
    /// The other lines, each with its number in the file, and as many fields as the header.
    let rows: [(line: Int, fields: [String])]

    /// Reads a file.
    /// - Throws: `Issue` for an empty file, or a line of another number of fields.
    init(path: String) throws {
        self.path = path
        let lines = try Datasets.text(path: path).split(separator: "\n", omittingEmptySubsequences: false)
            .enumerated().filter { !$1.isEmpty }
        guard let first = lines.first else {
            throw Issue(
                .malformed, .path(path), found: "an empty file", allowed: "a line of column names, and rows")
        }
        let header = Self.fields(first.element)
        rows = try lines.dropFirst().map { index, line in
            let row = Self.fields(line)
            guard row.count == header.count else {
                throw Issue(
                    .malformed, .path(path), field: .line(index + 1), found: "\(row.count) columns",
                    allowed: "\(header.count)")
            }
            return (index + 1, row)
        }
        self.header = header
    }

    /// Where a column stands.
    /// - Throws: `Issue` when there is none of the name.
    func column(_ name: String) throws -> Int {
        guard let index = header.firstIndex(of: name) else {
            throw issue(1, "columns \(header.joined(separator: ", "))", "a column \(name)", code: .missing)
        }
        return index
    }

    /// What is wrong with a line, or with all of them.
    func issue(_ line: Int?, _ found: String, _ allowed: String, code: Issue.Code = .outOfRange) -> Issue {
        Issue(code, .path(path), field: line.map { .line($0) }, found: found, allowed: allowed)
    }

    private static func fields(_ line: Substring) -> [String] {
        line.split(separator: "\t", omittingEmptySubsequences: false).map(String.init)
    }
}
