import Tensors

/// Scores of the units that are kept or dropped together: single weights, or groups of consecutive rows
/// in one column, whose score is the root of the sum of squares.
///
/// With column norms, |w_ij|·‖x_j‖₂, compared within each row of units (Wanda); without, |w_ij|, compared
/// over the whole layer (magnitude).
struct UnitScores {
    private let unitRows: Int
    private let unitCount: Int
    private let columns: Int
    private var squares: [Float]
    private let perRow: Bool

    init(weight: Matrix, columnNorms: [Float]?, unitRows: Int) {
        self.unitRows = unitRows
        columns = weight.columns
        unitCount = (weight.rows + unitRows - 1) / unitRows
        perRow = columnNorms != nil
        squares = [Float](repeating: 0, count: unitCount * weight.columns)
        for row in 0..<weight.rows {
            let first = row / unitRows * columns
            for column in 0..<columns {
                let score = weight[row, column] * (columnNorms?[column] ?? 1)
                squares[first + column] += score * score
            }
        }
    }

    mutating func zeroLowest(of weight: Matrix, sparsity: Double) -> Matrix {
        var result = weight
        let rows = weight.rows
        func zero(_ unit: Int) {
            let first = unit / columns * unitRows
            for row in first..<min(first + unitRows, rows) { result[row, unit % columns] = 0 }
        }
        if perRow {
            // Rounding is carried from row to row, so that the layer as a whole has the sparsity asked for.
            var dropped = 0
            for row in 0..<unitCount {
                let target = Int((Double((row + 1) * columns) * sparsity).rounded())
                let units = Array(row * columns..<(row + 1) * columns)
                for unit in lowest(target - dropped, of: units) { zero(unit) }
                dropped = target
            }
        } else {
            let target = Int((Double(squares.count) * sparsity).rounded())
            for unit in lowest(target, of: Array(squares.indices)) { zero(unit) }
        }
        return result
    }

    private func lowest(_ count: Int, of units: [Int]) -> ArraySlice<Int> {
        units.sorted { (squares[$0], $0) < (squares[$1], $1) }.prefix(count)
    }
}
