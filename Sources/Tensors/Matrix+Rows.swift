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

    /// The same with columns shared out among the threads; no sum is split.
    public func addColumnSums(to sums: inout [Float], pool: ThreadPool) {
        precondition(sums.count == columns)
        Self.forEachColumns(of: &sums, pool: pool) { columns, sums in
            elements.withUnsafeBufferPointer { source in
                for row in 0..<rows {
                    let line = UnsafeBufferPointer(
                        rebasing: source[row * self.columns..<(row + 1) * self.columns])
                    for column in columns { sums[column] += line[column] }
                }
            }
        }
    }

    /// The same of the element-wise product with another matrix of the same shape.
    public func addColumnSums(weightedBy weights: Matrix, to sums: inout [Float], pool: ThreadPool) {
        precondition(sums.count == columns && weights.rows == rows && weights.columns == columns)
        Self.forEachColumns(of: &sums, pool: pool) { columns, sums in
            elements.withUnsafeBufferPointer { source in
                weights.elements.withUnsafeBufferPointer { weights in
                    for row in 0..<rows {
                        let range = row * self.columns..<(row + 1) * self.columns
                        let line = UnsafeBufferPointer(rebasing: source[range])
                        let weight = UnsafeBufferPointer(rebasing: weights[range])
                        for column in columns { sums[column] += line[column] * weight[column] }
                    }
                }
            }
        }
    }

    /// Calls `body` on every worker with its columns and the sums of all.
    private static func forEachColumns(
        of sums: inout [Float], pool: ThreadPool,
        _ body: @Sendable (_ columns: Range<Int>, _ sums: UnsafeMutablePointer<Float>) -> Void
    ) {
        let count = sums.count
        sums.withUnsafeMutableBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return }
            let shared = SharedBuffer(address: base)
            pool.run { worker in body(pool.share(of: count, worker: worker), shared.address) }
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

    /// The same, elements shared out among the threads.
    public mutating func add(_ other: Matrix, pool: ThreadPool) {
        precondition(rows == other.rows && columns == other.columns)
        pool.forEachPart(of: &elements) { first, part in
            other.elements.withUnsafeBufferPointer { source in
                let source = UnsafeBufferPointer(rebasing: source[first..<first + part.count])
                for index in part.indices { part[index] += source[index] }
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

    /// Every row divided by its length; one of length 0 stays.
    public var normalizingRows: Matrix {
        var result = self
        for row in 0..<rows {
            let squares = self.row(row).reduce(0.0) { $0 + Double($1) * Double($1) }
            let scale = Float(1 / max(squares.squareRoot(), 1e-12))
            for column in 0..<columns { result[row, column] *= scale }
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
