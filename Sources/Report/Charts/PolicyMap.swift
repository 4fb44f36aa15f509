import Foundation
import Levels
import SparseKernels
import Transformers

/// A policy as a map: a row for each block, a column for each operation; the pattern by color, hatch and
/// name, the sparsity by shade and number.
struct PolicyMap {
    /// A layer's place in the map.
    private struct Cell {
        let row: String
        let column: String
        let layer: String
        let level: Level
    }

    private let cells: [Cell]
    private let rows: [String]
    private let columns: [String]

    /// Takes a level for every layer, in the order of computation.
    init(_ choices: [(layer: String, level: Level)]) {
        cells = choices.map { choice in
            let place = Self.place(choice.layer)
            return Cell(row: place.block, column: place.operation, layer: choice.layer, level: choice.level)
        }
        func distinct(_ names: [String]) -> [String] {
            names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        rows = distinct(cells.map(\.row))
        columns = distinct(cells.map(\.column))
    }

    /// How the kinds of level in use are shown, dense first and then as they first come.
    var glyphs: [LevelGlyph] {
        let levels = cells.map(\.level)
        let ordered = levels.filter(\.keepsAll) + levels.filter { !$0.keepsAll }
        return ordered.map(LevelFormats.standard.glyph).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }

    /// `encoder.layer.3.attention.self.query` is `attention.query` of block 3.
    static func place(_ layer: String) -> (block: String, operation: String) {
        guard let place = Architectures.place(ofLayer: layer) else { return ("–", layer) }
        return ("\(place.block)", place.role.label)
    }

    func svg(_ size: ChartSize) -> String {
        let (left, height) = (size.isNarrow ? 30.0 : 56, size.isNarrow ? 34.0 : 36)
        let top = size.isNarrow ? 92.0 : 44
        let width = (size.width - left - (size.isNarrow ? 22 : 2)) / Double(max(columns.count, 1))
        var canvas = SVGCanvas(width: size.width, height: top + height * Double(rows.count) + 6)
        canvas.text("block", at: (2, top - 10), "label")
        for (number, column) in columns.enumerated() {
            let middle = left + (Double(number) + 0.5) * width
            let short = Self.short(column, among: columns)
            if size.isNarrow {
                canvas.text(short, at: (middle - 2, top - 10), "label", degrees: -48)
            } else {
                canvas.text(short, at: (middle, top - 10), "label", anchor: .middle)
            }
        }
        for (number, row) in rows.enumerated() {
            let middle = top + (Double(number) + 0.5) * height
            canvas.text(row, at: (left - 10, middle + 4), "label", anchor: .end)
        }
        for cell in cells {
            guard let row = rows.firstIndex(of: cell.row), let column = columns.firstIndex(of: cell.column)
            else { continue }
            let corner = (left + Double(column) * width, top + Double(row) * height)
            draw(cell, corner, width: width - 2, height: height - 2, size, &canvas)
        }
        return canvas.inline(
            title: "The learned policy",
            description: "\(rows.count) blocks, \(columns.count) operations each",
            classes: size.name)
    }

    private func draw(
        _ cell: Cell, _ corner: SVGCanvas.Point, width: Double, height: Double, _ size: ChartSize,
        _ canvas: inout SVGCanvas
    ) {
        let (glyph, sparsity) = (LevelFormats.standard.glyph(cell.level), cell.level.sparsity)
        let title = "\(cell.layer): \(cell.level)"
        canvas.color(glyph.color) { canvas in
            canvas.rectangle(
                corner, width: width, height: height, "cell",
                fill: 0.1 + 0.5 * sparsity, title: title)
            canvas.rectangle(
                corner, width: size.isNarrow ? 5 : 9, height: height, "hatch-\(glyph.slug)")
        }
        let middle = corner.x + (width + (size.isNarrow ? 5 : 9)) / 2
        guard !cell.level.keepsAll else {
            return canvas.text(
                glyph.code, at: (middle, corner.y + height / 2 + 4), "cell-small", anchor: .middle)
        }
        let percent = Figures.percent(sparsity)
        if size.isNarrow || width < 70 {
            canvas.text(percent, at: (middle, corner.y + 14), "cell-text", anchor: .middle)
            canvas.text(glyph.code, at: (middle, corner.y + 27), "cell-small", anchor: .middle)
        } else {
            canvas.text(
                "\(glyph.code) \(percent)", at: (middle, corner.y + height / 2 + 4.5), "cell-text",
                anchor: .middle)
        }
    }

    /// The last part of a name where that tells it from the others.
    private static func short(_ column: String, among columns: [String]) -> String {
        func last(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }
        return columns.count { last($0) == last(column) } == 1
            ? String(last(column)) : column.replacingOccurrences(of: "attention.", with: "attn. ")
    }
}
