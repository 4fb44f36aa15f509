import Tensors

/// What is left of a layer's weight, and which of its rows and columns that are.
public struct PrunedWeight: Sendable, Equatable {
    /// The weight [rows × columns] that is left.
    public let matrix: Matrix
    /// Which rows of the whole layer they are, ascending; nil for all of them.
    public let rows: [Int]?
    /// Which columns, likewise.
    public let columns: [Int]?

    /// Takes a weight and where it stood.
    public init(_ matrix: Matrix, rows: [Int]? = nil, columns: [Int]? = nil) {
        precondition((rows?.count ?? matrix.rows) == matrix.rows)
        precondition((columns?.count ?? matrix.columns) == matrix.columns)
        self.matrix = matrix
        self.rows = rows
        self.columns = columns
    }

    /// Whether it can stand in a layer of such a shape.
    public func isPart(ofRows wholeRows: Int, columns wholeColumns: Int) -> Bool {
        rows.map { $0.allSatisfy((0..<wholeRows).contains) } ?? (matrix.rows == wholeRows)
            && columns.map { $0.allSatisfy((0..<wholeColumns).contains) } ?? (matrix.columns == wholeColumns)
    }

    /// The part of a bias that belongs to the rows.
    public func bias(of whole: [Float]) -> [Float] {
        rows.map { rows in rows.map { whole[$0] } } ?? whole
    }

    /// The whole weight with this where it stood: other rows as they are in `whole`, other columns zero.
    ///
    /// Rows that are gone lead to columns that are gone from the next layer, so that what they hold is of no effect.
    public func expanded(in whole: Matrix) -> Matrix {
        guard rows != nil || columns != nil else { return matrix }
        var result = columns == nil ? whole : Matrix(rows: whole.rows, columns: whole.columns)
        for row in 0..<matrix.rows {
            for column in 0..<matrix.columns {
                result[rows?[row] ?? row, columns?[column] ?? column] = matrix[row, column]
            }
        }
        return result
    }
}
