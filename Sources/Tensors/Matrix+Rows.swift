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
}
