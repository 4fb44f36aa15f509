extension Matrix {
    /// Calls `body` for every row, rows shared out among the threads; each call may write to its own row.
    public mutating func forEachRow(
        pool: ThreadPool,
        _ body: @Sendable (_ row: Int, _ elements: UnsafeMutableBufferPointer<Float>) -> Void
    ) {
        let (rows, columns) = (rows, columns)
        elements.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let shared = SharedBuffer(address: base)
            pool.run { worker in
                for row in pool.share(of: rows, worker: worker) {
                    body(row, .init(start: shared.address + row * columns, count: columns))
                }
            }
        }
    }

    /// The sum of each column over all rows, added to `sums` [columns].
    public func addColumnSums(to sums: inout [Float]) {
        precondition(sums.count == columns)
        elements.withUnsafeBufferPointer { source in
            sums.withUnsafeMutableBufferPointer { sums in
                for row in 0..<rows {
                    let line = row * columns
                    for column in 0..<columns { sums[column] += source[line + column] }
                }
            }
        }
    }

    /// The same of the element-wise product with another matrix of the same shape.
    public func addColumnSums(weightedBy weights: Matrix, to sums: inout [Float]) {
        precondition(sums.count == columns && weights.rows == rows && weights.columns == columns)
        elements.withUnsafeBufferPointer { source in
            weights.elements.withUnsafeBufferPointer { weights in
                sums.withUnsafeMutableBufferPointer { sums in
                    for row in 0..<rows {
                        let line = row * columns
                        for column in 0..<columns {
                            sums[column] += source[line + column] * weights[line + column]
                        }
                    }
                }
            }
        }
    }

    /// Adds another matrix of the same shape.
    public mutating func add(_ other: Matrix) {
        precondition(rows == other.rows && columns == other.columns)
        elements.withUnsafeMutableBufferPointer { target in
            other.elements.withUnsafeBufferPointer { source in
                for index in target.indices { target[index] += source[index] }
            }
        }
    }

    /// Every element times a number.
    public func scaled(by factor: Float) -> Matrix {
        var result = self
        result.elements.withUnsafeMutableBufferPointer { elements in
            for index in elements.indices { elements[index] *= factor }
        }
        return result
    }

    /// The column of the highest element of each row, the first of equal ones.
    public var highestColumns: [Int] {
        (0..<rows).map { row in
            let values = self.row(row)
            return (values.indices.max { values[$0] < values[$1] } ?? values.startIndex) - values.startIndex
        }
    }
}
