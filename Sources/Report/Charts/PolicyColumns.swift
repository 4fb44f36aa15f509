import Levels

/// Several policies of one model side by side: a row for each layer, a column for each policy; the
/// pattern and the precision by color, hatch and name, the sparsity by shade and number.
public struct PolicyColumns: Sendable {
    /// A policy, and what stands above it.
    public struct Column: Sendable {
        let name: String
        let levels: [String: Level]

        /// Takes a level for each layer by its name.
        public init(_ name: String, levels: [String: Level]) {
            self.name = name
            self.levels = levels
        }
    }

    private let layers: [String]
    private let columns: [Column]

    private static let columnWidth = 138.0
    private static let rowHeight = 20.0
    private static let blockGap = 7.0
    private static let legendRowHeight = 22.0
    private static let top = 44.0
    private static let leastWidth = 520.0

    /// Takes the layers in the order of computation. What a policy has no level for stays empty.
    public init(layers: [String], columns: [Column]) {
        self.layers = layers
        self.columns = columns
    }

    private var places: [(block: String, operation: String)] { layers.map(PolicyMap.place) }

    /// The upper edge of each row, with a gap between blocks, and the end of the last.
    private var edges: [Double] {
        let places = places
        var edges = [Self.top]
        for index in layers.indices {
            let next = layers.index(after: index)
            let isLast = next < layers.endIndex && places[next].block != places[index].block
            edges.append(edges[index] + Self.rowHeight + (isLast ? Self.blockGap : 0))
        }
        return edges
    }

    /// Room for the names of layers, at about seven units for a letter.
    private var left: Double {
        44 + 7 * Double(places.map(\.operation.count).max() ?? 0)
    }

    /// The whole picture, which follows the reader's choice of light or dark.
    public func svg(title: String) -> String {
        let (edges, left) = (edges, left)
        let levels = columns.flatMap { column in layers.compactMap { column.levels[$0] } }
        let glyphs = LevelCell.glyphs(of: levels)
        let bottom = edges[layers.count] + 16
        var canvas = SVGCanvas(
            width: max(left + Self.columnWidth * Double(columns.count) + 8, Self.leastWidth),
            height: bottom + Self.legendRowHeight * Double(glyphs.count) + 8)
        canvas.text("block", at: (8, Self.top - 12), "label")
        for (number, column) in columns.enumerated() {
            let middle = left + (Double(number) + 0.5) * Self.columnWidth
            canvas.text(column.name, at: (middle, Self.top - 12), "label", anchor: .middle)
        }
        drawRows(edges, left, &canvas)
        for (number, glyph) in glyphs.enumerated() {
            let corner = (x: 8.0, y: bottom + Self.legendRowHeight * Double(number))
            canvas.color(glyph.color) { LevelCell.drawSwatch(of: glyph, at: corner, on: &$0) }
            canvas.text(glyph.legend, at: (corner.x + 32, corner.y + 11))
        }
        return canvas.document(title: title, glyphs: glyphs)
    }

    private func drawRows(_ edges: [Double], _ left: Double, _ canvas: inout SVGCanvas) {
        let places = places
        for (row, layer) in layers.enumerated() {
            let middle = edges[row] + Self.rowHeight / 2 + 3
            if row == 0 || places[row - 1].block != places[row].block {
                canvas.text(places[row].block, at: (8, middle), "label")
            }
            canvas.text(places[row].operation, at: (left - 10, middle), anchor: .end)
            for (number, column) in columns.enumerated() {
                guard let level = column.levels[layer] else { continue }
                LevelCell(layer: layer, level: level).draw(
                    at: (left + Double(number) * Self.columnWidth, edges[row]),
                    width: Self.columnWidth - 4, height: Self.rowHeight - 2, mark: 9, isNarrow: false,
                    on: &canvas)
            }
        }
    }
}
