import Foundation
import Levels
import Mustache

/// What a page says, ready to be laid out.
struct PageContent {
    /// A headline figure.
    struct Figure {
        let label: String
        let value: String
        let of: String
    }

    /// Part of a page: a chart, what it shows, and the tables behind it.
    struct Section {
        let id: String
        let title: String
        let caption: String
        var legend: [LegendItem] = []
        /// SVG, for each size.
        let charts: [String]
        let tables: [DataTable]
        /// Kinds of levels that the charts show.
        var glyphs: [LevelGlyph] = []
        var hasLegend: Bool { !legend.isEmpty }
    }

    let kicker: String
    let title: String
    let intro: String
    let figures: [Figure]
    let notes: [String]
    let sections: [Section]
    let footer: String
    var hasFigures: Bool { !figures.isEmpty }

    private var hatches: Hatches { Hatches(sections.flatMap(\.glyphs)) }

    private enum Templates {
        static func make(_ text: String) -> MustacheTemplate {
            do {
                return try MustacheTemplate(string: text)
            } catch {
                preconditionFailure("a template of this module is malformed: \(error)")
            }
        }
        static let content = make(ReportTemplate.content)
        static let page = make(ReportTemplate.page)
    }

    /// What is inside of `<main>`.
    var markup: String {
        Templates.content.render(
            [
                "kicker": kicker, "title": title, "intro": intro, "hasFigures": hasFigures,
                "columns": figures.count % 3 == 0 ? 3 : 2, "figures": figures,
                "notes": notes, "footer": footer, "sections": sections.map(\.fields),
                "hatches": hatches.definitions, "hatchRules": hatches.rules,
            ] as [String: Any])
    }

    /// The whole page: nothing in it asks for anything from anywhere, but a live one for itself.
    ///
    /// - Parameter script: what keeps a live page up to date; nil for a file.
    func page(script: String? = nil) -> String {
        let sources = script == nil ? "" : "; script-src 'unsafe-inline'; connect-src 'self'"
        return Templates.page.render(
            [
                "title": title, "content": markup,
                "policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:\(sources)",
                "style": ReportStyle.colors + ReportStyle.charts + ReportStyle.page,
                "script": script.map { "<script>\($0)</script>" } ?? "",
            ] as [String: Any])
    }
}

extension PageContent.Section {
    fileprivate var fields: [String: Any] {
        [
            "id": id, "title": title, "caption": caption, "hasLegend": hasLegend, "charts": charts,
            "legend": legend, "tables": tables.enumerated().map { $1.fields(id: "\(id)-table-\($0 + 1)") },
        ]
    }
}

/// One entry of a legend.
struct LegendItem {
    /// A small picture of the mark.
    let swatch: String
    let text: String

    /// - Parameter draw: draws into 22 × 14.
    init(_ text: String, color: Int, _ draw: (inout SVGCanvas) -> Void) {
        var canvas = SVGCanvas(width: 22, height: 14)
        canvas.color(color, draw)
        swatch = canvas.swatch
        self.text = text
    }
}

/// The numbers behind a chart.
struct DataTable {
    /// Rows of a page at most: beyond, the trace itself is handier.
    static let mostRows = 1000

    let title: String
    let headings: [String]
    let rows: [[String]]
    var isOpen = false

    fileprivate func fields(id: String) -> [String: Any] {
        let body = rows.prefix(Self.mostRows).map { cells in
            let first = cells.first.map { "<th scope=\"row\">\(Markup.escaped($0))</th>" } ?? ""
            return "<tr>\(first)" + cells.dropFirst().map { "<td>\(Markup.escaped($0))</td>" }.joined()
                + "</tr>"
        }
        let title =
            rows.count > Self.mostRows ? "\(title), the first \(Self.mostRows) of \(rows.count)" : title
        return [
            "id": id, "title": title, "headings": headings, "body": body.joined(separator: "\n"),
            "open": isOpen ? " open" : "",
        ]
    }
}
