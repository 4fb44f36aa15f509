extension Matrix {
    /// A copy of some rows and columns.
    public func block(_ rows: Range<Int>, _ columns: Range<Int>) -> Matrix {
        precondition(rows.upperBound <= self.rows && columns.upperBound <= self.columns)
        var result = Matrix(rows: rows.count, columns: columns.count)
        let stride = self.columns
        elements.withUnsafeBufferPointer { source in
            result.elements.withUnsafeMutableBufferPointer { target in
                var next = 0
                for row in rows {
                    for column in columns {
                        target[next] = source[row * stride + column]
                        next += 1
                    }
                }
            }
        }
        return result
    }

    /// Replaces the block whose first element is at a row and a column.
    public mutating func replaceBlock(row: Int, column: Int, with block: Matrix) {
        precondition(row + block.rows <= rows && column + block.columns <= columns)
        let stride = columns
        elements.withUnsafeMutableBufferPointer { target in
            block.elements.withUnsafeBufferPointer { source in
                var next = 0
                for line in row..<row + block.rows {
                    for place in line * stride + column..<line * stride + column + block.columns {
                        target[place] = source[next]
                        next += 1
                    }
                }
            }
        }
    }

    /// A copy of some rows, in the order given.
    public func keepingRows(_ kept: [Int]) -> Matrix {
        Matrix(rows: kept.count, columns: columns, elements: kept.flatMap { row($0) })
    }

    /// A copy of some columns, in the order given.
    public func keepingColumns(_ kept: [Int]) -> Matrix {
        var result = Matrix(rows: rows, columns: kept.count)
        for row in 0..<rows {
            for (place, column) in kept.enumerated() { result[row, place] = self[row, column] }
        }
        return result
    }
}
