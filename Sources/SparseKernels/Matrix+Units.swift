import Levels
import Tensors

extension Matrix {
    /// How many units there are, the shorter ones at the edges included, and how many have a weight that is
    /// not zero.
    func units(_ unit: UnitShape) -> (all: Int, kept: Int) {
        if unit == .single { return (elements.count, elements.count - zeroCount) }
        var (all, kept) = (0, 0)
        elements.withUnsafeBufferPointer { elements in
            for firstRow in stride(from: 0, to: rows, by: unit.rows) {
                let rows = firstRow..<min(firstRow + unit.rows, rows)
                for firstColumn in stride(from: 0, to: columns, by: unit.columns) {
                    let own = firstColumn..<min(firstColumn + unit.columns, columns)
                    all += 1
                    if rows.contains(where: { row in own.contains { elements[row * columns + $0] != 0 } }) {
                        kept += 1
                    }
                }
            }
        }
        return (all, kept)
    }
}
