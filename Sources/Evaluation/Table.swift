import Foundation
import Levels

/// A file of rows with named columns.
///
/// Its name's ending says how it is written, before `.gz` where that is the last: `.csv` with commas and quotes
/// (RFC 4180), `.jsonl` or `.ndjson` with an object on each line, and all others with tabs and without quotes. The first
/// line of all but JSON names the columns. Empty lines are left out.
struct Table {
    /// The ways to write one.
    enum Form {
        case tabs, commas, objects

        /// nil for a name that no table has.
        init?(ofName path: String) {
            var name = path.lowercased()[...]
            if name.hasSuffix(".gz") { name = name.dropLast(3) }
            switch true {
            case name.hasSuffix(".tsv"): self = .tabs
            case name.hasSuffix(".csv"): self = .commas
            case name.hasSuffix(".jsonl"), name.hasSuffix(".ndjson"): self = .objects
            default: return nil
            }
        }
    }

    /// A line of the file and its fields, as many as there are columns.
    struct Row {
        let line: Int
        let fields: [String]
    }

    private let path: String
    /// The names of the columns.
    let header: [String]
    /// The other lines.
    let rows: [Row]

    /// Reads a file.
    /// - Throws: `Issue` for an empty file, a line of another number of fields, or one that is damaged.
    init(path: String) throws {
        self.path = path
        let text = try DataFile.text(path)
        let all: [Row]
        switch Form(ofName: path) ?? .tabs {
        case .tabs: all = Self.tabSeparated(text)
        case .commas: all = try Self.commaSeparated(text, path)
        case .objects:
            (header, rows) = try Self.objects(text, path)
            return
        }
        guard let first = all.first else { throw Self.empty(path) }
        header = first.fields
        for row in all where row.fields.count != first.fields.count {
            throw Issue(
                .malformed, .path(path), field: .line(row.line), found: "\(row.fields.count) columns",
                allowed: "\(first.fields.count)")
        }
        rows = Array(all.dropFirst())
    }

    private static func empty(_ path: String) -> Issue {
        Issue(.malformed, .path(path), found: "an empty file", allowed: "a line of column names, and rows")
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

    // MARK: Forms

    private static func lines(_ text: String) -> [(line: Int, text: Substring)] {
        text.split(separator: "\n", omittingEmptySubsequences: false).enumerated()
            .filter { !$1.isEmpty }.map { ($0 + 1, $1) }
    }

    private static func tabSeparated(_ text: String) -> [Row] {
        lines(text).map { line, text in
            Row(
                line: line,
                fields: text.split(separator: "\t", omittingEmptySubsequences: false).map(String.init))
        }
    }

    /// A field in quotes may hold commas, line ends, and quotes written twice.
    private static func commaSeparated(_ text: String, _ path: String) throws -> [Row] {
        let (quote, comma, end) = (UInt8(ascii: "\""), UInt8(ascii: ","), UInt8(ascii: "\n"))
        var rest = Array(text.utf8)[...]
        var rows: [Row] = []
        var line = 1
        while !rest.isEmpty {
            if rest.first == end {
                rest.removeFirst()
                line += 1
                continue
            }
            var fields: [String] = []
            let begin = line
            while true {
                if rest.first == quote {
                    fields.append(try quoted(&rest, &line, path))
                } else {
                    let field = rest.prefix { $0 != comma && $0 != end }
                    guard !field.contains(quote) else {
                        throw Issue(
                            .malformed, .path(path), field: .line(line),
                            found: "a quote within a field that does not begin with one",
                            allowed: "fields in quotes")
                    }
                    fields.append(String(decoding: field, as: UTF8.self))
                    rest = rest.dropFirst(field.count)
                }
                guard let next = rest.popFirst(), next == comma else { break }
            }
            line += 1
            rows.append(Row(line: begin, fields: fields))
        }
        return rows
    }

    private static func quoted(
        _ rest: inout ArraySlice<UInt8>, _ line: inout Int, _ path: String
    ) throws -> String {
        let (quote, begin) = (UInt8(ascii: "\""), line)
        var field: [UInt8] = []
        rest.removeFirst()
        while let byte = rest.popFirst() {
            if byte != quote {
                line += byte == UInt8(ascii: "\n") ? 1 : 0
                field.append(byte)
            } else if rest.first == quote {
                field.append(quote)
                rest.removeFirst()
            } else {
                guard rest.first.map({ $0 == UInt8(ascii: ",") || $0 == UInt8(ascii: "\n") }) ?? true else {
                    throw Issue(
                        .malformed, .path(path), field: .line(line), found: "more after a field's last quote",
                        allowed: "a comma or a line end")
                }
                return String(decoding: field, as: UTF8.self)
            }
        }
        throw Issue(
            .malformed, .path(path), field: .line(begin), found: "a field without its last quote",
            allowed: "one")
    }

    /// Columns are the keys of the first object, by name; texts, numbers and truth values are fields.
    private static func objects(_ text: String, _ path: String) throws -> ([String], [Row]) {
        let objects = try lines(text).map { line, text in
            guard let value = try? JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
            else {
                throw Issue(
                    .malformed, .path(path), field: .line(line), found: "'\(text.prefix(60))'",
                    allowed: "a JSON object")
            }
            return (line: line, fields: value.mapValues(field))
        }
        guard let first = objects.first else { throw empty(path) }
        let header = first.fields.keys.sorted()
        let rows = try objects.map { line, fields in
            Row(
                line: line,
                fields: try header.map { name in
                    guard let field = fields[name] else {
                        throw Issue(
                            .malformed, .path(path), field: .line(line), found: "no '\(name)'",
                            allowed: "what line \(first.line) has")
                    }
                    return field
                })
        }
        return (header, rows)
    }

    /// Lists and objects are fields that no task asks for.
    private static func field(_ value: Any) -> String {
        switch value {
        case let text as String: text
        case let number as NSNumber: "\(number)"
        default: ""
        }
    }
}
