/// The shape of what is kept or dropped together: consecutive output rows × consecutive input columns.
public struct UnitShape: Hashable, Sendable, CustomStringConvertible {
    /// Consecutive output rows.
    public let rows: Int
    /// Consecutive input columns.
    public let columns: Int

    /// Names a shape.
    public init(rows: Int, columns: Int) {
        precondition(rows >= 1 && columns >= 1)
        self.rows = rows
        self.columns = columns
    }

    /// One weight.
    public static let single = UnitShape(rows: 1, columns: 1)

    /// `4x1`
    public var description: String { "\(rows)x\(columns)" }

    /// Number of weights.
    public var count: Int { rows * columns }
}
