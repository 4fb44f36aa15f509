import Levels
import SparseKernels

/// A layer's cell in the map of a policy: the pattern and the precision by color, hatch and name, the
/// sparsity by shade and number.
struct LevelCell {
    let layer: String
    let level: Level

    /// Draws it; where it is narrow, in two lines.
    ///
    /// - Parameter mark: width of the hatched edge.
    func draw(
        at corner: SVGCanvas.Point, width: Double, height: Double, mark: Double, isNarrow: Bool,
        on canvas: inout SVGCanvas
    ) {
        let (glyph, sparsity) = (LevelFormats.standard.glyph(level), level.sparsity)
        canvas.color(glyph.color) { canvas in
            canvas.rectangle(
                corner, width: width, height: height, "cell", fill: 0.1 + 0.5 * sparsity,
                title: "\(layer): \(level)")
            canvas.rectangle(corner, width: mark, height: height, "hatch-\(glyph.slug)")
        }
        let (middle, center) = (corner.x + (width + mark) / 2, corner.y + height / 2)
        let code = level.isNarrow ? "\(glyph.code) w\(Figures.percent(level.width))" : glyph.code
        guard level.pattern.unit != nil else {
            return canvas.text(code, at: (middle, center + 4), "cell-small", anchor: .middle)
        }
        let percent = Figures.percent(sparsity)
        if isNarrow {
            canvas.text(percent, at: (middle, corner.y + 14), "cell-text", anchor: .middle)
            canvas.text(code, at: (middle, corner.y + 27), "cell-small", anchor: .middle)
        } else {
            canvas.text(
                "\(code) \(percent)", at: (middle, center + 4.5), "cell-text", anchor: .middle)
        }
    }

    /// How the kinds of some levels are shown, dense first and then as they first come.
    static func glyphs(of levels: [Level]) -> [LevelGlyph] {
        let whole = levels.map { $0.with(width: 1) }
        let ordered = whole.filter(\.keepsAll) + whole.filter { !$0.keepsAll }
        return ordered.map(LevelFormats.standard.glyph).reduce(into: []) {
            if !$0.contains($1) { $0.append($1) }
        }
    }

    /// Draws how a kind is shown, 22 wide and 14 high.
    static func drawSwatch(
        of glyph: LevelGlyph, at corner: SVGCanvas.Point, on canvas: inout SVGCanvas
    ) {
        canvas.rectangle(
            corner, width: 22, height: 14, "cell", fill: glyph.hatch == .plain ? 0.1 : 0.45)
        canvas.rectangle(corner, width: 8, height: 14, "hatch-\(glyph.slug)")
    }
}
