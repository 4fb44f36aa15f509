/// How pictures and tables show a kind of level.
public struct LevelGlyph: Sendable, Hashable {
    /// Marks that tell kinds apart without color.
    public enum Hatch: Sendable, Hashable {
        case plain
        /// Single points.
        case points
        /// Bars, `width` wide at a distance of `period`.
        case bars(width: Double, period: Double)
        /// Squares, `side` wide, two in a period.
        case squares(side: Double)
        /// Slanted strokes.
        case strokes
    }

    /// What a cell of a map calls it: `4×1`.
    public let code: String
    /// What a legend says: `4×1: four rows share each kept column`.
    public let legend: String
    /// The number of its color, from 1 to 8.
    public let color: Int
    /// Its marks.
    public let hatch: Hatch

    /// Describes a kind of level.
    public init(code: String, legend: String, color: Int, hatch: Hatch) {
        self.code = code
        self.legend = legend
        self.color = color
        self.hatch = hatch
    }
}
