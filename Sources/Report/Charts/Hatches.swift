import Levels

/// The marks of level kinds that a page draws: `<pattern>` elements, and a class that fills with each.
struct Hatches {
    private let glyphs: [LevelGlyph]

    /// Takes the kinds in use; each counts once.
    init(_ glyphs: [LevelGlyph]) {
        self.glyphs = glyphs.reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// `<pattern>` elements in the color of their series, and that of bars, once for a page.
    var definitions: String {
        Self.definition(
            "bar", color: 8, size: 5, "<path d=\"M0 5L5 0\" stroke=\"currentColor\" stroke-opacity=\"0.6\"/>")
            + glyphs.map { glyph in
                let (size, marks) = glyph.hatch.marks
                return Self.definition(glyph.slug, color: glyph.color, size: size, marks)
            }.joined()
    }

    /// The classes.
    var rules: String {
        glyphs.map { ".hatch-\($0.slug){fill:url(#hatch-\($0.slug))}" }.joined()
    }

    private static func definition(_ name: String, color: Int, size: Double, _ marks: String) -> String {
        let side = SVGCanvas.number(size)
        return "<pattern id=\"hatch-\(name)\" class=\"c\(color)\" width=\"\(side)\" height=\"\(side)\" "
            + "patternUnits=\"userSpaceOnUse\" fill=\"currentColor\">\(marks)</pattern>"
    }
}

extension LevelGlyph {
    /// A name that classes and elements may have.
    var slug: String {
        let plain = code.replacing("×", with: "x").replacing(":", with: "of")
        return String(plain.map { $0.isASCII && ($0.isLetter || $0.isNumber) ? $0 : "-" })
    }
}

extension LevelGlyph.Hatch {
    /// The side of the square that repeats, and what is drawn in it.
    fileprivate var marks: (size: Double, svg: String) {
        func square(_ corner: Double, _ side: Double) -> String {
            let (place, width) = (SVGCanvas.number(corner), SVGCanvas.number(side))
            return "<rect x=\"\(place)\" y=\"\(place)\" width=\"\(width)\" height=\"\(width)\"/>"
        }
        switch self {
        case .plain: return (8, "")
        case .points:
            return (4, "<circle cx=\"1\" cy=\"1\" r=\"0.9\"/><circle cx=\"3\" cy=\"3\" r=\"0.9\"/>")
        case .bars(let width, let period):
            let (wide, high) = (SVGCanvas.number(width), SVGCanvas.number(period))
            return (period, "<rect width=\"\(wide)\" height=\"\(high)\"/>")
        case .squares(let side): return (2 * side, square(0, side) + square(side, side))
        case .strokes:
            return (4, "<path d=\"M0 4L4 0\" stroke=\"currentColor\" stroke-width=\"1.2\"/>")
        }
    }
}
