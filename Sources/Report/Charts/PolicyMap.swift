import Foundation
import Levels
import Transformers

/// A policy as a map: a row for each block, a column for each operation; the pattern by color, hatch and
/// name, the sparsity by shade and number.
struct PolicyMap {
    /// A layer's place in the map.
    private struct Cell {
        let row: String
        let column: String
        let choice: LevelCell
    }

    private let cells: [Cell]
    private let rows: [String]
    private let columns: [String]

    /// Takes a level for every layer, in the order of computation.
    init(_ choices: [(layer: String, level: Level)]) {
        cells = choices.map { choice in
            let place = Self.place(choice.layer)
            return Cell(
                row: place.block, column: place.operation,
                choice: LevelCell(layer: choice.layer, level: choice.level))
        }
        func distinct(_ names: [String]) -> [String] {
            names.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
        }
        rows = distinct(cells.map(\.row))
        columns = distinct(cells.map(\.column))
    }

    /// How the kinds of level in use are shown, dense first and then as they first come.
    var glyphs: [LevelGlyph] {
        LevelCell.glyphs(of: cells.map(\.choice.level))
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
            cell.choice.draw(
                at: corner, width: width - 2, height: height - 2, mark: size.isNarrow ? 5 : 9,
                isNarrow: size.isNarrow || width < 72, on: &canvas)
        }
        return canvas.inline(
            title: "The learned policy",
            description: "\(rows.count) blocks, \(columns.count) operations each",
            classes: size.name)
    }

    /// The last part of a name where that tells it from the others.
    private static func short(_ column: String, among columns: [String]) -> String {
        func last(_ name: String) -> Substring { name.split(separator: ".").last ?? "" }
        return columns.count { last($0) == last(column) } == 1
            ? String(last(column)) : column.replacingOccurrences(of: "attention.", with: "attn. ")
    }
}
