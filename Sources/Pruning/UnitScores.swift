import Tensors

/// Scores of the units that are kept or dropped together: the root of the sum of squares of a unit's weights.
///
/// With column norms, |w_ij|·‖x_j‖₂, compared within each row of units (Wanda); without, |w_ij|, compared
/// over the whole layer (magnitude).
struct UnitScores {
    private let units: PrunedUnits
    private let rows: Int
    private let columns: Int
    private var squares: [Float]
    private let perRow: Bool

    init(weight: Matrix, columnNorms: [Float]?, units: PrunedUnits) {
        self.units = units
        rows = units.unitRows(of: weight.rows)
        columns = units.unitColumns(of: weight.columns)
        perRow = columnNorms != nil
        squares = [Float](repeating: 0, count: rows * columns)
        for row in 0..<weight.rows {
            let first = row / units.shape.rows * columns
            for column in 0..<weight.columns {
                let score = weight[row, column] * (columnNorms?[column] ?? 1)
                squares[first + column / units.shape.columns] += score * score
            }
        }
    }

    func zeroLowest(of weight: Matrix) -> Matrix {
        var result = weight
        let shape = units.shape
        for unit in dropped {
            let (row, column) = (unit / columns * shape.rows, unit % columns * shape.columns)
            for r in row..<min(row + shape.rows, weight.rows) {
                for c in column..<min(column + shape.columns, weight.columns) { result[r, c] = 0 }
            }
        }
        return result
    }

    private var dropped: [Int] {
        if units.kept != nil { return units.droppedOfRuns(squares, columns: columns) }
        guard perRow else {
            let target = Int((Double(squares.count) * units.sparsity).rounded())
            return Array(PrunedUnits.lowest(target, of: Array(squares.indices), squares))
        }
        // Rounding is carried from row to row, so that the layer as a whole has the sparsity asked for.
        var before = 0
        return (0..<rows).flatMap { row in
            let target = Int((Double((row + 1) * columns) * units.sparsity).rounded())
            defer { before = target }
            return PrunedUnits.lowest(
                target - before, of: Array(row * columns..<(row + 1) * columns), squares)
        }
    }
}
